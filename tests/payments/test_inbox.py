"""Events whose handler fails: tried again ever more seldom, given up in the end; Stripe's silence does not count."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import stripe
from django.utils import timezone

from orders.models import Order
from orders.status import Status
from payments import inbox
from payments.dry_run import dry_run
from payments.gateway import read_event
from payments.inbox import MOST_FAILURES, PAUSES, due, process_again
from payments.models import Payment, WebhookEvent
from payments.reconcile import reconcile
from tests import factories
from tests.payments.shopping import deliver


@pytest.fixture
def payment(shopper) -> Payment:
    return shopper.buy(factories.variant(requires_shipping=False, on_hand=5, price_minor=1200))


@pytest.fixture
def broken(monkeypatch, shopper) -> None:
    def fail(_event: object) -> None:
        raise ValueError("poison")

    monkeypatch.setitem(inbox.HANDLERS, shopper.news(), fail)


def heard(shopper) -> WebhookEvent:
    deliver(shopper.told())
    return WebhookEvent.objects.get()


def try_again(row: WebhookEvent) -> WebhookEvent:
    with pytest.raises(ValueError, match="poison"):
        process_again(row)
    row.refresh_from_db()
    return row


def test_it_keeps_how_an_event_went(shopper, payment):
    row = heard(shopper)
    assert (row.signed_by, row.attempts, row.failures, row.next_try_at, row.dead_at) == (1, 1, 0, None, None)
    assert row.duration_ms is not None
    assert row.outcome == "payment succeeded"


def test_it_says_which_secret_signed(shopper, payment, settings):
    mine = settings.STRIPE_WEBHOOK_SECRETS[0]
    body = json.dumps(shopper.told())
    header = stripe.WebhookSignature.generate_signature_header(body, mine)
    settings.STRIPE_WEBHOOK_SECRETS = ["", "whsec_of_yesterday", mine]
    assert read_event(body.encode(), header).signed_by == 3


def test_it_waits_longer_after_each_failure_and_gives_up(shopper, payment, broken):
    row = heard(shopper)
    for failures in range(1, MOST_FAILURES):
        assert (row.failures, row.attempts, row.dead_at) == (failures, failures, None)
        assert abs(row.next_try_at - timezone.now() - PAUSES[failures - 1]) < timedelta(seconds=30)
        row = try_again(row)
    assert (row.failures, row.next_try_at) == (MOST_FAILURES, None)
    assert row.dead_at is not None
    assert not due().exists()


def test_the_worker_leaves_it_until_its_turn(shopper, payment, broken, monkeypatch):
    row = heard(shopper)
    WebhookEvent.objects.update(next_try_at=timezone.now() + timedelta(minutes=1))
    reconcile()
    row.refresh_from_db()
    assert row.attempts == 1
    monkeypatch.undo()
    WebhookEvent.objects.update(next_try_at=timezone.now())
    reconcile()
    assert Order.objects.get().status == Status.PAID


def test_the_worker_leaves_what_was_given_up_and_staff_do_not(shopper, payment, broken, monkeypatch):
    row = heard(shopper)
    WebhookEvent.objects.update(dead_at=timezone.now(), next_try_at=None)
    monkeypatch.undo()
    reconcile()
    row.refresh_from_db()
    assert (row.attempts, row.processed_at) == (1, None)
    process_again(row)
    row.refresh_from_db()
    assert (row.dead_at, row.outcome) == (None, "payment succeeded")


def test_stripe_sending_it_again_is_tried_at_once(shopper, payment, broken, monkeypatch):
    heard(shopper)
    WebhookEvent.objects.update(next_try_at=timezone.now() + timedelta(hours=1))
    monkeypatch.undo()
    assert heard(shopper).outcome == "payment succeeded"


def test_stripes_silence_is_no_failure_of_the_event(shopper, payment):
    shopper.sandbox.fault(**shopper.asking, action="status", status=503)
    row = heard(shopper)
    assert (row.attempts, row.failures, row.next_try_at) == (1, 0, None)
    assert due().get() == row


def test_an_event_older_than_the_list_is_still_tried(shopper, payment, broken, monkeypatch):
    heard(shopper)
    WebhookEvent.objects.update(created_at=timezone.now() - timedelta(days=5), next_try_at=None)
    monkeypatch.undo()
    reconcile()
    assert WebhookEvent.objects.get(type=shopper.news()).processed_at is not None


def test_one_that_was_processed_is_processed_again_where_it_has_an_effect_now(shopper, payment):
    """As after a restored backup: its payment was not here when it came, and is now."""
    Payment.objects.update(reference="f" * 32, session_id=None, payment_intent_id=None)
    row = heard(shopper)
    assert (row.outcome, row.order) == ("paid, but this shop has no such payment", None)
    payment.save()
    assert "would be paid" in dry_run(row)[0]
    for _each in range(2):
        process_again(row)
    first, processed_at = row.outcome, row.processed_at
    row.refresh_from_db()
    assert row.outcome.startswith(f"{first}; processed again 20")
    assert row.outcome.endswith(" UTC: payment succeeded")
    assert row.outcome.count("processed again") == 1
    assert (row.processed_at, row.order, row.attempts) == (processed_at, payment.order, 3)
    assert payment.order.events.filter(to_status=Status.PAID).count() == 1


def test_one_that_was_processed_stays_so_when_it_fails_again(shopper, payment, monkeypatch):
    row = heard(shopper)
    monkeypatch.setitem(inbox.HANDLERS, row.type, lambda _event: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        process_again(row)
    was = row.outcome, row.processed_at, row.last_error, row.failures
    row.refresh_from_db()
    assert (
        (row.outcome, row.processed_at, row.last_error, row.failures) == was == ("payment succeeded", row.processed_at, "", 0)
    )
