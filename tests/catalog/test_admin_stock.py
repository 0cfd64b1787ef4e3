"""Stock in the admin: changed by differences, never below what is promised, never lost to a page left open."""

from __future__ import annotations

from threading import Barrier

import pytest
from django.db import transaction
from django.urls import reverse

from catalog.models import Product, Variant
from tests import factories
from tests.catalog.admin_forms import errors_of, fields_of, filled_in, list_of, page_of, submit
from tests.catalog.waiting import somebody_waits_for_us
from tests.sandbox_process import wait_for
from tests.shelf import sell

TOO_FEW = "There are 5 on hand and 2 promised to orders. To go below that, tick “Promised units will be missing”."


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
    told = errors_of(submit(grace_client, address, **{f"{prefix}units": "-4", f"{prefix}reason": "lost"}))
    field = "variants-0-units" if on_product_page else "units"
    assert told == {field: [TOO_FEW]}
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
    assert outcomes == [302, {}, {}]
    stocked.refresh_from_db()
    assert (stocked.stock_on_hand, stocked.stock_reserved) == (13, 0)


@pytest.mark.parametrize("on_product_page", [True, False])
@pytest.mark.parametrize("typed", [{"units": "-4"}, {"counted": "1"}])
def test_it_takes_away_what_is_promised_where_staff_say_so_and_why(grace_client, stocked, on_product_page, typed):
    prefix = "variants__0__" if on_product_page else ""
    address = page_of(stocked.product if on_product_page else stocked)
    said = {f"{prefix}{name}": value for name, value in {**typed, "oversell": "on"}.items()}
    told = errors_of(submit(grace_client, address, **said))
    assert told == {"variants-0-reason" if on_product_page else "reason": ["Say why there are fewer."]}
    assert submit(grace_client, address, **said, **{f"{prefix}reason": "stolen"}).status_code == 302
    stocked.refresh_from_db()
    assert (stocked.stock_on_hand, stocked.stock_reserved, stocked.stock_oversold) == (1, 2, 1)
    movement = stocked.movements.first()
    assert (movement.kind, movement.delta, movement.reference, movement.by) == ("oversell", -4, "stolen", "grace@shop.test")
    assert "0 (1 missing)" in grace_client.get(address).content.decode()


@pytest.mark.parametrize("on_product_page", [True, False])
def test_it_takes_a_count_as_the_difference_to_what_it_showed(grace_client, stocked, on_product_page):
    prefix = "variants__0__" if on_product_page else ""
    address = page_of(stocked.product if on_product_page else stocked)
    assert submit(grace_client, address, **{f"{prefix}counted": "12"}).status_code == 302
    stocked.refresh_from_db()
    movement = stocked.movements.first()
    assert (stocked.stock_on_hand, movement.kind, movement.delta, movement.reference) == (12, "adjustment", 7, "counted")


@pytest.mark.parametrize("on_product_page", [True, False])
def test_it_asks_to_count_again_after_a_sale_and_takes_the_second_count(grace_client, stocked, on_product_page):
    prefix = "variants__0__" if on_product_page else ""
    address = page_of(stocked.product if on_product_page else stocked)
    form = filled_in(grace_client, address, **{f"{prefix}counted": "12"})
    sell(stocked.pk, 2)
    answer = grace_client.post(address, form)
    field = "variants-0-counted" if on_product_page else "counted"
    assert errors_of(answer) == {field: ["There are 3 on hand now, 5 when you opened this page. Count again."]}
    again = {**form, **fields_of(answer.content.decode())}
    assert grace_client.post(address, again).status_code == 302
    stocked.refresh_from_db()
    assert (stocked.stock_on_hand, sum(stocked.movements.values_list("delta", flat=True))) == (12, 12)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"units": "1", "counted": "6"}, {"counted": ["Type what came or went, or what you counted: not both."]}),
        ({"counted": "6", "shown": ""}, {"counted": ["This page does not say what it showed. Open it again."]}),
        ({"counted": "-1"}, {"counted": ["Ensure this value is greater than or equal to 0."]}),
    ],
)
def test_it_says_what_is_wrong_beside_the_field(grace_client, stocked, typed, told):
    assert errors_of(submit(grace_client, page_of(stocked), **typed)) == told
    assert stocked.movements.count() == 2


@pytest.mark.only_on("postgres")
def test_it_waits_for_an_import_of_the_product_rather_than_stopping_it(race, grace, grace_client, stocked):
    """Both lock the product first. Were the variants first here, each would wait for the other."""
    address = page_of(stocked.product)
    form = filled_in(grace_client, address, variants__0__units="1")
    product_is_locked = Barrier(2)

    def import_it() -> None:
        with transaction.atomic():
            Product.objects.select_for_update(no_key=True).get(pk=stocked.product_id)
            product_is_locked.wait(20)
            wait_for(somebody_waits_for_us, seconds=20)
            Variant.objects.select_for_update(no_key=True).get(pk=stocked.pk)

    def save() -> int:
        product_is_locked.wait(20)
        return grace_client.post(address, form).status_code

    assert race(import_it, save) == [None, 302]


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
