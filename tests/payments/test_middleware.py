from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cart.cart import Cart, current_cart
from cart.totals import price_cart
from catalog.models import Variant
from orders import transitions
from orders.models import Order
from orders.place import place_order
from orders.status import ENDED, SOLD, Status
from tests import factories

pytestmark = pytest.mark.django_db

PAGE = "/products/"


@pytest.fixture
def variant() -> Variant:
    return factories.variant(on_hand=5)


@pytest.fixture
def checkout(client: Client, variant: Variant) -> Order:
    """The open order of `client`, who has two of `variant` in the cart and went to pay."""
    client.post("/cart/add/", {"variant": variant.pk, "quantity": 2})
    session = client.session
    cart = Cart(session)
    order = place_order(cart, price_cart(cart), user=None, rate=None)
    cart.remember_order(order.number, {variant.pk: 2})
    session.save()
    return order


def cart_of(client: Client) -> Cart:
    return Cart(client.session)


def queries_of(client: Client) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(PAGE).status_code == 200
        return [query["sql"] for query in queries]


def move_to(order: Order, status: str) -> None:
    paid_at = order.placed_at if status in SOLD else None
    Order.objects.filter(pk=order.pk).update(status=status, paid_at=paid_at)


def test_it_leaves_the_cart_alone_while_the_order_is_open(client, variant, checkout):
    before = cart_of(client).id
    client.get(PAGE)
    cart = cart_of(client)
    assert (cart.id, cart.quantities, cart.open_order, cart.held) == (before, {variant.pk: 2}, checkout.number, {variant.pk: 2})


@pytest.mark.parametrize("status", sorted(SOLD | {Status.CONFIRMING}))
def test_it_empties_the_cart_once_the_money_came_or_is_on_its_way(client, checkout, status):
    before = cart_of(client).id
    move_to(checkout, status)
    response = client.get(PAGE)
    assert response.context["cart_count"] == 0
    cart = cart_of(client)
    assert (cart.quantities, cart.open_order, cart.held) == ({}, "", {})
    assert cart.id != before


@pytest.mark.parametrize("status", sorted(ENDED))
def test_it_keeps_the_cart_and_drops_the_hold_once_the_order_ended(client, variant, checkout, status):
    before = cart_of(client).id
    move_to(checkout, status)
    client.get(PAGE)
    cart = cart_of(client)
    assert (cart.id, cart.quantities, cart.open_order, cart.held) == (before, {variant.pk: 2}, "", {})


def test_it_drops_the_hold_of_an_order_that_is_gone(client, variant, checkout):
    Order.objects.all().delete()
    client.get(PAGE)
    assert (cart_of(client).quantities, cart_of(client).open_order) == ({variant.pk: 2}, "")


def test_it_keeps_what_was_put_in_after_the_order_was_placed(client, variant, checkout):
    other = factories.variant()
    client.post("/cart/add/", {"variant": other.pk, "quantity": 1})
    transitions.mark_paid(checkout, by="webhook")
    client.get(PAGE)
    assert cart_of(client).quantities == {variant.pk: 2, other.pk: 1}


def test_it_does_so_before_the_page_is_made(client, checkout):
    """The first page after the payment already shows an empty cart, and adding starts a new one."""
    transitions.mark_paid(checkout, by="webhook")
    other = factories.variant()
    client.post("/cart/add/", {"variant": other.pk, "quantity": 1})
    assert cart_of(client).quantities == {other.pk: 1}


def test_it_counts_units_of_an_ended_order_as_free_for_others_again(client, variant, checkout):
    """The hold ended and others bought the rest: the cart must not think that it still holds two."""
    transitions.expire(checkout, by="expiry")
    Variant.objects.update(stock_on_hand=1)
    assert client.get("/cart/").context["cart"].count == 1


def test_it_asks_the_database_only_while_a_checkout_is_open(client, variant, checkout):
    while_open = queries_of(client)
    transitions.expire(checkout, by="expiry")
    client.get(PAGE)  # drops the hold
    afterwards = queries_of(client)
    assert [sql for sql in while_open if "orders_order" in sql]
    assert len(afterwards) == len(while_open) - 1


def test_it_does_not_touch_the_session_of_a_visitor_without_one(client, variant):
    assert not [sql for sql in queries_of(client) if "django_session" in sql or "orders_order" in sql]
    assert settings.SESSION_COOKIE_NAME not in client.cookies


@pytest.mark.parametrize("cookie", ["", "x", "a" * 32, "../../etc", "\u00e9"])
def test_it_takes_an_odd_session_cookie_for_no_session(client, cookie):
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    response = client.get(PAGE)
    assert response.status_code == 200
    assert current_cart(response.wsgi_request).quantities == {}
