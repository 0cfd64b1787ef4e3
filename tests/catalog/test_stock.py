"""Units taken, held and given back; raced for real on the last of them, with a control that oversells."""

from __future__ import annotations

from collections import Counter
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import Sum
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from catalog import stock
from catalog.models import StockMovement, Variant
from catalog.stock import OutOfStock, StockConflict, adjust, count, in_lock_order
from tests import factories
from tests.shelf import put_back, release, reserve, sell


def counts(variant: Variant) -> tuple[int, int]:
    fresh = Variant.objects.get(pk=variant.pk)
    return fresh.stock_on_hand, fresh.stock_reserved


def booked(variant: Variant) -> tuple[int, int]:
    """Both counts as the movements have them."""
    sums = variant.movements.aggregate(on_hand=Sum("delta", default=0), reserved=Sum("reserved_delta", default=0))
    return sums["on_hand"], sums["reserved"]


# -- One at a time ----------------------------------------------------------------------------------------------------


def test_it_promises_units_without_moving_them(db):
    variant = factories.variant(on_hand=5)
    assert reserve(variant.pk, 3) is True
    assert counts(variant) == booked(variant) == (5, 3)
    (promise,) = variant.movements.filter(kind="reservation")
    assert (promise.delta, promise.reserved_delta, promise.reference, promise.by) == (0, 3, "ORDER", "shopper")


def test_it_says_how_many_are_left(db):
    variant = factories.variant(on_hand=5)
    reserve(variant.pk, 3)
    with pytest.raises(OutOfStock) as error:
        reserve(variant.pk, 3)
    assert (error.value.variant_id, error.value.wanted, error.value.available) == (variant.pk, 3, 2)
    assert counts(variant) == (5, 3)


def test_it_promises_nothing_of_what_is_switched_off_or_gone(db):
    off = factories.variant(is_active=False)
    for pk in (off.pk, 987654):
        with pytest.raises(OutOfStock) as error:
            reserve(pk, 1)
        assert error.value.available == 0


def test_it_promises_downloads_without_counting(db):
    download = factories.download()
    assert reserve(download.pk, 1000) is False
    assert counts(download) == (0, 0)


def test_it_sells_what_was_promised(db):
    variant = factories.variant(on_hand=5)
    reserve(variant.pk, 3)
    sell(variant.pk, 2)
    assert counts(variant) == (3, 1)
    movement = variant.movements.first()
    assert (movement.kind, movement.delta, movement.reserved_delta) == (StockMovement.Kind.SALE, -2, -2)
    assert (movement.reference, movement.by) == ("ORDER", "webhook")


def test_it_neither_sells_nor_releases_more_than_was_promised(db):
    variant = factories.variant(on_hand=5)
    reserve(variant.pk, 1)
    for verb in (lambda: sell(variant.pk, 2), lambda: release(variant.pk, 2)):
        with pytest.raises(StockConflict):
            verb()
    assert counts(variant) == booked(variant) == (5, 1)


def test_it_releases_a_promise(db):
    variant = factories.variant(on_hand=5)
    reserve(variant.pk, 3)
    release(variant.pk, 3)
    assert counts(variant) == booked(variant) == (5, 0)
    movement = variant.movements.first()
    assert (movement.kind, movement.reserved_delta, movement.by) == (StockMovement.Kind.RELEASE, -3, "expiry")


def test_it_puts_returned_units_back(db):
    variant = factories.variant(on_hand=5)
    put_back(variant.pk, 2)
    put_back(987654, 2)
    assert counts(variant) == booked(variant) == (7, 0)


def test_it_corrects_the_stock_down_to_what_is_promised(db):
    variant = factories.variant(on_hand=5)
    reserve(variant.pk, 3)
    adjust(variant.pk, -2, by="grace@shop.test", reference="broken frame")
    with pytest.raises(StockConflict):
        adjust(variant.pk, -1, by="grace@shop.test")
    assert counts(variant) == booked(variant) == (3, 3)
    assert variant.movements.first().by == "grace@shop.test"


def test_it_writes_one_statement_into_the_books_for_many_variants(db, django_assert_num_queries):
    units = [(factories.variant(on_hand=5).pk, 2) for _each in range(3)]
    with django_assert_num_queries(3 + 1):
        stock.reserve(units, reference="ORDER", by="shopper")
    with django_assert_num_queries(3 + 1):
        stock.sell(units, reference="ORDER", by="webhook")


def test_it_adds_up_and_sorts_what_is_locked():
    assert in_lock_order([(7, 1), (3, 2), (7, 4)]) == [(3, 2), (7, 5)]


def test_it_saves_an_edited_variant_without_overwriting_a_sale(db):
    variant = factories.variant(on_hand=5)
    seen_before = Variant.objects.get(pk=variant.pk)
    reserve(variant.pk, 2)
    sell(variant.pk, 1)
    seen_before.sku = "NEW-SKU"
    seen_before.save()
    assert counts(variant) == (4, 1)
    assert Variant.objects.get(pk=variant.pk).sku == "NEW-SKU"


@pytest.mark.parametrize("wrong", [{"stock_on_hand": -1}, {"stock_oversold": 1}, {"stock_reserved": 6}, {"stock_reserved": -1}])
def test_it_is_kept_by_the_database_as_well(db, wrong):
    variant = factories.variant(on_hand=5)
    with pytest.raises(IntegrityError):
        Variant.objects.filter(pk=variant.pk).update(**wrong)


# -- Any sequence -----------------------------------------------------------------------------------------------------

VERBS = ["reserve", "release", "sell", "put_back", "adjust", "oversell", "count"]
step = st.tuples(st.sampled_from(VERBS), st.integers(1, 6), st.booleans())


class AnySequence(TestCase):
    @settings(max_examples=60)
    @given(start=st.integers(0, 8), steps=st.lists(step, max_size=14))
    def test_it_agrees_with_a_simple_account_of_every_step(self, start: int, steps: list[Any]) -> None:
        variant = factories.variant(on_hand=start)
        on_hand, reserved = start, 0
        for verb, quantity, sign in steps:
            delta = quantity if sign else -quantity
            allowed = {
                "reserve": on_hand - reserved >= quantity,
                "release": reserved >= quantity,
                "sell": reserved >= quantity,
                "put_back": True,
                "adjust": sign or on_hand + delta >= reserved,
                "oversell": True,
                "count": sign or on_hand + delta >= reserved,
            }[verb]
            assert _attempt(variant, verb, quantity, delta) == allowed
            if allowed:
                by_staff = dict.fromkeys(["adjust", "oversell", "count"], delta)
                on_hand += {"sell": -quantity, "put_back": quantity, **by_staff}.get(verb, 0)
                reserved += {"reserve": quantity, "release": -quantity, "sell": -quantity}.get(verb, 0)
            assert counts(variant) == booked(variant) == (on_hand, reserved)
            assert Variant.objects.get(pk=variant.pk).stock_oversold == max(reserved - on_hand, 0)


def _attempt(variant: Variant, verb: str, quantity: int, delta: int) -> bool:
    seen, _reserved = counts(variant)
    try:
        {
            "reserve": lambda: reserve(variant.pk, quantity),
            "release": lambda: release(variant.pk, quantity),
            "sell": lambda: sell(variant.pk, quantity),
            "put_back": lambda: put_back(variant.pk, quantity),
            "adjust": lambda: adjust(variant.pk, delta, by="grace@shop.test"),
            "oversell": lambda: adjust(variant.pk, delta, by="grace@shop.test", oversell=True),
            "count": lambda: count(variant.pk, seen + delta, seen=seen, by="grace@shop.test", reference="counted"),
        }[verb]()
    except (OutOfStock, StockConflict):
        return False
    return True


# -- All at once ------------------------------------------------------------------------------------------------------

SHOPPERS = 12


def kinds(outcomes: list[Any]) -> Counter[str]:
    return Counter(type(outcome).__name__ for outcome in outcomes)


@pytest.mark.parametrize("left", [1, 5])
def test_it_promises_the_last_units_once_each(race, left):
    variant = factories.variant(on_hand=left)
    outcomes = race(*[lambda: reserve(variant.pk, 1)] * SHOPPERS)
    assert kinds(outcomes) == {"bool": left, "OutOfStock": SHOPPERS - left}
    assert counts(variant) == (left, left)


def test_it_would_promise_them_twice_without_the_guard(race):
    """The control: the same race, but looking first and writing afterwards. All look before anybody writes."""
    variant = factories.variant(on_hand=5)
    everybody_looked = Barrier(SHOPPERS)

    def look_then_write() -> bool:
        seen = Variant.objects.get(pk=variant.pk)
        everybody_looked.wait(30)
        if seen.available < 1:
            raise OutOfStock(seen.pk, wanted=1, available=0)
        Variant.objects.filter(pk=seen.pk).update(stock_reserved=seen.stock_reserved + 1)
        return True

    outcomes = race(*[look_then_write] * SHOPPERS)
    assert kinds(outcomes)["bool"] > 5, "more were promised than there are: this race can be lost"
    assert counts(variant) == (5, 1), "and the books do not even show it"


def test_it_ends_every_promise_once(race):
    """Each of the promises is claimed by a sale and by a release at the same instant."""
    variant = factories.variant(on_hand=6)
    reserve(variant.pk, 6)
    sales = [lambda: sell(variant.pk, 1)] * 6
    releases = [lambda: release(variant.pk, 1)] * 6
    outcomes = race(*sales, *releases)
    sold = outcomes[:6].count({})
    assert kinds(outcomes) == {"dict": sold, "NoneType": 6 - sold, "StockConflict": 6}
    assert counts(variant) == booked(variant) == (6 - sold, 0)


def test_it_loses_no_correction_among_sales(race):
    variant = factories.variant(on_hand=10)
    reserve(variant.pk, 6)
    race(
        *[lambda: sell(variant.pk, 1)] * 6,
        *[lambda: adjust(variant.pk, 3, by="grace@shop.test")] * 4,
    )
    assert counts(variant) == booked(variant) == (16, 0)
