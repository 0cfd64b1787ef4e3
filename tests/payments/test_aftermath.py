"""A payment that the shop learns of late: what went back or was disputed meanwhile is booked with it."""

from __future__ import annotations

import pytest

from orders.models import Order
from orders.status import Status, Way
from payments.audit import audit
from payments.desk_repairs import repair
from payments.desk_sweep import sweep
from payments.disputes import refusal
from payments.models import Difference, Dispute, Payment, Refund
from payments.order_tools import NotDone
from tests import factories
from tests.payments.shopping import Shopper, deliver, events_of

GRACE = "grace@shop.test"


@pytest.fixture(params=Way.values)
def payer(request, shopper, settings) -> Shopper:
    settings.PAYMENT_WAYS, settings.STRIPE_PUBLISHABLE_KEY = Way.values, "pk_test_shop"
    shopper.way = request.param
    return shopper


@pytest.fixture
def intent_id(payer) -> str:
    """Of a payment whose order came back from a copy without it, and of which Stripe has told."""
    payment = payer.buy(factories.variant(requires_shipping=False, on_hand=5, price_minor=1200), 2)
    Payment.objects.all().delete()
    tell(payer)
    assert Difference.objects.get().reference == payment.stripe_id
    return payer.intent_of(payment)


def tell(payer: Shopper) -> None:
    for event in events_of(payer.sandbox):
        assert deliver(event).status_code == 200


def attach() -> str:
    return repair(Difference.objects.get(kind="unmatched"), "attach", by=GRACE)


def violations() -> set[str]:
    return {name for name, result in audit().items() if result["violations"]}


def test_attached_it_is_refunded_as_far_as_it_was_refunded_at_stripe(payer, intent_id):
    payer.sandbox.refund(intent_id, amount=500)
    tell(payer)
    assert "which is “Paid”." in attach()
    order = Order.objects.get()
    assert (order.status, order.paid_minor, order.refunded_minor) == (Status.PAID, 2400, 500)
    assert violations() == set()


def test_attached_it_is_refunded_in_full_and_staff_hear_of_its_units(payer, intent_id):
    payer.sandbox.refund(intent_id)
    tell(payer)
    assert "put back those that did not leave" in attach()
    order = Order.objects.get()
    assert (order.status, order.paid_minor, order.refunded_minor) == (Status.REFUNDED, 2400, 2400)
    tell(payer)
    assert (Refund.objects.count(), Order.objects.get().refunded_minor, violations()) == (1, 2400, set())


def test_attached_its_dispute_is_booked_and_keeps_it_from_being_refunded_twice(payer, intent_id):
    payer.sandbox.dispute(intent_id)
    tell(payer)
    attach()
    dispute = Dispute.objects.get()
    assert dispute.stripe_id in refusal(Order.objects.get())
    sweep()
    assert set(Difference.objects.filter(resolved_at=None).values_list("kind", "reference")) == {("dispute", dispute.stripe_id)}


def test_nothing_is_lost_if_stripe_falls_silent_in_between(payer, intent_id):
    payer.sandbox.refund(intent_id, amount=500)
    payer.sandbox.fault(method="GET", path="^/v1/refunds", action="status", status=503)
    with pytest.raises(NotDone, match="does not answer"):
        attach()
    payer.sandbox.clear_faults()
    attach()
    assert Order.objects.get().refunded_minor == 500
