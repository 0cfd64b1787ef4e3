"""Handles in any alphabet: each finds its product again, by the file and by an export of it."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

import pytest

from catalog.exchange.handles import slug_of
from catalog.exchange.write import export
from catalog.models import Product, Variant
from tests import factories
from tests.catalog.product_files import LINE, imported, outcomes, reasons, written

pytestmark = pytest.mark.django_db

SIMPLIFIED, TRADITIONAL = "蓝色花瓶", "藍色花瓶"
HANDLES = [SIMPLIFIED, TRADITIONAL, "Töpfe-2", "แจกัน-สีน้ำเงิน", "синяя_ваза", "x" * 121, "花" * 255]
FILE = written(*[LINE | {"Handle": handle, "Title": handle[:50]} for handle in HANDLES])


def exported() -> bytes:
    return "".join(text for text, _count in export()).encode()


def test_it_finds_the_product_of_any_handle_again():
    assert [(done.outcome, done.handle) for done in imported(FILE)] == [("new", handle) for handle in HANDLES]
    assert Product.objects.count() == len(set(Variant.objects.values_list("sku", flat=True))) == len(HANDLES)
    assert outcomes(FILE) == outcomes(exported()) == {"unchanged": len(HANDLES)}
    assert outcomes(FILE.replace(b"9.99", b"8.00")) == {"changed": len(HANDLES)}


def test_it_reads_in_another_shop_what_it_exported():
    imported(FILE)
    file = exported()
    Product.objects.all().delete()
    assert outcomes(file) == {"new": len(HANDLES)}
    assert exported() == file
    assert outcomes(FILE) == {"unchanged": len(HANDLES)}


def test_it_makes_an_address_that_stays():
    """If this changes, every such product is imported a second time."""
    assert slug_of(SIMPLIFIED) == "product-89149402a20a"
    assert slug_of("Töpfe") == slug_of(unicodedata.normalize("NFD", "Töpfe")) == "topfe-f67d71a0bd01"
    assert [slug_of(plain) for plain in ("Pot_1", "-pot-", "x" * 120)] == ["Pot_1", "-pot-", "x" * 120]
    assert all(slug_of(slug_of(handle)) == slug_of(handle) for handle in HANDLES)


def test_its_product_is_on_its_page_in_the_map_and_in_the_feed(client):
    imported(written(*[LINE | {"Handle": handle, "Variant Inventory Qty": "1"} for handle in HANDLES]))
    for product in Product.objects.all():
        factories.picture(product=product)
    parts = [b"".join(client.get(path)) for path in ("/sitemap-products-0.xml", "/feeds/google-merchant.xml")]
    for product in Product.objects.all():
        page = product.get_absolute_url()
        assert client.get(page).status_code == 200
        assert all(page.encode() in part for part in parts)
    for handle in HANDLES[:2]:
        assert client.get(f"/products/{quote(handle)}/").status_code == 404


def test_it_takes_no_product_twice_under_two_names():
    """Their units would be booked twice."""
    line = LINE | {"Variant Inventory Qty": "3"}
    both = written(line | {"Handle": SIMPLIFIED}, line | {"Handle": slug_of(SIMPLIFIED)})
    assert reasons(both) == [
        "line 3, Handle: “product-89149402a20a” began at line 2 already: keep the lines of a product together."
    ]
    assert Variant.objects.get().stock_on_hand == 3


@pytest.mark.parametrize("handle", ["a b", "a/b", "a.b", "花瓶！", "花" * 256, "a\u202eb", "🪴"])
def test_it_refuses_what_is_no_handle(handle):
    assert len(reasons(written(LINE | {"Handle": handle}))) == 1
    assert not Product.objects.exists()
