"""A dry run: says what processing an event would change, and changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from orders.models import Order
from orders.status import Status, Way
from orders.transitions import expire
from payments.dry_run import dry_run
from payments.inbox import process_again
from payments.models import Difference, Payment, Refund, WebhookEvent
from payments.refund import refund
from payments.settle import settle
from tests import factories
from tests.payments.shopping import DECLINED, IBAN_FAILS

NOTHING = "Nothing would change: the shop says what Stripe says."


@pytest.fixture
def payment(shopper) -> Payment:
    return shopper.put(factories.variant(requires_shipping=False, on_hand=5, price_minor=1200), 2).checkout()


def said(shopper, kind: str) -> str:
    """What the dry run of the stand-in's latest event of a kind says; it must change no row."""
    event = shopper.sandbox.event(kind)
    row = WebhookEvent.objects.create(
        stripe_id=event["id"], type=kind, object_id=event["data"]["object"]["id"], created_at=timezone.now()
    )
    before = rows()
    told = " ".join(dry_run(row))
    assert rows() == before
    return told


def rows() -> dict[str, list[dict[str, object]]]:
    models = [model for label in ("orders", "payments", "catalog") for model in apps.get_app_config(label).get_models()]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}


def test_it_says_that_an_order_would_be_paid_and_then_that_nothing_would_change(shopper, payment):
    shopper.pay(payment)
    assert f"order {payment.order.number} would be paid" in said(shopper, shopper.news())
    row = WebhookEvent.objects.get()
    process_again(row)
    assert dry_run(row) == [NOTHING]


def test_it_says_that_late_money_would_go_back(shopper, payment):
    shopper.pay(payment)
    expire(payment.order, by="test")
    assert "the money would go back" in said(shopper, "payment_intent.succeeded")


def test_it_says_that_another_amount_would_go_on_the_desk(shopper, payment):
    shopper.pay(payment)
    Payment.objects.update(amount_minor=2401)
    assert "not what was asked for" in said(shopper, shopper.news())


@pytest.mark.session  # the end of an intent is not among the events that the shop asks for
def test_it_says_that_a_hold_would_end(shopper, payment):
    shopper.end_page(payment)
    assert "its units be on sale again" in said(shopper, "checkout.session.expired")


def test_it_says_that_money_is_on_its_way_and_that_it_failed(shopper, payment):
    shopper.pay(payment, iban=IBAN_FAILS)
    assert "would wait for it" in said(shopper, "payment_intent.processing")
    settle(payment, by="test")
    shopper.sandbox.finish_payment(Payment.objects.get().payment_intent_id, outcome="failed")
    assert "would be cancelled" in said(shopper, shopper.news("failed"))


def test_it_says_which_refund_would_be_booked_or_change(shopper, payment):
    shopper.pay(payment)
    paid = settle(payment, by="test")
    shopper.sandbox.refund(paid.payment_intent_id, amount=500)
    assert "€5.00 (succeeded) is not here: it would be booked" in said(shopper, "refund.created")
    (ours,) = refund(paid.order, amount_minor=300, reason="", by="grace@shop.test")
    shopper.sandbox.finish_refund(ours.stripe_id, outcome="failed")
    assert "would become “Failed”" in said(shopper, "refund.failed")


def really(shopper, kind: str) -> WebhookEvent:
    """What processing that event does, after the dry run of it."""
    row = WebhookEvent.objects.get(stripe_id=shopper.sandbox.event(kind)["id"])
    process_again(row)
    return row


def test_it_says_that_a_debit_failed_also_where_another_method_could_be_chosen(shopper, settings):
    settings.PAYMENT_WAYS, settings.STRIPE_PUBLISHABLE_KEY, shopper.way = [Way.ELEMENT], "pk_test_shop", Way.ELEMENT
    payment = shopper.put(factories.download()).checkout()
    shopper.sandbox.pay_intent(payment.stripe_id, iban=IBAN_FAILS, email="ada@shop.test", name="Ada")
    settle(payment, by="test")
    shopper.sandbox.finish_payment(payment.stripe_id, outcome="failed")
    assert "would be cancelled" in said(shopper, "payment_intent.payment_failed")
    really(shopper, "payment_intent.payment_failed")
    assert (Order.objects.get().status, Payment.objects.get().status) == (Status.CANCELLED, Payment.Status.FAILED)


def test_it_says_that_a_decline_would_be_noted(shopper, payment):
    shopper.pay(payment, card=DECLINED)
    told = said(shopper, "payment_intent.payment_failed")
    assert told == "The last try to pay was declined, and that would be noted: Your card was declined."
    assert dry_run(really(shopper, "payment_intent.payment_failed")) == [NOTHING]


@pytest.mark.parametrize("settled", [True, False])
def test_it_says_which_refund_is_of_money_that_no_order_has(shopper, payment, settled):
    shopper.pay(payment)
    Payment.objects.update(amount_minor=2401)
    if settled:
        settle(Payment.objects.get(), by="test")
    shopper.sandbox.refund(shopper.intent_of(payment))
    assert "would be noted, and counted on no order" in said(shopper, "refund.created")
    assert dry_run(really(shopper, "refund.created")) == [NOTHING]
    assert (Refund.objects.get().booked, Order.objects.get().refunded_minor) == (False, 0)


def test_it_says_which_refund_is_more_than_the_order_has_left(shopper, payment):
    shopper.pay(payment)
    paid = settle(payment, by="test")
    for _each in range(2):
        shopper.sandbox.refund(paid.payment_intent_id, amount=1000)
    Order.objects.update(refunded_minor=500)
    told = said(shopper, "refund.created")
    assert told.count("it would be booked") == told.count("more than the order has left") == 1
    assert dry_run(really(shopper, "refund.created")) == [NOTHING]
    assert Difference.objects.filter(kind="refund_unknown").count() == 1
    assert Order.objects.get().refunded_minor == 1500


def test_it_says_that_it_knows_no_such_payment(shopper, payment):
    shopper.pay(payment)
    Payment.objects.all().delete()
    assert "no such payment" in said(shopper, shopper.news())


def test_it_says_that_an_event_is_for_somebody_else(shopper, payment):
    shopper.pay(payment)
    assert "would be ignored" in said(shopper, "charge.succeeded")


def test_it_says_which_dispute_would_be_booked_or_change(shopper, payment):
    shopper.pay(payment)
    paid = settle(payment, by="test")
    shopper.sandbox.dispute(paid.payment_intent_id)
    assert "is not here: it would be booked" in said(shopper, "charge.dispute.created")
    process_again(WebhookEvent.objects.get())
    dispute = paid.disputes.get()
    shopper.sandbox.close_dispute(dispute.stripe_id, status="lost")
    assert "would become “lost”" in said(shopper, "charge.dispute.closed")
    assert Order.objects.get().placed_at > timezone.now() - timedelta(hours=1)
