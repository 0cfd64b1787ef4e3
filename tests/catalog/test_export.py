from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from catalog.exchange.models import PictureToFetch
from catalog.exchange.write import export
from catalog.models import Option, Product, Variant
from tests import factories
from tests.catalog.product_files import LINE, imported, outcomes, written

pytestmark = pytest.mark.django_db


def exported() -> bytes:
    return "".join(text for text, _count in export()).encode()


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


# What a database and an admin form take: any letters but NUL and halves of pairs, formulas and quotes among them.
letters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
any_text = st.one_of(
    st.text(letters, max_size=30), st.sampled_from(["=1+1", "'=x", '"', 'a,"b"\r\nc', "\r", "-5", "花盆 🪴", "'", "@"])
)
filled = any_text.filter(lambda text: text.strip())
option_names = st.lists(st.text(letters, min_size=1, max_size=10), unique=True, max_size=4)


@st.composite
def products(draw: Any) -> dict[str, Any]:
    names = draw(option_names)
    choices = [st.sampled_from(["", "S", "=M", "大", "Default Title", " "]) for _name in names]
    return {
        "texts": {
            name: draw(any_text) for name in ("description", "vendor", "tags", "summary", "seo_title", "seo_description")
        },
        "title": draw(filled),
        "names": names,
        "variants": draw(st.lists(st.tuples(*choices), unique=True, max_size=3)),
        "price": draw(st.integers(0, 99_999_999)),
        "counted": draw(st.booleans()),
        "alt": draw(any_text),
    }


def stored(number: int, wanted: dict[str, Any]) -> None:
    product = factories.product(title=wanted["title"], slug=f"-thing-{number}", **wanted["texts"])
    for place, name in enumerate(wanted["names"]):
        Option.objects.create(product=product, name=name, position=place)
    for values in wanted["variants"]:
        chosen = {name: value for name, value in zip(wanted["names"], values, strict=True) if value}
        factories.variant(
            product=product, option_values=chosen, price_minor=wanted["price"], stock_tracked=wanted["counted"], on_hand=0
        )
    factories.picture(product=product, alt=wanted["alt"])


class RoundTrip(TestCase):
    @settings(max_examples=25)
    @given(st.lists(products(), min_size=1, max_size=3))
    @example(
        [
            {"texts": {"vendor": "'=x"}, "title": "T", "names": ["Title"], "variants": [("Default Title",)], "price": 1,
             "counted": True, "alt": ""},
        ]
    )  # fmt: skip
    def test_it_changes_nothing_when_it_is_imported_again(self, wanted: list[dict[str, Any]]) -> None:
        for number, one in enumerate(wanted):
            stored(number, one)
        data = exported()
        assert [(done.outcome, done.details) for done in imported(data)] == [("unchanged", [])] * len(wanted)
        assert exported() == data


def test_it_gives_another_shop_all_that_it_says():
    sizes = [
        LINE | {"Option1 Name": "Size", "Option1 Value": "Small", "Type": "Pots", "Image Src": "https://cdn.example/a.jpg"},
        {"Handle": "pot", "Option1 Value": "Large", "Variant Price": "12.50", "Variant Inventory Qty": "5"},
    ]
    imported(written(*sizes))
    before = exported()
    Product.objects.all().delete()
    assert outcomes(before) == {"new": 1}
    assert exported() == before


def test_it_writes_no_formulas():
    factories.variant(product=factories.product(title="=HYPERLINK(1)", vendor="@sum", summary="-1+1", description="\t=1"))
    cells = [cell for row in rows(exported()) for cell in row.values()]
    assert [cell for cell in cells if cell.startswith(tuple("=+-@\t\r"))] == []
    assert "'=HYPERLINK(1)" in cells


def test_it_writes_pictures_under_their_full_address(settings):
    settings.SITE_URL = "https://shop.example"
    variant = factories.variant()
    variant.image = factories.picture(product=variant.product, position=2)
    variant.save()
    PictureToFetch.objects.create(product=variant.product, url="https://cdn.example/b.jpg")
    here, to_come = rows(exported())
    assert here["Image Src"] == here["Variant Image"] == f"https://shop.example{variant.image.url}"
    assert (here["Image Position"], to_come["Image Src"], to_come["Image Position"]) == ("3", "https://cdn.example/b.jpg", "")
    assert outcomes(exported()) == {"unchanged": 1}


def test_it_keeps_the_price_of_a_variant_in_another_currency():
    factories.variant(currency="USD", price_minor=123)
    assert rows(exported())[0]["Variant Price"] == ""
    assert outcomes(exported()) == {"unchanged": 1}
    assert Variant.objects.get().price_minor == 123


def test_it_says_nothing_is_left_of_what_was_oversold(stocked):
    Variant.objects.filter(pk=stocked.pk).update(stock_on_hand=-1, stock_oversold=3)
    assert rows(exported())[0]["Variant Inventory Qty"] == "0"
    assert outcomes(exported()) == {"unchanged": 1}
    assert outcomes(exported().replace(b"shopify,0,", b"shopify,4,")) == {"changed": 1}
    stocked.refresh_from_db()
    assert (stocked.stock_on_hand, stocked.stock_oversold) == (4, 0)


def test_it_reads_a_fixed_number_of_statements_for_any_number_of_products(django_assert_num_queries):
    for _each in range(3):
        factories.variant()
    with django_assert_num_queries(8):
        exported()


def test_it_writes_a_file_from_the_command_line(tmp_path):
    factories.variant()
    file = tmp_path / "out.csv"
    call_command("export_products", str(file), stderr=io.StringIO())
    assert file.read_bytes() == exported()
    assert list(tmp_path.iterdir()) == [file]
    out = io.StringIO()
    call_command("export_products", stdout=out, stderr=io.StringIO())
    assert out.getvalue().encode() == exported()


def test_it_writes_a_header_for_an_empty_shop():
    assert rows(exported()) == []
    assert exported().startswith(b"\xef\xbb\xbfHandle,Title,")
