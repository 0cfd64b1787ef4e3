"""Units taken away though they are promised, knowingly; and counts of the shelf. Raced, with controls that lose units."""

from __future__ import annotations

from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import F

from catalog.models import StockMovement, Variant
from catalog.stock import OutOfStock, StockConflict, StockMoved, adjust, count
from tests import factories, shelf
from tests.catalog.test_stock import booked, counts

GRACE: dict[str, Any] = {"by": "grace@shop.test", "reference": "the shelf fell down"}


def missing(variant: Variant) -> int:
    return Variant.objects.get(pk=variant.pk).stock_oversold


@pytest.fixture
def promised(db) -> Variant:
    """Five units, four of them promised."""
    variant = factories.variant(on_hand=5)
    shelf.reserve(variant.pk, 4)
    return variant


@pytest.fixture
def oversold(promised) -> Variant:
    """Two units for four promises."""
    adjust(promised.pk, -3, **GRACE, oversell=True)
    return Variant.objects.get(pk=promised.pk)


# -- One at a time ----------------------------------------------------------------------------------------------------


def test_it_goes_below_what_is_promised_only_when_told_to(promised):
    with pytest.raises(StockConflict):
        adjust(promised.pk, -2, **GRACE)
    adjust(promised.pk, -2, **GRACE, oversell=True)
    assert counts(promised) == booked(promised) == (3, 4)
    movement = promised.movements.first()
    assert (movement.kind, movement.delta, movement.by) == (StockMovement.Kind.OVERSELL, -2, "grace@shop.test")
    assert missing(promised) == 1


def test_it_is_no_oversell_while_all_promises_can_be_kept(promised):
    adjust(promised.pk, -1, **GRACE, oversell=True)
    assert (promised.movements.first().kind, missing(promised)) == (StockMovement.Kind.ADJUSTMENT, 0)


def test_it_promises_nothing_of_what_is_oversold(oversold):
    assert (oversold.available, oversold.in_stock) == (0, False)
    with pytest.raises(OutOfStock) as error:
        shelf.reserve(oversold.pk, 1)
    assert error.value.available == 0


def test_it_sells_what_was_promised_and_says_what_is_not_there(oversold):
    assert shelf.sell(oversold.pk, 1) == {}
    assert shelf.sell(oversold.pk, 2) == {oversold.pk: 1}
    assert shelf.sell(oversold.pk, 1) == {oversold.pk: 1}
    assert counts(oversold) == booked(oversold) == (-2, 0)
    assert list(oversold.movements.filter(kind="sale").order_by("id").values_list("missing", flat=True)) == [0, 1, 1]


@pytest.mark.parametrize("more", [1, 2, 3])
def test_it_misses_fewer_when_a_promise_ends_units_come_back_or_are_delivered(oversold, more):
    for comes in (
        lambda: shelf.release(oversold.pk, more),
        lambda: shelf.put_back(oversold.pk, more),
        lambda: adjust(oversold.pk, more, by="grace@shop.test"),
    ):
        Variant.objects.filter(pk=oversold.pk).update(stock_on_hand=2, stock_reserved=4, stock_oversold=2)
        comes()
        on_hand, reserved = counts(oversold)
        assert missing(oversold) == max(reserved - on_hand, 0) == max(2 - more, 0)


@pytest.mark.parametrize("wrong", [{"stock_oversold": 0}, {"stock_oversold": 3}, {"stock_on_hand": 1}, {"stock_reserved": 5}])
def test_it_is_counted_exactly_by_the_database_as_well(oversold, wrong):
    with pytest.raises(IntegrityError):
        Variant.objects.filter(pk=oversold.pk).update(**wrong)


def test_it_books_a_count_as_the_difference_to_what_was_shown(promised):
    count(promised.pk, 7, seen=5, **GRACE)
    assert counts(promised) == booked(promised) == (7, 4)
    movement = promised.movements.first()
    assert (movement.kind, movement.delta) == (StockMovement.Kind.ADJUSTMENT, 2)


def test_it_takes_no_count_from_before_a_sale(promised):
    shelf.sell(promised.pk, 1)
    with pytest.raises(StockMoved):
        count(promised.pk, 7, seen=5, **GRACE)
    assert counts(promised) == booked(promised) == (4, 3)


def test_it_takes_a_count_below_what_is_promised_only_when_told_to(promised):
    with pytest.raises(StockConflict):
        count(promised.pk, 3, seen=5, **GRACE)
    count(promised.pk, 3, seen=5, **GRACE, oversell=True)
    assert (counts(promised), missing(promised)) == ((3, 4), 1)


def test_it_writes_nothing_where_the_count_agrees(promised):
    count(promised.pk, 5, seen=5, **GRACE)
    assert promised.movements.count() == 2


# -- All at once ------------------------------------------------------------------------------------------------------


def test_it_loses_nothing_when_staff_oversell_while_shoppers_buy(race):
    variant = factories.variant(on_hand=6)
    shelf.reserve(variant.pk, 4)
    outcomes = race(
        *[lambda: shelf.sell(variant.pk, 1)] * 4,
        *[lambda: adjust(variant.pk, -3, **GRACE, oversell=True)] * 2,
        *[lambda: shelf.reserve(variant.pk, 1)] * 4,
    )
    assert not [each for each in outcomes if isinstance(each, Exception) and not isinstance(each, OutOfStock)]
    promised = outcomes.count(True)
    assert promised <= 2
    assert counts(variant) == booked(variant) == (-4, promised)
    assert missing(variant) == promised + 4


def test_it_would_lose_a_sale_to_staff_who_look_first(race):
    """The control: what is left is read, then written. Both have read before anybody writes."""
    variant = factories.variant(on_hand=6)
    shelf.reserve(variant.pk, 4)
    both_looked, sold = Barrier(2), Barrier(2)

    def set_by_reading() -> None:
        seen = Variant.objects.get(pk=variant.pk)
        both_looked.wait(30)
        sold.wait(30)
        Variant.objects.filter(pk=variant.pk).update(stock_on_hand=seen.stock_on_hand - 2)

    def sell_meanwhile() -> None:
        both_looked.wait(30)
        shelf.sell(variant.pk, 1)
        sold.wait(30)

    assert race(set_by_reading, sell_meanwhile) == [None, None]
    assert counts(variant) == (4, 3), "of three units that went two are missed: the sale left no trace on hand"


def test_it_takes_one_of_two_counts_at_once(race):
    variant = factories.variant(on_hand=10)
    outcomes = race(*[lambda counted=counted: count(variant.pk, counted, seen=10, **GRACE) for counted in (12, 9) * 3])
    assert [type(each) for each in outcomes if each is not None] == [StockMoved] * 5
    assert counts(variant) == booked(variant)
    assert counts(variant) in {(12, 0), (9, 0)}


def test_it_would_take_both_without_comparing(race):
    """The control: differences to what was shown, whatever happened since."""
    variant = factories.variant(on_hand=10)

    def count_blindly(counted: int) -> int:
        return Variant.objects.filter(pk=variant.pk).update(stock_on_hand=F("stock_on_hand") + counted - 10)

    assert race(lambda: count_blindly(12), lambda: count_blindly(9)) == [1, 1]
    assert counts(variant) == (11, 0), "which is what nobody counted"
