from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db.models import Sum

from catalog.exchange.load import load
from catalog.exchange.models import PictureToFetch
from catalog.exchange.write import export
from catalog.index_models import Listing
from catalog.models import Category, Option, Product, StockMovement, Variant
from catalog.stock import adjust
from tests import factories, shelf
from tests.catalog.product_files import LINE, imported, outcomes, reasons, written

pytestmark = pytest.mark.django_db

SIZES = [
    LINE | {"Option1 Name": "Size", "Option1 Value": "Small", "Variant Inventory Qty": "3"},
    {"Handle": "pot", "Option1 Value": "Large", "Variant Price": "12.50", "Variant Inventory Qty": "5"},
]


@pytest.fixture
def shopify_files() -> list[Path]:
    """The two real files. The test is skipped where they are not there; never in CI."""
    files = sorted((Path(django_settings.BASE_DIR).parent / "shared" / "data").glob("shopify-*.csv"))
    if not files:
        assert not os.environ.get("CI"), "the product files are missing in CI"
        pytest.skip("the product files are not here")
    return files


def test_it_brings_the_real_files_into_the_shop_and_sells_from_them(shopify_files, client):
    for file in shopify_files:
        assert outcomes(file.read_bytes(), dry=True) == {"new": 20}
    assert not Product.objects.exists()
    for file in shopify_files:
        assert outcomes(file.read_bytes()) == {"new": 20}
        assert outcomes(file.read_bytes()) == {"unchanged": 20}
    assert (Product.objects.count(), Variant.objects.count(), PictureToFetch.objects.count()) == (40, 44, 62)
    assert outcomes("".join(text for text, _count in export()).encode()) == {"unchanged": 40}
    variant = next(
        one for one in Variant.objects.filter(product__slug="chain-bracelet") if one.option_values == {"Color": "Blue"}
    )
    assert (variant.sku, variant.price_minor, variant.compare_at_minor, variant.stock_on_hand) == (
        "chain-bracelet-blue", 4299, 4499, 1,
    )  # fmt: skip
    client.post("/cart/add/", {"variant": variant.pk, "quantity": 1})
    assert "7 Shakra Bracelet" in client.get("/cart/").content.decode()
    shelf.reserve(variant.pk, 1)
    shelf.sell(variant.pk, 1)
    variant.refresh_from_db()
    assert variant.stock_on_hand == 0
    assert outcomes("".join(text for text, _count in export()).encode()) == {"unchanged": 40}


def test_it_takes_over_what_the_lines_say():
    line = LINE | {
        "Body (HTML)": "<p>Fired</p>", "Vendor": "Acme", "Type": "Outdoor", "Tags": "a, b", "SEO Title": "Pots",
        "Variant Grams": "750", "Variant Barcode": "'0042", "Variant Requires Shipping": "FALSE", "Variant SKU": "POT-1",
        "Variant Compare At Price": "12", "Variant Inventory Qty": "4",
    }  # fmt: skip
    assert outcomes(written(line)) == {"new": 1}
    product = Product.objects.get()
    assert (product.slug, product.title, product.description, product.vendor) == ("pot", "Clay Pot", "<p>Fired</p>", "Acme")
    assert (product.tags, product.seo_title, product.requires_shipping, product.is_published) == ("a, b", "Pots", False, True)
    assert [category.name for category in product.categories.all()] == ["Outdoor"]
    variant = product.variants.get()
    assert (variant.sku, variant.price_minor, variant.compare_at_minor, variant.grams) == ("POT-1", 999, 1200, 750)
    assert (variant.barcode, variant.stock_on_hand, variant.option_values, variant.currency) == ("0042", 4, {}, "EUR")


def test_it_makes_variants_and_options_of_the_lines_of_a_handle():
    assert outcomes(written(*SIZES)) == {"new": 1}
    found = {one.sku: (one.option_values, one.price_minor, one.stock_on_hand) for one in Variant.objects.all()}
    assert found == {"pot-small": ({"Size": "Small"}, 999, 3), "pot-large": ({"Size": "Large"}, 1250, 5)}
    assert list(Option.objects.values_list("name", flat=True)) == ["Size"]


def test_it_tells_what_changes_and_changes_only_that():
    imported(written(*SIZES))
    before = Product.objects.get().updated_at
    data = written(SIZES[0] | {"Title": "Pot"}, SIZES[1] | {"Variant Price": "11"})
    done = imported(data, dry=True)[0]
    assert (done.outcome, done.details) == ("changed", ["Title Clay Pot → Pot", "Large: Variant Price €12.50 → €11.00"])
    assert Product.objects.get().title == "Clay Pot"
    assert imported(data)[0].details == done.details
    assert Product.objects.get().title == "Pot"
    assert Product.objects.get().updated_at > before
    assert sorted(Variant.objects.values_list("price_minor", flat=True)) == [999, 1100]
    assert outcomes(data) == {"unchanged": 1}


def test_it_leaves_alone_what_the_file_has_no_column_for():
    imported(written(LINE | {"Vendor": "Acme", "Variant Inventory Qty": "7", "Variant Compare At Price": "20"}))
    assert outcomes(written({"Handle": "pot", "Tags": "new"})) == {"changed": 1}
    product, variant = Product.objects.get(), Variant.objects.get()
    assert (product.title, product.vendor, product.tags, product.is_published) == ("Clay Pot", "Acme", "new", True)
    assert (variant.price_minor, variant.compare_at_minor, variant.stock_on_hand) == (999, 2000, 7)


@pytest.mark.parametrize(
    ("price", "minor"), [("0", 0), ("9.99", 999), ("9.9", 990), ("12", 1200), (" 5.00 ", 500), ("999999.99", 99_999_999)]
)
def test_it_reads_prices_exactly(price, minor):
    imported(written(LINE | {"Variant Price": price}))
    assert Variant.objects.get().price_minor == minor


@pytest.mark.parametrize("price", ["1,299.00", "9.999", "-1", "€9.99", "USD 9", "1e3", "9,99", "NaN", "1000000", "٣"])
def test_it_refuses_what_is_no_price_and_says_where(price):
    data = written(LINE, LINE | {"Handle": "pan", "Variant Price": price}, LINE | {"Handle": "lid"})
    assert [reason.startswith("line 3, Variant Price: ") for reason in reasons(data)] == [True]
    assert set(Product.objects.values_list("slug", flat=True)) == {"pot", "lid"}


def test_it_reads_prices_of_a_currency_without_cents(settings):
    settings.SHOP_CURRENCY = "JPY"
    assert len(reasons(written(LINE))) == 1
    imported(written(LINE | {"Variant Price": "1200"}))
    assert Variant.objects.get().price.minor == 1200


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"Handle": "pots & pans"}, "Handle: Up to 255"),
        ({"Title": " "}, "Title: This cell is empty"),
        ({"Title": "x" * 201}, "Title: 201 characters; at most 200"),
        ({"Variant Price": ""}, "Variant Price: "),
        ({"Variant SKU": "a b"}, "Variant SKU: Letters"),
        ({"Published": "perhaps"}, "Published: “perhaps” is neither"),
        ({"Variant Inventory Qty": "-1"}, "Variant Inventory Qty: Negative"),
        ({"Variant Inventory Qty": "2147483648"}, "Variant Inventory Qty: 2147483648 is too many"),
        ({"Variant Inventory Qty": "many"}, "no whole number"),
        ({"Variant Grams": "-1.5"}, "no whole number"),
        ({"Variant Grams": "1.5.5"}, "no whole number"),
        ({"Variant Grams": "2147483647.5"}, "too many"),
        ({"Variant Inventory Policy": "maybe"}, "none of deny, continue"),
        ({"Option1 Name": "", "Option1 Value": "Blue"}, "Option1 Value: The first line"),
        ({"Option1 Name": "A", "Option1 Value": "1", "Option2 Name": "A", "Option2 Value": "2"}, "Option2 Name: “A” names"),
        ({"Image Src": "https://cdn.example/a.jpg", "Image Position": "0"}, "counted from 1"),
    ],
)
def test_it_refuses_a_cell_with_its_column_and_what_to_do(cells, says):
    found = reasons(written(LINE | cells))
    assert len(found) == 1
    assert says in found[0]
    assert not Product.objects.exists()


def test_it_refuses_a_product_whole_when_one_of_its_lines_is_wrong():
    assert reasons(written(SIZES[0], SIZES[1] | {"Variant Price": "x"}))
    assert not Product.objects.exists()
    assert not Variant.objects.exists()


def test_it_refuses_the_second_of_two_equal_skus_and_that_of_another_product():
    factories.variant(sku="TAKEN")
    same = [LINE | {"Handle": handle, "Variant SKU": "POT-1"} for handle in ("pot", "pan")]
    found = reasons(written(*same, LINE | {"Handle": "lid", "Variant SKU": "TAKEN"}))
    assert found == [
        "line 3, Variant SKU: “POT-1” is on line 2 too.",
        "line 4, Variant SKU: “TAKEN” belongs to another product.",
    ]


def test_it_refuses_the_same_choice_twice():
    found = reasons(written(SIZES[0], SIZES[1] | {"Option1 Value": "Small"}))
    assert found == ["line 3, Option1 Value: Line 2 is the same choice: Small."]


def test_it_refuses_to_give_two_variants_one_choice():
    """A shopper could not tell them apart, and the other admin pages refuse it too."""
    small, large = [line | {"Variant SKU": sku} for line, sku in zip(SIZES, ("A", "B"), strict=True)]
    imported(written(small, large))
    twin = "Option1 Value: “A” is the same choice: Small."
    assert reasons(written(small, large | {"Option1 Value": "Small"})) == [f"line 3, {twin}"]
    named = {"Title": "Clay Pot", "Option1 Name": "Size"}
    assert reasons(written(large | named | {"Option1 Value": "Small"})) == [f"line 2, {twin}"]
    middle = [small | {"Option1 Value": "Middle"}, large, large | {"Variant SKU": "C", "Option1 Value": "Middle"}]
    assert reasons(written(*middle)) == ["line 4, Option1 Value: “A” is the same choice: Middle."]
    swapped = [small | {"Option1 Value": "Large"}, large | {"Option1 Value": "Small"}]
    assert outcomes(written(*swapped)) == {"changed": 1}


def test_it_books_units_as_an_import_and_keeps_what_is_promised(stocked):
    line = {"Handle": stocked.product.slug, "Variant SKU": stocked.sku, "Variant Inventory Qty": "2"}
    assert outcomes(written(line)) == {"changed": 1}
    stocked.refresh_from_db()
    assert (stocked.stock_on_hand, stocked.stock_reserved) == (2, 2)
    movement = StockMovement.objects.get(kind="import")
    assert (movement.delta, movement.by) == (-3, "test")
    assert "fewer than the 2 promised" in reasons(written(line | {"Variant Inventory Qty": "1"}))[0]
    assert StockMovement.objects.aggregate(sum=Sum("delta"))["sum"] == 2


@pytest.mark.parametrize(
    ("cells", "counted"),
    [
        ({"Variant Inventory Tracker": "shopify", "Variant Inventory Policy": "deny"}, True),
        ({"Variant Inventory Tracker": "shopify", "Variant Inventory Policy": "continue"}, False),
        ({"Variant Inventory Tracker": "", "Variant Inventory Qty": "1"}, True),
        ({"Variant Inventory Tracker": "", "Variant Inventory Qty": ""}, False),
        ({}, True),
    ],
)
def test_it_counts_stock_unless_the_file_sells_without_end(cells, counted):
    imported(written(LINE | cells))
    assert Variant.objects.get().stock_tracked is counted


def test_it_moves_a_product_to_the_category_of_its_new_type_and_keeps_the_others():
    sale = factories.category(name="Sale")
    imported(written(LINE | {"Type": "Pots"}))
    Product.objects.get().categories.add(sale)
    assert outcomes(written(LINE | {"Type": "Vases"})) == {"changed": 1}
    assert sorted(each.name for each in Product.objects.get().categories.all()) == ["Sale", "Vases"]
    assert outcomes(written(LINE | {"Type": "Vases"})) == {"unchanged": 1}


def test_it_does_not_mind_how_many_are_missing_of_what_is_not_counted():
    assert outcomes(written(LINE | {"Variant Inventory Qty": "-3", "Variant Inventory Policy": "continue"})) == {"new": 1}
    assert (Variant.objects.get().stock_tracked, Variant.objects.get().stock_on_hand) == (False, 0)


def test_it_takes_no_blanks_for_the_name_of_a_category():
    pots = factories.category(name="Pots")
    imported(written(LINE | {"Type": " Pots "}, LINE | {"Handle": "pan", "Type": "  "}))
    assert [list(product.categories.all()) for product in Product.objects.order_by("id")] == [[pots], []]


@pytest.mark.parametrize(("typed", "grams"), [("750", 750), ("453.59237", 454), ("0.4", 0), ("12.", 12), ("1.50", 2)])
def test_it_rounds_a_weight_to_grams(typed, grams):
    imported(written(LINE | {"Variant Grams": typed}))
    assert Variant.objects.get().grams == grams


@pytest.mark.parametrize("name", ["花盆", "Pots & Pans", "pots-2"])
def test_it_finds_an_address_for_any_category(name):
    factories.category(name="Other", slug="pots-2")
    imported(written(LINE | {"Type": name}))
    assert Category.objects.get(name=name).path


def test_it_makes_skus_that_differ_for_any_letters():
    lines = [SIZES[0] | {"Option1 Value": "红"}, SIZES[1] | {"Option1 Value": "蓝"}]
    assert outcomes(written(*lines)) == {"new": 1}
    assert len(set(Variant.objects.values_list("sku", flat=True))) == 2
    assert outcomes(written(*lines)) == {"unchanged": 1}


def test_it_gives_a_made_sku_another_form_when_its_name_is_taken():
    factories.variant(sku="pot")
    assert outcomes(written(LINE)) == {"new": 1}
    assert Variant.objects.get(product__slug="pot").sku.startswith("pot-")


def test_it_adds_a_variant_to_a_product_that_is_there():
    imported(written(SIZES[0]))
    assert imported(written(*SIZES))[0].details == ["Large: new variant – → €12.50"]
    assert sorted(Variant.objects.values_list("position", flat=True)) == [0, 1]


def test_it_renames_an_option_of_variants_that_it_knows_by_their_sku():
    lines = [SIZES[0] | {"Variant SKU": "A"}, SIZES[1] | {"Variant SKU": "B"}]
    imported(written(*lines))
    renamed = written(lines[0] | {"Option1 Name": "Height"}, lines[1])
    assert outcomes(renamed) == {"changed": 1}
    assert [option.name for option in Option.objects.all()] == ["Height"]
    assert [one.option_values for one in Variant.objects.order_by("sku")] == [{"Height": "Small"}, {"Height": "Large"}]
    assert outcomes(renamed) == {"unchanged": 1}


def test_it_decides_the_same_for_the_rest_of_a_file_as_for_the_whole():
    lines = [LINE | {"Variant SKU": "X", "Variant Price": "-1"}, LINE | {"Handle": "pan", "Variant SKU": "X"}]

    def decided(skip):
        return [
            done.outcome for batch in load(lambda: io.BytesIO(written(*lines)), write_it=False, skip=skip) for done in batch
        ]

    assert decided(skip=0)[1:] == decided(skip=1) == ["new"]


def test_it_writes_the_rest_of_a_batch_when_one_product_cannot_be_written(monkeypatch):
    """Somebody takes a handle between the look and the write: made so by a lock that does not see that product."""
    import catalog.exchange.load as module

    factories.product(slug="pan")
    look_up = module.look_up

    def blind(records, *, lock):
        shelf = look_up(records, lock=lock)
        shelf.products.pop("pan", None)
        return shelf

    monkeypatch.setattr(module, "look_up", blind)
    found = reasons(written(*[LINE | {"Handle": handle} for handle in ("pot", "pan", "lid")]))
    assert len(found) == 1
    assert "Somebody else wrote" in found[0]
    assert set(Product.objects.values_list("slug", flat=True)) == {"pot", "pan", "lid"}


def command(tmp_path: Path, data: bytes, *flags: str) -> tuple[str, int]:
    file, out = tmp_path / "products.csv", io.StringIO()
    file.write_bytes(data)
    try:
        call_command("import_products", str(file), *flags, stdout=out, stderr=io.StringIO())
    except SystemExit as end:
        return out.getvalue(), int(str(end.code))
    return out.getvalue(), 0


def test_it_says_on_the_command_line_what_would_happen(tmp_path):
    out, code = command(
        tmp_path, written(LINE, LINE | {"Handle": "pan", "Variant Price": "x"}, LINE | {"Cost": "1"}), "--dry-run"
    )
    assert code == 1
    assert "+ pot" in out
    assert "! pan" in out
    assert "line 3, Variant Price" in out
    assert "1 new, 0 changed, 0 unchanged, 2 refused: nothing changed" in out
    assert "Ignored columns: Cost" in out
    assert not Product.objects.exists()


def test_it_speaks_json(tmp_path):
    out, code = command(tmp_path, written(LINE), "--json")
    lines: list[Any] = [json.loads(line) for line in out.splitlines()]
    assert (code, lines[0]["handle"], lines[0]["outcome"]) == (0, "pot", "new")
    assert (lines[-1]["new"], lines[-1]["lines"]) == (1, 1)


def test_it_tells_every_warning_and_only_counts_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr("catalog.management.commands.import_products.MOST_TOLD", 1)
    lines = [LINE | {"Handle": f"pot-{number}", "Image Src": "photo.jpg" if number == 2 else ""} for number in range(4)]
    out, code = command(tmp_path, written(*lines))
    assert code == 0
    assert "+ pot-0" in out
    assert "+ pot-2  Clay Pot\n    line 4, Image Src: “photo.jpg” is no address" in out
    assert "and 2 more new" in out
    out, _code = command(tmp_path, written(*lines))
    assert "= pot-2" in out


def test_it_changes_nothing_when_the_file_breaks_off_late(tmp_path):
    lines = [LINE | {"Handle": f"pot-{number}"} for number in range(300)]
    with pytest.raises(CommandError, match="Line 302 is no CSV"):
        command(tmp_path, written(*lines) + b'pan,"Pan')
    assert not Product.objects.exists()


def test_it_says_that_a_file_is_not_there(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_products", str(tmp_path / "none.csv"))


def test_it_never_loses_a_sale_that_comes_between(stocked):
    """The count of the file is compared with what is there when it is written, not when it was looked at."""
    line = {"Handle": stocked.product.slug, "Variant SKU": stocked.sku, "Variant Inventory Qty": "9"}
    imported(written(line), dry=True)
    adjust(stocked.pk, -1, by="grace", reference="count")
    imported(written(line))
    stocked.refresh_from_db()
    assert stocked.stock_on_hand == 9 == StockMovement.objects.filter(variant=stocked).aggregate(sum=Sum("delta"))["sum"]


def test_it_shows_in_lists_what_it_brought_and_changed():
    imported(written(LINE))
    listed = Listing.objects.get()
    imported(written(LINE | {"Variant Price": "77.00"}))
    assert Listing.objects.get().pk == listed.pk
    assert Listing.objects.get().price_minor == 7700
