from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from orders.models import Order, OutgoingMail
from payments.gateway import DOES_NOT_ANSWER, KEY_REFUSED
from payments.models import Payment, ReconcileRun, Refund, WebhookEvent
from tests import factories

LONG_AGO = timedelta(minutes=11)


def reasons() -> list[str]:
    return Client().get("/readyz").json()["reasons"]


def run(*, ago: int, error: str = "") -> None:
    """A reconciliation so many minutes ago, that finished or failed."""
    at = timezone.now() - timedelta(minutes=ago, seconds=1)
    ReconcileRun.objects.create(started_at=at, finished_at=None if error else at, last_error=error)


def payment(**fields) -> Payment:
    order = factories.order()
    return Payment.objects.create(order=order, amount_minor=order.total_minor, currency="EUR", **fields)


def event(*, age=LONG_AGO, **fields):
    named = {"stripe_id": "evt_1", "type": "refund.created", "created_at": timezone.now(), **fields}
    made = WebhookEvent.objects.create(**named)
    WebhookEvent.objects.filter(pk=made.pk).update(received_at=timezone.now() - age)


def mail(*, due, **fields):
    made = OutgoingMail.objects.create(order=factories.order(), kind="confirmed", to="ada@shop.test", **fields)
    OutgoingMail.objects.filter(pk=made.pk).update(next_try_at=timezone.now() + due)


def test_it_is_alive_without_asking_the_database(client):
    answer = client.get("/healthz")  # a query would fail this test: it has no database
    assert answer.status_code == 200
    assert answer.content == b"ok\n"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_it_is_ready_when_nothing_waits(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": []})


@pytest.mark.django_db
def test_it_is_ready_while_work_is_fresh_or_done_or_planned(client):
    event(age=timedelta(minutes=1))
    mail(due=-timedelta(minutes=1))
    mail(due=-LONG_AGO, sent_at=timezone.now())
    mail(due=-LONG_AGO, failed_at=timezone.now())
    mail(due=timedelta(minutes=30), attempts=5)
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_it_is_not_ready_with_a_backlog(client):
    event()
    mail(due=-LONG_AGO)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == [
        "webhook events: 1 waiting for more than 10 minutes",
        "mails: 1 waiting for more than 10 minutes",
    ]


@pytest.mark.django_db
class TestWhatIsLeftUndone:
    """Each alone, and at the same age."""

    def old(self, rows, **fields):
        assert rows.update(**fields)

    def test_a_refund_that_was_not_sent(self):
        Refund.objects.create(payment=payment(status="succeeded"), amount_minor=1, currency="EUR")
        assert reasons() == []
        self.old(Refund.objects, created_at=timezone.now() - LONG_AGO)
        assert reasons() == ["refunds: 1 not sent for more than 10 minutes"]
        self.old(Refund.objects, status="pending")
        assert reasons() == []

    def test_a_hold_that_was_not_ended(self):
        factories.order(expires_at=timezone.now() - timedelta(minutes=1))
        assert reasons() == []
        self.old(Order.objects, expires_at=timezone.now() - LONG_AGO)
        assert reasons() == ["holds: 1 not ended for more than 10 minutes"]
        self.old(Order.objects, status="confirming")  # a bank takes its time
        assert reasons() == []

    @pytest.mark.parametrize("status", ["starting", "open", "processing"])
    def test_a_payment_that_was_not_checked(self, status):
        payment(status=status)
        assert reasons() == []
        self.old(Payment.objects, created_at=timezone.now() - timedelta(minutes=21))
        assert reasons() == ["payments: 1 not checked for more than 20 minutes"]
        self.old(Payment.objects, checked_at=timezone.now() - timedelta(minutes=19))
        assert reasons() == []
        self.old(Payment.objects, checked_at=timezone.now() - timedelta(minutes=21))
        assert reasons() == ["payments: 1 not checked for more than 20 minutes"]
        self.old(Payment.objects, status="expired")
        assert reasons() == []


@pytest.mark.django_db
class TestWhyItIsLeftUndone:
    def test_a_worker_that_is_gone(self):
        run(ago=14)
        assert reasons() == []
        ReconcileRun.objects.all().delete()
        run(ago=25)
        assert reasons() == ["worker: nothing was reconciled for 25 minutes, is it running?"]

    def test_stripe_does_not_answer(self):
        run(ago=20)
        for ago in (10, 5, 1):
            run(ago=ago, error=f"{DOES_NOT_ANSWER}: timeout of sk_test_***")
        assert reasons() == ["reconciliation: not finished for 20 minutes: Stripe does not answer"]
        run(ago=0)
        assert reasons() == []

    def test_stripe_never_answered(self):
        run(ago=16, error=DOES_NOT_ANSWER)
        run(ago=2, error=DOES_NOT_ANSWER)
        assert reasons() == ["reconciliation: not finished for 16 minutes: Stripe does not answer"]

    def test_stripe_fell_silent_a_moment_ago(self):
        run(ago=4)
        run(ago=2, error=DOES_NOT_ANSWER)
        assert reasons() == []
        event()
        assert len(reasons()) == 2

    def test_something_else_fails(self):
        run(ago=30)
        run(ago=1, error="division by zero at db.internal")
        assert reasons() == ["reconciliation: not finished for 30 minutes: the log and its last run in the admin say why"]

    def test_runs_are_cut_off_again_and_again(self):
        run(ago=30)
        for ago in (10, 5, 1):
            ReconcileRun.objects.create(started_at=timezone.now() - timedelta(minutes=ago))
        (reason,) = reasons()
        assert reason.startswith("reconciliation: not finished for 30 minutes")

    def test_a_run_that_is_going_on_is_no_failure(self):
        run(ago=3)
        ReconcileRun.objects.create(started_at=timezone.now())
        assert reasons() == []

    def test_only_the_worker_is_blamed_while_it_is_gone(self):
        run(ago=40, error=DOES_NOT_ANSWER)
        event()
        assert [reason.partition(":")[0] for reason in reasons()] == ["webhook events", "worker"]


@pytest.mark.django_db
class TestSettingsThatOnlyStripeCanJudge:
    REFUSED = "Stripe refuses our key: mend STRIPE_SECRET_KEY"

    def test_a_key_that_is_refused_to_the_worker(self):
        run(ago=3)
        run(ago=1, error=f"{KEY_REFUSED} sk_test_***: x")
        assert reasons() == [self.REFUSED]
        run(ago=0)
        assert reasons() == []

    def test_a_key_that_is_refused_to_a_shopper(self):
        payment(status="failed", last_error=f"{KEY_REFUSED}: x")
        assert reasons() == [self.REFUSED]
        payment(status="open")
        assert reasons() == []

    def test_webhooks_that_do_not_come(self):
        order = factories.order()
        for each in range(3):
            event(stripe_id=f"evt_{each}", order=order, processed_at=timezone.now(), outcome="x")
        (reason,) = reasons()
        assert reason.startswith("webhooks: none of the newest 3 events came by itself")
        event(stripe_id="evt_good", order=order, processed_at=timezone.now(), outcome="x", deliveries=1)
        assert reasons() == []

    def test_webhooks_that_are_only_late(self):
        event(age=timedelta(minutes=9), order=factories.order(), processed_at=timezone.now(), outcome="x")
        assert reasons() == []

    def test_events_of_other_shops_on_the_account(self):
        event(processed_at=timezone.now(), outcome="ignored: no payment of this shop")
        assert reasons() == []

    def test_nothing_that_strangers_send(self, client):
        for _again in range(20):
            assert (
                client.post("/webhooks/stripe/", "{}", "application/json", headers={"Stripe-Signature": "t=1"}).status_code
                == 400
            )
        assert reasons() == []
        assert not WebhookEvent.objects.exists()


@pytest.mark.django_db
def test_it_is_not_ready_before_its_migrations_are_applied(client):
    MigrationRecorder(connection).record_unapplied("orders", "0001_initial")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "migrations" in answer.json()["reasons"][0]


@pytest.mark.django_db
def test_it_is_not_ready_without_its_database(client):
    def refuse(*_args):
        raise DatabaseError("connection to db.internal as shop with password hunter2 failed")

    with connection.execute_wrapper(refuse):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["database: does not answer"]


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_it_only_reads(client, address):
    assert client.post(address).status_code == 405
