from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from catalog.models import StockMovement, Variant
from orders import transitions
from orders.models import Order, OutgoingMail
from orders.status import OPEN, SOLD, Status
from orders.transitions import (
    InvalidTransition,
    cancel,
    expire,
    mark_confirming,
    mark_paid,
    mark_refund_failed,
    mark_refunded,
    put_back_in_stock,
    ship,
)
from tests import factories
from tests.orders.placing import pay, placed, stock_of, violations

pytestmark = pytest.mark.django_db

QUANTITY, ON_HAND = 2, 10
Verb = Callable[..., bool]

# What each verb does from which state: the state it leads to, None for "done before", nothing for "not allowed".
TABLE: dict[Verb, dict[str, str | None]] = {
    mark_confirming: {"pending": "confirming", "confirming": None, "paid": None, "shipped": None, "refunded": None},
    mark_paid: {"pending": "paid", "confirming": "paid", "paid": None, "shipped": None, "refunded": None},
    expire: {"pending": "expired", "expired": None},
    cancel: {"pending": "cancelled", "confirming": "cancelled", "cancelled": None},
    ship: {"paid": "shipped", "shipped": None},
    mark_refunded: {"paid": "refunded", "shipped": "refunded", "refunded": None},
    mark_refund_failed: {"refunded": "paid", "paid": None},
}
PAIRS = [(verb, status) for verb in TABLE for status in Status]
MOVES = [(verb, Status(source), Status(target)) for verb, moves in TABLE.items() for source, target in moves.items() if target]
MAILS = {mark_paid: [OutgoingMail.Kind.CONFIRMED], ship: [OutgoingMail.Kind.SHIPPED]}
STOCK = {  # (on hand, reserved) after the verb; where not named it stays
    mark_paid: (ON_HAND - QUANTITY, 0),
    expire: (ON_HAND, 0),
    cancel: (ON_HAND, 0),
}


@pytest.fixture
def variant() -> Variant:
    return factories.variant(on_hand=ON_HAND)


def order_in(status: str, variant: Variant) -> Order:
    return factories.order(status=status, variants=[(variant, QUANTITY)])


def snapshot(order: Order, variant: Variant) -> tuple:
    row = Order.objects.values().get(pk=order.pk)
    return row, stock_of(variant), order.events.count(), order.mails.count(), StockMovement.objects.count()


def name(value: object) -> str:
    return getattr(value, "__name__", str(value))


# -- The table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("verb", "source", "target"), MOVES, ids=name)
def test_it_moves_along_every_arrow_once(verb, source, target, variant):
    order = order_in(source, variant)
    before = stock_of(variant)
    assert verb(order, by="grace@shop.test") is True
    assert order.status == target
    moved = snapshot(order, variant)
    assert (moved[0]["status"], moved[1]) == (target, STOCK.get(verb, before))
    assert order.events.values_list("from_status", "to_status", "by").last() == (source, target, "grace@shop.test")
    assert [mail.kind for mail in order.mails.all()] == MAILS.get(verb, [])
    assert verb(order, by="grace@shop.test") is False
    assert snapshot(order, variant) == moved


@pytest.mark.parametrize(("verb", "status"), [pair for pair in PAIRS if TABLE[pair[0]].get(pair[1], "") is None], ids=name)
def test_it_does_nothing_where_the_move_was_made_before(verb, status, variant):
    order = order_in(status, variant)
    before = snapshot(order, variant)
    assert verb(order, by="x") is False
    assert snapshot(order, variant) == before


@pytest.mark.parametrize(("verb", "status"), [pair for pair in PAIRS if pair[1] not in TABLE[pair[0]]], ids=name)
def test_it_refuses_every_other_move_and_changes_nothing(verb, status, variant):
    order = order_in(status, variant)
    before = snapshot(order, variant)
    with pytest.raises(InvalidTransition) as refused:
        verb(order, by="x")
    assert refused.value.order == order
    assert order.number in str(refused.value)
    assert snapshot(order, variant) == before


def test_it_goes_only_along_arrows_of_the_table():
    assert all(target in transitions.Status and source in transitions.sources(target) for _verb, source, target in MOVES)


@pytest.mark.parametrize("verb", [mark_paid, expire, cancel, ship, mark_refunded], ids=name)
def test_it_decides_by_the_database_not_by_the_object_in_hand(verb, variant):
    """Two objects of one row, as two requests have them: the second finds the move made."""
    source = next(source for source, target in TABLE[verb].items() if target)
    order = order_in(source, variant)
    other = Order.objects.get(pk=order.pk)
    assert verb(order, by="one") is True
    assert other.status == source
    assert verb(other, by="other") is False
    assert other.status == order.status


# -- Paid -------------------------------------------------------------------------------------------------------------


def test_it_sells_what_was_reserved_and_writes_the_movement(variant):
    order = order_in(Status.PENDING, variant)
    mark_paid(order, by="webhook")
    sale = variant.movements.get(kind="sale")
    assert (sale.delta, sale.reference) == (-QUANTITY, order.number)
    assert abs(order.paid_at - timezone.now()).total_seconds() < 60


def test_it_sells_only_what_is_counted():
    order = factories.order(variants=[(factories.download(), 3)])
    mark_paid(order, by="webhook")
    assert not StockMovement.objects.filter(kind="sale").exists()


def test_it_adds_up_lines_of_one_variant(variant):
    order = factories.order(variants=[(variant, 2), (variant, 3)])
    mark_paid(order, by="webhook")
    assert stock_of(variant) == (ON_HAND - 5, 0)


def test_it_learns_who_bought_it_and_forgets_nothing(variant):
    order = order_in(Status.PENDING, variant)
    mark_paid(order, by="webhook", customer={"email": "", "recipient": "Ada Lovelace", "address": {"line1": "Ring 1"}})
    order.refresh_from_db()
    assert (order.email, order.recipient, order.address) == ("ada@shop.test", "Ada Lovelace", {"line1": "Ring 1"})


def test_it_confirms_to_the_address_that_came_with_the_money(variant):
    order = factories.order(email="", variants=[(variant, 1)])
    mark_paid(order, by="webhook", customer={"email": "guest@shop.test"})
    assert order.mails.get().to == "guest@shop.test"


def test_it_is_paid_also_after_its_variant_was_deleted(variant):
    order = order_in(Status.PENDING, variant)
    variant.delete()
    assert mark_paid(order, by="webhook") is True


def test_it_is_paid_also_after_counting_stock_was_switched_off(variant):
    order = order_in(Status.PENDING, variant)
    Variant.objects.update(stock_tracked=False)
    assert mark_paid(order, by="webhook") is True
    assert stock_of(variant) == (ON_HAND - QUANTITY, 0)


def test_it_moves_all_or_nothing(variant):
    """Where the books do not allow the sale, the order is not paid either, and no mail says so."""
    order = order_in(Status.PENDING, variant)
    Variant.objects.update(stock_reserved=1)
    before = snapshot(order, variant)
    with pytest.raises(transitions.stock.StockConflict):
        mark_paid(order, by="webhook")
    assert snapshot(order, variant) == before


# -- Shipped, refunded ------------------------------------------------------------------------------------------------


def test_it_keeps_carrier_and_tracking_number_of_the_first_parcel(variant):
    order = order_in(Status.PAID, variant)
    ship(order, by="grace@shop.test", carrier="DHL", tracking_number="JJD01")
    ship(order, by="mallory@shop.test", carrier="X", tracking_number="Y")
    order.refresh_from_db()
    assert (order.carrier, order.tracking_number) == ("DHL", "JJD01")
    assert order.shipped_at
    assert order.events.last().what == "Shipped DHL JJD01"


def test_it_is_shipped_again_when_the_refund_of_a_shipped_order_fails(variant):
    order = order_in(Status.PAID, variant)
    ship(order, by="grace@shop.test")
    mark_refunded(order, by="webhook")
    assert mark_refund_failed(order, by="webhook") is True
    assert order.status == Status.SHIPPED
    assert mark_refund_failed(order, by="webhook") is False


def test_it_puts_units_back_once(variant):
    order = order_in(Status.PENDING, variant)
    mark_paid(order, by="webhook")
    assert put_back_in_stock(order, by="grace@shop.test") is True
    assert put_back_in_stock(order, by="grace@shop.test") is False
    assert stock_of(variant) == (ON_HAND, 0)
    assert variant.movements.get(kind="return").delta == QUANTITY


@pytest.mark.parametrize("status", sorted(set(Status) - SOLD))
def test_it_puts_nothing_back_that_was_not_sold(status, variant):
    order = order_in(status, variant)
    before = snapshot(order, variant)
    assert put_back_in_stock(order, by="grace@shop.test") is False
    assert snapshot(order, variant) == before


def test_it_counts_money_back_only_as_far_as_it_came(variant):
    order = order_in(Status.PAID, variant)
    assert transitions.add_refunded(order, order.paid_minor - 1)
    assert not transitions.add_refunded(order, 2)
    assert transitions.add_refunded(order, 1)
    assert not transitions.add_refunded(order, 1)
    transitions.take_back_refunded(order, 500)
    order.refresh_from_db()
    assert order.refundable.minor == 500


def test_it_notes_long_stories_briefly(variant):
    order = order_in(Status.PENDING, variant)
    transitions.note(order, "x" * 5000, by="shop")
    cancel(order, by="shop", what="y" * 5000)
    assert [len(event.what) for event in order.events.all()][-2:] == [300, 300]


def test_it_leaves_the_books_in_order_along_a_whole_life(variant, ada):
    order = placed((variant, QUANTITY), user=ada)
    mark_confirming(order, by="webhook")
    pay(order)
    ship(order, by="grace@shop.test", carrier="DHL")
    assert violations() == {}
    assert [event.to_status for event in order.events.all()] == ["pending", "confirming", "paid", "shipped"]
    assert {mail.kind for mail in order.mails.all()} == {"confirmed", "shipped"}


@pytest.mark.parametrize("status", sorted(OPEN))
def test_it_releases_nothing_for_lines_that_are_not_counted(status):
    order = factories.order(status=status, variants=[(factories.download(), 3)])
    assert cancel(order, by="shopper") is True
