"""payments/refund.py: never more back than was paid, never twice for one intent."""

from __future__ import annotations

from threading import Barrier

import pytest

from orders.models import Order, OutgoingMail
from orders.status import Status
from orders.transitions import InvalidTransition, add_refunded, ship
from payments import gateway
from payments.audit import audit
from payments.models import Payment, Refund
from payments.reconcile import reconcile
from payments.refund import RefundRefused, book_refund, refund, send
from payments.settle import settle
from tests import factories

REFUNDS = {"method": "POST", "path": "^/v1/refunds$"}


@pytest.fixture
def paid(shopper) -> Payment:
    return settle(shopper.buy(factories.variant(requires_shipping=False, on_hand=5, price_minor=1200), 2), by="test")


def ask(payment: Payment, amount_minor: int = 2400, *, restock: bool = False) -> Refund:
    (row,) = refund(payment.order, amount_minor=amount_minor, restock=restock, reason="Asked by phone", by="grace@shop.test")
    return row


def truth(shopper) -> int:
    return sum(one["refunded"] for one in shopper.books())


def violations() -> set[str]:
    return {name for name, result in audit().items() if result["violations"]}


def test_it_gives_all_back_once(shopper, paid):
    row = ask(paid)
    paid.order.refresh_from_db()
    assert (row.status, paid.order.status, paid.order.refunded_minor, truth(shopper)) == (
        Refund.Status.SUCCEEDED, Status.REFUNDED, 2400, 2400,
    )  # fmt: skip
    assert OutgoingMail.objects.filter(kind="refunded").count() == 1
    assert violations() == set()


def test_it_puts_the_units_back_if_asked(shopper, paid):
    variant = paid.order.lines.get().variant
    ask(paid, 1000, restock=True)
    ask(paid, 1400, restock=True)
    variant.refresh_from_db()
    assert variant.stock_on_hand == 5
    assert violations() == set()


def test_it_leaves_the_units_sold_if_not_asked(shopper, paid):
    ask(paid)
    assert paid.order.lines.get().variant.stock_on_hand == 3


@pytest.mark.parametrize("amount_minor", [2401, 0, -1, 10**12])
def test_it_refuses_what_was_not_paid(shopper, paid, amount_minor):
    with pytest.raises(RefundRefused):
        ask(paid, amount_minor)
    assert (truth(shopper), Refund.objects.count()) == (0, 0)


def test_it_refuses_the_second_press(shopper, paid):
    ask(paid)
    with pytest.raises(RefundRefused, match="can be refunded"):
        ask(paid)
    assert truth(shopper) == 2400


def test_it_keeps_the_order_open_for_the_rest_of_a_part_refund(shopper, paid):
    ask(paid, 999)
    paid.order.refresh_from_db()
    assert (paid.order.status, paid.order.refundable.minor) == (Status.PAID, 1401)
    ask(paid, 1401)
    paid.order.refresh_from_db()
    assert paid.order.status == Status.REFUNDED


def test_it_goes_out_later_if_the_answer_is_lost(shopper, paid):
    shopper.sandbox.fault(**REFUNDS, action="drop_after")
    with pytest.raises(gateway.GatewayDown):
        ask(paid)
    with pytest.raises(RefundRefused):  # pressed again
        ask(paid)
    shopper.sandbox.clear_faults()
    send(Refund.objects.get())
    assert (Refund.objects.get().status, truth(shopper)) == (Refund.Status.SUCCEEDED, 2400)


def test_it_is_sent_by_the_reconciler(shopper, paid):
    shopper.sandbox.fault(**REFUNDS, action="status", status=503)
    with pytest.raises(gateway.GatewayDown):
        ask(paid)
    shopper.sandbox.clear_faults()
    reconcile()
    assert (Refund.objects.get().status, truth(shopper)) == (Refund.Status.SUCCEEDED, 2400)
    assert violations() == set()


def test_it_frees_the_money_if_stripe_refuses(shopper, paid):
    shopper.sandbox.refund(paid.payment_intent_id, amount=2000)  # in the dashboard; the shop has not heard
    with pytest.raises(RefundRefused, match="Stripe refused"):
        ask(paid)
    paid.order.refresh_from_db()
    assert paid.order.refunded_minor == 0
    reconcile()
    paid.order.refresh_from_db()
    assert (paid.order.refunded_minor, truth(shopper)) == (2000, 2000)


def test_it_keeps_a_shipped_order_shipped_after_a_part_refund(shopper, paid):
    ship(paid.order, by="grace@shop.test")
    ask(paid, 100)
    paid.order.refresh_from_db()
    assert paid.order.status == Status.SHIPPED


def test_two_members_of_staff_at_once_refund_once(shopper, paid, race):
    outcomes = race(*[lambda: ask(paid)] * 4)
    assert sum(isinstance(one, Refund) for one in outcomes) == 1, outcomes
    assert sum(isinstance(one, RefundRefused) for one in outcomes) == 3
    assert truth(shopper) == 2400
    assert violations() == set()


def test_many_part_refunds_at_once_never_pass_what_was_paid(shopper, paid, race):
    outcomes = race(*[lambda: ask(paid, 700)] * 6)
    assert sum(isinstance(one, Refund) for one in outcomes) == 3, outcomes
    assert truth(shopper) == 2100


def test_looking_before_adding_would_pass_it(shopper, paid, race):
    """The control: the same race, with a look and a later write in place of the one conditional UPDATE."""
    all_have_looked = Barrier(4)

    def look_then_add() -> bool:
        order = Order.objects.get(pk=paid.order_id)
        all_have_looked.wait(30)
        return order.paid_minor >= order.refunded_minor + 700

    assert sum(700 for granted in race(*[look_then_add] * 4) if granted) > paid.amount_minor


def test_it_believes_no_old_answer_once_the_refund_failed(shopper, paid):
    """Two handlers read Stripe; the one that read first books last."""
    row = Refund.objects.create(payment=paid, amount_minor=2400, currency="EUR", restock=True)
    add_refunded(paid.order, 2400)
    for status in ("failed", "succeeded"):
        seen = gateway.StripeRefund("re_1", status, 2400, "EUR", paid.payment_intent_id, row.reference, "declined")
        book_refund(paid, seen, by="test")
    paid.order.refresh_from_db()
    assert (paid.order.status, paid.order.refunded_minor, paid.order.restocked_at) == (Status.PAID, 0, None)
    assert not OutgoingMail.objects.filter(kind="refunded").exists()


def test_it_does_not_ship_what_is_on_the_shelf_again(shopper, paid):
    """Refunded with the units put back; days later the bank returns the refund: paid again, but sold to nobody."""
    row = ask(paid, restock=True)
    shopper.sandbox.finish_refund(row.stripe_id, outcome="failed")
    reconcile()
    paid.order.refresh_from_db()
    assert paid.order.status == Status.PAID
    with pytest.raises(InvalidTransition):
        ship(paid.order, by="grace@shop.test")


class TestAnOrderThatWasPaidTwice:
    """The shop's own refund of the second payment was refused: staff give back all there is."""

    @pytest.fixture
    def twice(self, shopper, paid) -> Order:
        shopper.sandbox.fault(**REFUNDS, action="status", status=400, count=1)
        settle(shopper.pay_again(paid), by="test")
        paid.order.refresh_from_db()
        assert (paid.order.paid_minor, paid.order.refundable.minor, truth(shopper)) == (4800, 4800, 0)
        return paid.order

    def test_it_gives_all_back_payment_by_payment(self, shopper, twice):
        rows = refund(twice, amount_minor=4800, restock=True, reason="Paid twice", by="grace@shop.test")
        twice.refresh_from_db()
        assert [row.amount_minor for row in rows] == [2400, 2400]
        assert (twice.status, truth(shopper), OutgoingMail.objects.filter(kind="refunded").count()) == (
            Status.REFUNDED,
            4800,
            2,
        )
        assert violations() == {"differences_are_resolved"}

    def test_it_leaves_refundable_what_stripe_did_not_take(self, shopper, twice):
        shopper.sandbox.fault(**REFUNDS, action="status", status=400, count=1)
        with pytest.raises(RefundRefused, match="24"):
            refund(twice, amount_minor=4800, restock=False, reason="Paid twice", by="grace@shop.test")
        twice.refresh_from_db()
        assert (twice.refundable.minor, truth(shopper), twice.status) == (2400, 2400, Status.PAID)

    def test_it_sends_the_rest_later_if_stripe_falls_silent(self, shopper, twice):
        shopper.sandbox.fault(**REFUNDS, action="status", status=503)
        with pytest.raises(gateway.GatewayDown):
            refund(twice, amount_minor=4800, restock=False, reason="Paid twice", by="grace@shop.test")
        shopper.sandbox.clear_faults()
        reconcile()
        assert truth(shopper) == 4800

    def test_it_never_gives_more_than_both(self, shopper, twice, race):
        outcomes = race(
            *[lambda: refund(twice, amount_minor=4800, restock=False, reason="Paid twice", by="grace@shop.test")] * 3
        )
        assert sum(isinstance(one, RefundRefused) for one in outcomes) == 2
        assert truth(shopper) == 4800
