"""The page of a product in the admin, with many variants and pictures."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from catalog.exchange.parse import MOST_PICTURES, MOST_VARIANTS
from catalog.exchange.read import LONGEST_CELL
from catalog.models import Option, Product, ProductImage, Variant
from catalog.product_admin import MOST_FIELDS, OF_A_VARIANT
from tests import factories
from tests.catalog.admin_forms import errors_of, filled_in, list_of, page_of, submit


def product_with(*, variants: int, pictures: int = 0) -> Product:
    product = factories.product()
    Variant.objects.bulk_create(
        Variant(product=product, sku=f"M-{n}", option_values={"Size": f"S{n}"}, price_minor=500) for n in range(variants)
    )
    ProductImage.objects.bulk_create(
        ProductImage(product=product, name=f"{n}.webp", url=f"/media/{n}.webp", width=9, height=9, alt="Blue", position=n)
        for n in range(pictures)
    )
    return product


def save(client: Client, product: Product, **changes: Any) -> tuple[int, Any]:
    """Save its page with changes: how many fields were sent, and the answer."""
    sent = filled_in(client, page_of(product), **changes)
    return sum(len(each) if isinstance(each, list) else 1 for each in sent.values()), client.post(page_of(product), sent)


def test_it_saves_a_product_with_as_many_variants_and_pictures_as_an_import_allows(grace_client, media):
    product = product_with(variants=MOST_VARIANTS, pictures=MOST_PICTURES)
    fields, answer = save(grace_client, product, title="Renamed", images__99__alt="Red")
    assert answer.status_code == 302, errors_of(answer)
    product.refresh_from_db()
    assert product.title == "Renamed"
    assert product.images.get(position=99).alt == "Red"
    assert product.variants.filter(price_minor=500).count() == MOST_VARIANTS
    assert fields + MOST_PICTURES + 1 < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS  # browsers send empty files too


def test_it_shows_as_many_variants_on_the_page_as_can_be_sent(grace_client):
    most = MOST_FIELDS // OF_A_VARIANT
    product = product_with(variants=most)
    fields, answer = save(grace_client, product, **{f"variants__{most - 1}__price_minor": "7.00"})
    assert answer.status_code == 302, errors_of(answer)
    assert product.variants.last().price_minor == 700
    assert fields <= OF_A_VARIANT * (most + 2)
    factories.variant(product=product)
    page = grace_client.get(page_of(product)).content.decode()
    assert "variants-TOTAL_FORMS" not in page
    its_list = list_of("variant", f"?product__id__exact={product.pk}")
    assert f'<a href="{its_list}">Show {most + 1} variants</a>' in page
    assert grace_client.get(its_list).context["cl"].result_count == most + 1


def test_it_counts_a_box_for_each_picture_of_each_variant(grace_client):
    product = product_with(variants=9, pictures=100)
    assert "variants-TOTAL_FORMS" not in grace_client.get(page_of(product)).content.decode()
    product.variants.last().delete()
    page = grace_client.get(page_of(product)).content.decode()
    assert "variants-TOTAL_FORMS" in page
    assert "own list" not in page
    everything = {f"variants__{n}__more_images": [str(one.pk) for one in product.images.all()] for n in range(8)}
    fields, answer = save(grace_client, product, **everything)
    assert answer.status_code == 302, errors_of(answer)
    assert product.variants.last().more_images.count() == 100
    assert fields + 101 < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS


def test_it_saves_variants_that_were_on_the_page_when_it_was_opened(grace_client):
    """Though they have become too many since; and leaves them alone if they were too many then."""
    product = product_with(variants=2)
    sent = filled_in(grace_client, page_of(product), variants__0__price_minor="7.00")
    Variant.objects.bulk_create(Variant(product=product, sku=f"N-{n}", price_minor=500) for n in range(60))
    without = filled_in(grace_client, page_of(product), title="Renamed")
    assert grace_client.post(page_of(product), sent).status_code == 302
    assert product.variants.filter(price_minor=700).count() == 1
    product.variants.filter(sku__startswith="N-").delete()
    assert grace_client.post(page_of(product), without).status_code == 302
    assert Product.objects.get().title == "Renamed"
    assert product.variants.count() == 2


def test_it_changes_no_options_that_an_import_brought(grace_client):
    brought = {"Size (US): men": "10", "Finish": "Black; matte"}
    variant = factories.variant(option_values=brought)
    _fields, answer = save(grace_client, variant.product)
    assert answer.status_code == 302, errors_of(answer)
    variant.refresh_from_db()
    assert variant.option_values == brought
    assert [option.name for option in variant.product.options.all()] == list(brought)


# -- Options ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def pot(db: None) -> Product:
    """A product in two sizes and one glaze."""
    product = factories.product(title="Pot")
    for place, name in enumerate(("Size", "Glaze")):
        Option.objects.create(product=product, name=name, position=place)
    for size in ("Small", "Large"):
        factories.variant(product=product, option_values={"Size": size, "Glaze": "Blue"})
    return product


def choices(product: Product) -> list[list[tuple[str, str]]]:
    """In their order."""
    return [list(each.items()) for each in product.variants.values_list("option_values", flat=True)]


def names(product: Product) -> list[str]:
    return list(product.options.values_list("name", flat=True))


def test_it_renames_an_option_of_all_variants(grace_client, pot):
    _fields, answer = save(grace_client, pot, options__0__name="Format")
    assert answer.status_code == 302, errors_of(answer)
    assert names(pot) == ["Format", "Glaze"]
    assert choices(pot) == [[("Format", "Small"), ("Glaze", "Blue")], [("Format", "Large"), ("Glaze", "Blue")]]
    assert list(Client().get("/products/?option.Format=Large").context["page"].cards) != []


def test_it_keeps_both_where_a_variant_has_a_choice_of_the_new_name(grace_client, pot):
    changes = {"options__0__name": "Format", "variants__0__option_values": "Size: Small; Glaze: Blue; Format: A3"}
    _fields, answer = save(grace_client, pot, **changes)
    assert answer.status_code == 302, errors_of(answer)
    assert names(pot) == ["Format", "Glaze", "Size"]
    assert choices(pot)[0] == [("Format", "A3"), ("Glaze", "Blue"), ("Size", "Small")]
    assert choices(pot)[1] == [("Format", "Large"), ("Glaze", "Blue")]


def test_it_changes_the_order_of_options_and_a_choice_at_once(grace_client, pot):
    changes = {"options__0__position": 5, "variants__0__option_values": "Size: Tiny; Glaze: Blue"}
    _fields, answer = save(grace_client, pot, **changes)
    assert answer.status_code == 302, errors_of(answer)
    assert choices(pot) == [[("Glaze", "Blue"), ("Size", "Tiny")], [("Glaze", "Blue"), ("Size", "Large")]]


def test_it_deletes_no_option_that_variants_are_chosen_by(grace_client, pot):
    _fields, answer = save(grace_client, pot, options__1__DELETE="on")
    told = "Variants are chosen by Glaze. Take it out of their options and save, then delete it here."
    assert errors_of(answer) == {"options": [told]}
    for variant, size in zip(pot.variants.all(), ("Small", "Large"), strict=True):
        variant.option_values = {"Size": size}
        variant.save()
    assert save(grace_client, pot, options__1__DELETE="on")[1].status_code == 302
    assert names(pot) == ["Size"]


# -- What an import would refuse or change ----------------------------------------------------------------------------


def options(*numbers: int) -> str:
    return "; ".join(f"O{n}: a" for n in numbers)


def test_it_takes_nine_options_and_not_ten(grace_client, pot):
    first, second = pot.variants.all()
    told = ["A product has at most nine options."]
    changes = {"variants__0__option_values": options(1, 2, 3, 4), "variants__1__option_values": options(5, 6, 7, 8)}
    assert errors_of(save(grace_client, pot, **changes)[1]) == {"variants-1-option_values": told}
    changes["variants__1__option_values"] = options(5, 6, 7)
    assert save(grace_client, pot, **changes)[1].status_code == 302
    assert len(names(pot)) == 9
    one_more = {"options-TOTAL_FORMS": 10, "options__9__name": "Ink", "options__9__position": 9}
    assert errors_of(save(grace_client, pot, **one_more)[1]) == {"options-9-name": told}
    assert errors_of(submit(grace_client, page_of(second), option_values=options(8))) == {"option_values": told}
    assert submit(grace_client, page_of(first), option_values=options(7)).status_code == 302
    assert len(names(pot)) == 9


def test_it_lets_a_product_that_has_ten_options_go_back_to_nine(grace_client, pot):
    for number in range(8):
        Option.objects.create(product=pot, name=f"O{number}", position=number)
    assert save(grace_client, pot, title="Vase")[1].status_code == 302
    assert save(grace_client, pot, options__9__DELETE="on")[1].status_code == 302
    assert len(names(pot)) == 9


def test_it_refuses_a_tenth_option_of_a_new_variant(grace_client, pot):
    Option.objects.bulk_create(Option(product=pot, name=f"O{number}") for number in range(7))
    new = {"product": pot.pk, "sku": "POT-3", "price_minor": "5", "option_values": "Shape: Round"}
    address = "/admin/catalog/variant/add/"
    assert errors_of(submit(grace_client, address, **new)) == {"option_values": ["A product has at most nine options."]}
    assert submit(grace_client, address, **{**new, "option_values": "Size: Huge"}).status_code == 302


def test_it_takes_a_description_as_long_as_a_cell(grace_client, pot):
    told = errors_of(save(grace_client, pot, description="x" * (LONGEST_CELL + 1))[1])
    assert told == {"description": ["Ensure this value has at most 100000 characters (it has 100001)."]}
    assert save(grace_client, pot, description="x" * LONGEST_CELL)[1].status_code == 302


def test_it_takes_a_barcode_as_an_import_would(grace_client, pot):
    variant = pot.variants.first()
    assert list(errors_of(submit(grace_client, page_of(variant), barcode="'0123"))) == ["barcode"]
    assert submit(grace_client, page_of(variant), barcode=" 0123 ").status_code == 302
    variant.refresh_from_db()
    assert variant.barcode == "0123"
