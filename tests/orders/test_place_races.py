"""Placing, raced for real in threads on both databases; each race has a control that goes wrong without the guard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Barrier, get_ident

import pytest
from django.db import OperationalError, connection

from cart.totals import price_cart
from catalog import stock
from catalog.models import Variant
from orders.models import Order
from orders.place import CartChanged, OpenOrderInTheWay, open_order_of
from orders.transitions import expire
from tests import factories
from tests.orders.placing import basket, place, stock_of, violations

LEFT, SHOPPERS = 3, 20


def placers(variant: Variant, how_many: int) -> list[Callable[[], Order]]:
    """Shoppers who have all seen their own cart and press the button, each for one unit."""
    return [placer((variant, 1)) for _unused in range(how_many)]


def placer(*wanted: tuple[Variant, int]) -> Callable[[], Order]:
    cart = basket(*wanted)
    priced = price_cart(cart)
    return lambda: place(cart, priced)


# -- One cart ---------------------------------------------------------------------------------------------------------


def test_it_places_one_order_for_a_cart_sent_eight_times_at_once(race):
    variant = factories.variant(on_hand=50)
    outcomes = race(*[placer((variant, 2))] * 8)
    assert {*outcomes} == {Order.objects.get()}
    assert stock_of(variant) == (50, 2)
    assert Order.objects.get().events.count() == Order.objects.get().lines.count() == 1
    assert violations() == {}


@pytest.fixture
def no_unique_open_order(transactional_db: None) -> Iterator[None]:
    """The guard switched off: the database lets one cart have two open orders."""
    (guard,) = (each for each in Order._meta.constraints if each.name == "orders_one_open_per_cart")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Order, guard)
    yield
    Order.objects.all().delete()
    with connection.schema_editor() as editor:
        editor.add_constraint(Order, guard)


def test_it_would_place_two_by_looking_first(no_unique_open_order, race):
    """The control: look for an open order, place one if there is none."""
    variant, both_looked = factories.variant(on_hand=50), Barrier(2)
    cart = basket((variant, 2))
    priced = price_cart(cart)

    def look_then_place() -> Order:
        found = open_order_of(cart.id)
        both_looked.wait(10)
        return found or place(cart, priced)

    assert len({*race(look_then_place, look_then_place)}) == 2
    assert stock_of(variant) == (50, 4)


def test_it_tells_one_of_two_racing_tabs_that_the_other_was_first(race):
    variant = factories.variant(on_hand=50)
    cart = basket((variant, 1))
    one = price_cart(cart)
    cart.set(variant.pk, 2, price_minor=variant.price_minor)
    two = price_cart(cart)
    outcomes = race(lambda: place(cart, one), lambda: place(cart, two))
    (order,) = (each for each in outcomes if isinstance(each, Order))
    (refused,) = (each for each in outcomes if isinstance(each, OpenOrderInTheWay))
    assert refused.order == order
    assert stock_of(variant)[1] == order.lines.get().quantity
    assert violations() == {}


@pytest.mark.parametrize("_round", range(4))
def test_it_keeps_the_books_when_the_order_ends_while_its_cart_is_sent_again(race, _round):
    variant = factories.variant(on_hand=1)
    again = placer((variant, 1))
    old = again()
    outcome, ended = race(again, lambda: expire(Order.objects.get(pk=old.pk), by="expiry"))
    assert ended is True
    assert isinstance(outcome, Order | CartChanged)
    holds = isinstance(outcome, Order) and outcome != old
    assert stock_of(variant) == (1, int(holds))
    assert violations() == {}


# -- The last ones ----------------------------------------------------------------------------------------------------


def test_it_sells_the_last_three_to_three_of_twenty(race):
    variant = factories.variant(on_hand=LEFT)
    outcomes = race(*placers(variant, SHOPPERS))
    assert sum(isinstance(outcome, Order) for outcome in outcomes) == LEFT
    assert sum(isinstance(outcome, CartChanged) for outcome in outcomes) == SHOPPERS - LEFT
    assert stock_of(variant) == (LEFT, LEFT)
    assert Order.objects.count() == LEFT
    assert violations() == {}


def test_it_would_sell_them_to_all_by_reading_first(race):
    """The control: read what is left, then write."""
    variant, all_have_read = factories.variant(on_hand=LEFT), Barrier(SHOPPERS)

    def read_then_write() -> bool:
        seen = Variant.objects.get(pk=variant.pk)
        all_have_read.wait(20)
        if seen.available == 0:
            return False
        return bool(Variant.objects.filter(pk=variant.pk).update(stock_reserved=seen.stock_reserved + 1))

    assert race(*[read_then_write] * SHOPPERS).count(True) > LEFT
    assert stock_of(variant) == (LEFT, 1)


def test_it_gives_parts_of_a_cart_to_nobody(race):
    """Many want a pair of which there are few: who gets one gets both."""
    common, rare = factories.variant(on_hand=50), factories.variant(on_hand=2)
    pairs = [placer((common, 3), (rare, 1)) for _unused in range(8)]
    outcomes = race(*pairs)
    assert sum(isinstance(outcome, Order) for outcome in outcomes) == 2
    assert (stock_of(common), stock_of(rare)) == ((50, 6), (2, 2))
    assert violations() == {}


# -- Many things in any order -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("_round", range(3))
def test_it_never_deadlocks_on_carts_in_opposite_orders(race, _round):
    variants = [factories.variant(on_hand=99) for _unused in range(5)]
    there = [(variant, 1) for variant in variants]
    outcomes = race(*(placer(*(reversed(there) if each % 2 else there)) for each in range(12)))
    assert [outcome for outcome in outcomes if not isinstance(outcome, Order)] == []
    assert [stock_of(variant) for variant in variants] == [(99, 12)] * 5
    assert violations() == {}


def test_it_would_deadlock_without_the_one_order_of_locking(race, monkeypatch):
    """The control: reserve in the order of the cart, both having taken their first thing."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one lock for everything: nothing can deadlock")
    one, other = factories.variant(), factories.variant()
    hold, both_hold_one, waited = stock._hold, Barrier(2), set()

    def hold_and_wait(variant_id: int, quantity: int) -> bool:
        counted = hold(variant_id, quantity)
        if get_ident() not in waited:
            waited.add(get_ident())
            both_hold_one.wait(10)
        return counted

    monkeypatch.setattr(stock, "_hold", hold_and_wait)
    monkeypatch.setattr(stock, "in_lock_order", list)
    outcomes = race(placer((one, 1), (other, 1)), placer((other, 1), (one, 1)))
    assert sum(isinstance(outcome, OperationalError) for outcome in outcomes) == 1
