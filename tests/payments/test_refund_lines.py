"""Refunds of units: each at most once, at what was paid for it, back on the shelf where staff said so."""

from __future__ import annotations

from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from money import Money
from money.currencies import currency
from orders.emails import render
from orders.models import Order, OrderLine, OutgoingMail
from orders.returns import paid_for, paid_for_shipping
from orders.status import Status
from orders.transitions import InvalidTransition, ship
from payments.audit import audit
from payments.models import Refund
from payments.reconcile import reconcile
from payments.refund import RefundRefused, refund
from payments.refund_lines import Units, worth
from payments.settle import settle
from tests import factories
from tests.trust.at_once import Calls

REFUNDS = {"method": "POST", "path": "^/v1/refunds$"}


@pytest.fixture
def order(shopper) -> Order:
    """Three prints at €12 and one at €7, with shipping of €5.90, paid."""
    factories.shipping_rate()
    shopper.put(factories.variant(on_hand=5, price_minor=700))
    payment = shopper.buy(factories.variant(on_hand=5, price_minor=1200), 3)
    return settle(payment, by="test").order


def line_of(order: Order, price_minor: int = 1200) -> OrderLine:
    return order.lines.get(unit_price_minor=price_minor)


def ask(order: Order, *units: Units, amount_minor: int = 0, shipping: bool = False, **wish) -> Refund:
    amount_minor = amount_minor or worth(order, units, shipping=shipping)
    (row,) = refund(
        order, amount_minor=amount_minor, units=units, shipping=shipping, reason="Torn", by="grace@shop.test", **wish
    )
    return row


def units(order: Order, quantity: int, *, restock: bool = False, price_minor: int = 1200) -> Units:
    return Units(line_of(order, price_minor).pk, quantity, restock)


def on_hand(order: Order, price_minor: int = 1200) -> int:
    return line_of(order, price_minor).variant.stock_on_hand


def truth(shopper) -> int:
    return sum(one["refunded"] for one in shopper.books())


def violations() -> set[str]:
    return {name for name, result in audit().items() if result["violations"]}


def test_it_gives_back_what_was_paid_for_the_units_and_tells_the_buyer(shopper, order):
    row = ask(order, units(order, 2, restock=True), units(order, 1, price_minor=700))
    order.refresh_from_db()
    assert (row.amount_minor, order.refunded_minor, truth(shopper), order.status) == (3100, 3100, 3100, Status.PAID)
    assert [line.refundable_quantity for line in order.lines.order_by("unit_price_minor")] == [0, 1]
    assert (on_hand(order), on_hand(order, 700)) == (4, 4)
    told = OutgoingMail.objects.get(kind="refunded").context
    assert [(line["quantity"], told["amount_minor"]) for line in told["lines"]] == [(2, 3100), (1, 3100)]
    mail = render(OutgoingMail.objects.get(kind="refunded"))
    for text in (str(mail.body), str(mail.alternatives[0].content)):
        assert "2 × Flow Field" in text
        assert "€31.00" in text
    assert violations() == set()


def test_it_gives_shipping_back_once(shopper, order):
    assert ask(order, shipping=True).amount_minor == 590
    with pytest.raises(RefundRefused, match="Shipping was refunded before"):
        refund(order, amount_minor=590, shipping=True, reason="", by="grace@shop.test")
    assert truth(shopper) == 590


def test_it_takes_less_for_the_units_and_never_more(shopper, order):
    with pytest.raises(RefundRefused, match="More than was paid for these units"):
        ask(order, units(order, 1), amount_minor=1201)
    ask(order, units(order, 1), amount_minor=600)
    assert (truth(shopper), line_of(order).refunded_quantity) == (600, 1)


@pytest.mark.parametrize("quantity", [0, -1, 4, 10**9])
def test_it_refuses_units_that_were_not_bought(shopper, order, quantity):
    with pytest.raises(RefundRefused, match="fewer units"):
        ask(order, units(order, quantity), amount_minor=100)
    order.refresh_from_db()
    assert (truth(shopper), order.refunded_minor, line_of(order).refunded_quantity) == (0, 0, 0)


def test_it_refuses_units_of_another_order(shopper, order):
    other = factories.order(status=Status.PAID)
    with pytest.raises(RefundRefused, match="fewer units"):
        ask(order, Units(other.lines.get().pk, 1), amount_minor=100)


def test_it_asks_once_for_a_form_that_is_sent_twice(shopper, order):
    ask(order, units(order, 1), reference="a" * 32)
    with pytest.raises(RefundRefused, match="asked for before"):
        ask(order, units(order, 1), reference="a" * 32)
    assert truth(shopper) == 1200


def test_it_frees_the_units_when_stripe_refuses(shopper, order):
    shopper.sandbox.fault(**REFUNDS, action="status", status=400, count=1)
    with pytest.raises(RefundRefused, match="Stripe refused"):
        ask(order, units(order, 3, restock=True))
    assert (line_of(order).refunded_quantity, on_hand(order)) == (0, 2)
    ask(order, units(order, 3, restock=True))
    assert (line_of(order).refunded_quantity, on_hand(order), truth(shopper)) == (3, 5, 3600)


def test_it_frees_the_units_when_the_refund_comes_back_but_does_not_ship_them(shopper, order):
    row = ask(order, units(order, 1, restock=True))
    shopper.sandbox.finish_refund(row.stripe_id, outcome="failed")
    reconcile()
    assert (line_of(order).refunded_quantity, on_hand(order)) == (0, 3)
    with pytest.raises(InvalidTransition):
        ship(order, by="grace@shop.test")
    ask(order, units(order, 1, restock=True))
    assert on_hand(order) == 3
    assert violations() == {"differences_are_resolved"}
    assert ship(order, by="grace@shop.test")


def test_it_does_not_ship_an_order_of_which_everything_was_refunded(shopper, order):
    ask(order, units(order, 3), units(order, 1, price_minor=700), amount_minor=1000)
    with pytest.raises(InvalidTransition):
        ship(order, by="grace@shop.test")


def test_the_rest_in_full_puts_back_only_what_lines_left(shopper, order):
    ask(order, units(order, 1, restock=True))
    ask(order, units(order, 1, restock=False))  # torn: it stays away
    order.refresh_from_db()
    refund(order, amount_minor=order.refundable.minor, restock=True, reason="All of it", by="grace@shop.test")
    order.refresh_from_db()
    assert (order.status, on_hand(order), on_hand(order, 700)) == (Status.REFUNDED, 4, 5)
    assert violations() == set()


@pytest.mark.case("F68", "A24")
def test_two_members_of_staff_refund_a_line_at_once_once(shopper, order, race):
    outcomes = race(*[lambda: ask(order, units(order, 3, restock=True))] * 3)
    assert sum(isinstance(one, Refund) for one in outcomes) == 1, outcomes
    assert sum(isinstance(one, RefundRefused) for one in outcomes) == 2, outcomes
    assert (truth(shopper), on_hand(order), line_of(order).refunded_quantity) == (3600, 5, 3)
    assert violations() == set()


def test_looking_before_counting_would_refund_it_twice(order, race):
    """The control: the same race, with a look and a later write in place of the conditional UPDATE."""
    line, both_looked = line_of(order), Barrier(2)

    def look_then_take() -> int:
        left = OrderLine.objects.get(pk=line.pk).refundable_quantity
        both_looked.wait(30)
        return 3 if left >= 3 else 0

    assert sum(race(look_then_take, look_then_take)) > line.quantity


def test_a_line_and_everything_at_once_never_give_more_than_was_paid(shopper, order, race):
    everything = order.refundable.minor

    def in_full() -> list[Refund]:
        return refund(order, amount_minor=everything, restock=True, reason="All of it", by="grace@shop.test")

    outcomes = race(lambda: ask(order, units(order, 3, restock=True), amount_minor=3600), in_full)
    assert sum(isinstance(one, RefundRefused) for one in outcomes) == 1, outcomes
    order.refresh_from_db()
    assert truth(shopper) == order.refunded_minor <= order.paid_minor
    assert on_hand(order) == 5
    assert violations() == set()


def test_a_line_and_a_refund_in_the_dashboard_never_give_more_than_was_paid(shopper, order):
    """Made at Stripe while ours was on its way there: Stripe refuses ours, and the units are free again."""
    fault = shopper.sandbox.fault(**REFUNDS, action="hold_before")
    with Calls(lambda: ask(order, units(order, 3, restock=True))) as calls:
        shopper.sandbox.wait_fault(fault, waiting=1, timeout=20)
        shopper.sandbox.refund(order.payments.get().payment_intent_id, amount=order.paid_minor - 1000)
        shopper.sandbox.release(fault)
    assert isinstance(calls.outcomes[0], RefundRefused), calls.outcomes
    shopper.sandbox.clear_faults()
    reconcile()
    order.refresh_from_db()
    assert (order.refunded_minor, truth(shopper)) == (order.paid_minor - 1000,) * 2
    assert (line_of(order).refunded_quantity, on_hand(order)) == (0, 2)
    assert violations() == {"differences_are_resolved"}


def test_it_counts_all_that_was_paid_beside_the_lines_as_shipping(order):
    assert paid_for_shipping(order) == 590


def test_it_counts_units_after_discount_and_with_tax(order):
    OrderLine.objects.filter(unit_price_minor=1200).update(discount_minor=500, tax_minor=100)
    line = line_of(order)
    assert line.paid == Money(3200, "EUR")
    assert [paid_for(line, quantity) for quantity in (1, 2, 3)] == [1066, 2133, 3200]


@given(
    whole=st.integers(0, 10**6),
    cuts=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    code=st.sampled_from(["EUR", "JPY", "KWD", "UGX"]),
)
def test_the_parts_of_a_line_add_up_to_it(whole, cuts, code):
    """However it is cut, and where the line does not divide evenly by its units."""

    class Line:
        quantity, refunded_quantity = sum(cuts), 0
        paid = Money(whole * currency(code).step, code)

    parts = []
    for quantity in cuts:
        parts.append(paid_for(Line, quantity))  # type: ignore[arg-type]
        Line.refunded_quantity += quantity
    assert sum(parts) == Line.paid.minor
    assert all(part >= 0 and part % currency(code).step == 0 for part in parts)
