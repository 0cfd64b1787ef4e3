"""Moves of one order made at the same instant: one wins, and stock, timeline and mail say the same."""

from __future__ import annotations

from functools import partial
from threading import Barrier

import pytest
from django.utils import timezone

from orders.models import Order
from orders.status import Status
from orders.transitions import (
    InvalidTransition,
    cancel,
    expire,
    mark_confirming,
    mark_paid,
    mark_refunded,
    put_back_in_stock,
    ship,
)
from tests import factories
from tests.orders.placing import pay, placed, stock_of, violations

pytestmark = pytest.mark.django_db(transaction=True)


def each_with_its_own(order: Order, verb, how_many: int, **kwargs):
    """Calls as so many requests would make them, each with an object it read before."""
    return [partial(verb, Order.objects.get(pk=order.pk), by="race", **kwargs) for _unused in range(how_many)]


def test_it_is_paid_once_by_eight_at_once(race, ada):
    variant = factories.variant(on_hand=10)
    order = placed((variant, 2), user=ada)
    outcomes = race(*each_with_its_own(order, mark_paid, 8))
    assert sorted(outcomes) == [False] * 7 + [True]
    assert stock_of(variant) == (8, 0)
    assert order.events.filter(to_status=Status.PAID).count() == 1
    assert order.mails.count() == 1
    assert variant.movements.filter(kind="sale").count() == 1


def test_it_would_be_paid_twice_by_looking_first(race, ada):
    """The control: read the state, then write it."""
    order, both_have_read = placed((factories.variant(), 1), user=ada), Barrier(2)

    def read_then_write() -> bool:
        own = Order.objects.get(pk=order.pk)
        both_have_read.wait(10)
        if own.status != Status.PENDING:
            return False
        own.status, own.paid_at = Status.PAID, timezone.now()
        own.save()
        return True

    assert race(read_then_write, read_then_write) == [True, True]


@pytest.mark.parametrize("end", [expire, cancel])
@pytest.mark.parametrize("_round", range(3))
def test_it_is_either_paid_or_ended(end, race, ada, _round):
    variant = factories.variant(on_hand=10)
    order = placed((variant, 2), user=ada)
    outcomes = race(*each_with_its_own(order, mark_paid, 2), *each_with_its_own(order, end, 2))
    order.refresh_from_db()
    winners, losers = (outcomes[:2], outcomes[2:]) if order.is_paid else (outcomes[2:], outcomes[:2])
    assert sorted(winners) == [False, True]
    assert [type(outcome) for outcome in losers] == [InvalidTransition] * 2
    assert stock_of(variant) == ((8, 0) if order.is_paid else (10, 0))
    assert order.mails.count() == order.is_paid
    assert [event.to_status for event in order.events.all()] == [Status.PENDING, order.status]


def test_it_releases_its_units_once_however_it_ends(race):
    variant = factories.variant(on_hand=10)
    placed((variant, 3))  # somebody else's units are not to be released instead
    order = placed((variant, 2))
    outcomes = race(*each_with_its_own(order, expire, 4), *each_with_its_own(order, cancel, 4))
    assert outcomes.count(True) == 1
    assert sum(isinstance(outcome, InvalidTransition) for outcome in outcomes) == 4
    assert stock_of(variant) == (10, 3)
    assert violations() == {}


@pytest.mark.parametrize("_round", range(3))
def test_it_is_paid_whether_or_not_it_was_on_its_way(race, ada, _round):
    """ "Processing" and "paid" arrive together, in either order."""
    order = placed((factories.variant(), 1), user=ada)
    confirming, paid = race(*each_with_its_own(order, mark_confirming, 1), *each_with_its_own(order, mark_paid, 1))
    assert paid is True
    assert confirming in (True, False)
    order.refresh_from_db()
    assert order.status == Status.PAID
    assert order.events.count() == 2 + confirming


def test_it_is_shipped_or_refunded_first_and_both_in_the_end(race, ada):
    order = placed((factories.variant(), 1), user=ada)
    pay(order)
    shipped, refunded = race(*each_with_its_own(order, ship, 1, carrier="DHL"), *each_with_its_own(order, mark_refunded, 1))
    order.refresh_from_db()
    assert refunded is True
    assert order.status == Status.REFUNDED
    assert isinstance(shipped, InvalidTransition) or order.mails.filter(kind="shipped").exists()
    assert bool(order.shipped_at) == (shipped is True)


def test_it_is_put_back_once_by_many_refunds(race, ada):
    variant = factories.variant(on_hand=10)
    order = placed((variant, 2), user=ada)
    pay(order)
    assert sorted(race(*each_with_its_own(order, put_back_in_stock, 6))) == [False] * 5 + [True]
    assert stock_of(variant) == (10, 0)
    assert violations() == {}


def test_it_never_deadlocks_with_orders_of_the_same_things(race):
    """Half are paid, half expire, while their lines lie in opposite orders."""
    variants = [factories.variant(on_hand=99) for _unused in range(4)]
    there = [(variant, 1) for variant in variants]
    orders = [placed(*(reversed(there) if number % 2 else there)) for number in range(12)]
    calls = [each_with_its_own(order, mark_paid if number % 3 else expire, 1)[0] for number, order in enumerate(orders)]
    assert race(*calls) == [True] * 12
    assert [stock_of(variant) for variant in variants] == [(91, 0)] * 4
