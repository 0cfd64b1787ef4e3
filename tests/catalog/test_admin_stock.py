"""Stock in the admin: changed by differences, never below what is promised, never lost to a page left open."""

from __future__ import annotations

import pytest
from django.urls import reverse

from catalog.models import Variant
from tests import factories
from tests.catalog.admin_forms import errors_of, filled_in, list_of, page_of, submit
from tests.shelf import sell


@pytest.mark.parametrize("on_product_page", [True, False])
def test_it_books_units_by_the_difference(grace_client, stocked, on_product_page):
    prefix = "variants__0__" if on_product_page else ""
    address = page_of(stocked.product if on_product_page else stocked)
    answer = submit(grace_client, address, **{f"{prefix}units": "-3", f"{prefix}reason": "water damage"})
    assert answer.status_code == 302
    stocked.refresh_from_db()
    assert (stocked.stock_on_hand, stocked.stock_reserved) == (2, 2)
    movement = stocked.movements.first()
    assert (movement.kind, movement.delta, movement.reference) == ("adjustment", -3, "water damage")


@pytest.mark.parametrize("on_product_page", [True, False])
def test_it_does_not_take_away_what_is_promised(grace_client, stocked, on_product_page):
    prefix = "variants__0__" if on_product_page else ""
    address = page_of(stocked.product if on_product_page else stocked)
    told = errors_of(submit(grace_client, address, **{f"{prefix}units": "-4"}))
    field = "variants-0-units" if on_product_page else "units"
    assert told == {field: ["There are 5 on hand and 2 of them are promised to orders."]}
    stocked.refresh_from_db()
    assert (stocked.stock_on_hand, stocked.movements.count()) == (5, 2)


@pytest.mark.parametrize("on_product_page", [True, False])
def test_it_loses_no_sale_made_while_the_page_was_open(grace_client, stocked, on_product_page):
    address = page_of(stocked.product if on_product_page else stocked)
    prefix = "variants__0__" if on_product_page else ""
    form = filled_in(grace_client, address, **{f"{prefix}units": "10", f"{prefix}sku": "OTHER-SKU"})
    sell(stocked.pk, 2, reference="ORDER")
    assert grace_client.post(address, form).status_code == 302
    stocked.refresh_from_db()
    assert (stocked.sku, stocked.stock_on_hand, stocked.stock_reserved) == ("OTHER-SKU", 13, 0)
    assert sum(stocked.movements.values_list("delta", flat=True)) == 13


def test_it_books_units_and_sales_at_the_same_instant(race, grace, grace_client, stocked):
    address = page_of(stocked.product)
    form = filled_in(grace_client, address, variants__0__units="10", variants__0__is_active="on")
    outcomes = race(
        lambda: grace_client.post(address, form).status_code,
        *[lambda: sell(stocked.pk, 1, reference="ORDER")] * 2,
    )
    assert outcomes == [302, None, None]
    stocked.refresh_from_db()
    assert (stocked.stock_on_hand, stocked.stock_reserved) == (13, 0)


def test_it_says_that_downloads_have_no_stock(grace_client):
    told = errors_of(submit(grace_client, page_of(factories.download()), units="5"))
    assert told == {"units": ["This variant does not count its stock."]}


def test_it_lets_nobody_rewrite_the_books(grace_client, stocked):
    movement = stocked.movements.first()
    assert grace_client.get(list_of("stockmovement", f"?variant__id__exact={stocked.pk}")).status_code == 200
    assert grace_client.get(page_of(movement)).status_code == 200
    assert grace_client.post(page_of(movement), {"delta": 99}).status_code == 403
    assert grace_client.get("/admin/catalog/stockmovement/add/").status_code == 403
    assert grace_client.post(f"/admin/catalog/stockmovement/{movement.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("what", ["variant", "product"])
def test_it_does_not_delete_what_is_promised(grace_client, stocked, what):
    row = stocked if what == "variant" else stocked.product
    address = reverse(f"admin:catalog_{what}_delete", args=[row.pk])
    assert "2 units are promised to open orders" in grace_client.get(address).content.decode()
    grace_client.post(address, {"post": "yes"})
    grace_client.post(list_of(what), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert Variant.objects.filter(pk=stocked.pk).exists()


def test_it_does_not_delete_a_promised_variant_on_the_products_page(grace_client, stocked):
    factories.variant(product=stocked.product)
    told = errors_of(submit(grace_client, page_of(stocked.product), variants__0__DELETE="on"))
    assert stocked.sku in told["variants"][0]
    assert Variant.objects.count() == 2


@pytest.mark.parametrize("what", ["variant", "product"])
def test_it_deletes_what_nobody_waits_for(grace_client, what):
    variant = factories.variant()
    row = variant if what == "variant" else variant.product
    assert grace_client.post(reverse(f"admin:catalog_{what}_delete", args=[row.pk]), {"post": "yes"}).status_code == 302
    assert not Variant.objects.exists()
