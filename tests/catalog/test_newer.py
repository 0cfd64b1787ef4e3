"""What somebody else changed since a page of the admin was opened is not put back by saving that page."""

from __future__ import annotations

import pytest

from catalog.models import Product, Variant
from tests import factories
from tests.catalog.admin_forms import fields_of, filled_in, page_of, submit

CHANGED = "It was changed to 55.00 since you opened this page. Save again if what you typed is right."


@pytest.fixture(params=["the product's page", "the variant's page"])
def where(request, stocked):
    """The page, and what its fields of the variant begin with."""
    return (page_of(stocked.product), "variants-0-") if "product" in request.param else (page_of(stocked), "")


def prices_of(variant):
    return Variant.objects.values_list("price_minor", "compare_at_minor").get(pk=variant.pk)


def test_it_keeps_the_newer_price_where_another_field_was_changed(grace_client, stocked, where):
    address, prefix = where
    page = filled_in(grace_client, address)
    Variant.objects.filter(pk=stocked.pk).update(price_minor=5500, compare_at_minor=6000)
    assert grace_client.post(address, page | {f"{prefix}sku": "NEW"}).status_code == 302
    assert prices_of(stocked) == (5500, 6000)
    assert Variant.objects.get(pk=stocked.pk).sku == "NEW"


def test_it_asks_once_more_where_both_changed_the_price(grace_client, stocked, where):
    address, prefix = where
    page = filled_in(grace_client, address) | {f"{prefix}price_minor": "44"}
    Variant.objects.filter(pk=stocked.pk).update(price_minor=5500)
    answer = grace_client.post(address, page)
    assert CHANGED in answer.content.decode()
    assert prices_of(stocked) == (5500, None)
    again = fields_of(answer.content.decode())
    assert again[f"{prefix}price_minor"] == "44"
    assert grace_client.post(address, again).status_code == 302
    assert prices_of(stocked) == (4400, None)


def test_it_says_nothing_where_both_typed_the_same(grace_client, stocked, where):
    address, prefix = where
    page = filled_in(grace_client, address) | {f"{prefix}price_minor": "55"}
    Variant.objects.filter(pk=stocked.pk).update(price_minor=5500)
    assert grace_client.post(address, page).status_code == 302
    assert prices_of(stocked) == (5500, None)


@pytest.mark.parametrize("published", [True, False])
def test_it_leaves_a_product_in_the_shop_or_out_of_it_as_others_want(grace_client, stocked, published):
    Product.objects.update(is_published=not published)
    page = filled_in(grace_client, page_of(stocked.product)) | {"title": "New"}
    Product.objects.update(is_published=published)
    assert grace_client.post(page_of(stocked.product), page).status_code == 302
    assert Product.objects.values_list("title", "is_published").get() == ("New", published)


def test_it_publishes_what_nobody_else_has_touched(grace_client, stocked):
    submit(grace_client, page_of(stocked.product), is_published=None)
    assert Product.objects.get().is_published is False
    submit(grace_client, page_of(stocked.product), is_published="on")
    assert Product.objects.get().is_published is True


def test_it_refuses_a_sku_that_another_variant_has(grace_client, stocked):
    other = factories.variant(product=stocked.product, option_values={"Size": "A4"})
    assert "already exists" in submit(grace_client, page_of(other), sku=stocked.sku).content.decode()
