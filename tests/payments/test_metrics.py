"""/metrics says what the rows say, to Prometheus alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from accounts import counts
from accounts.counts import count
from orders.models import Order, OutgoingMail
from orders.status import Way
from payments.expire import expire_orders
from payments.models import Difference, Payment, ReconcileRun, Refund, WebhookEvent
from payments.settle import settle
from shop import metrics as page
from tests import factories
from tests.payments.shopping import DECLINED, Shopper, deliver, events_of

TOKEN = "for-prometheus-alone"
MOST_STATEMENTS = 14


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch, settings):
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(page, "_kept", None)
    counts._waiting.clear()
    yield
    counts._waiting.clear()


def ask(token: str = f"Bearer {TOKEN}") -> Any:
    return Client().get("/metrics", headers={"Authorization": token} if token else {})


def signals(**labels: str) -> dict[str, float]:
    """Values by name; of series with labels those that have all of `labels`."""
    page._kept = None
    samples = [sample for family in text_string_to_metric_families(ask().content.decode()) for sample in family.samples]
    return {one.name: one.value for one in samples if labels.items() <= one.labels.items()}


def payment(*, way: str = "hosted", **fields: Any) -> Payment:
    order = factories.order(way=way)
    return Payment.objects.create(
        order=order, amount_minor=order.total_minor, currency="EUR", **{"settled_at": timezone.now(), **fields}
    )


def ago(**span: int) -> Any:
    return timezone.now() - timedelta(**span)


class TestWhoMayRead:
    @pytest.mark.django_db
    def test_nobody_where_no_token_is_set(self, settings):
        settings.METRICS_TOKEN = ""
        for token in ("", "Bearer", "Bearer ", f"Bearer {TOKEN}"):
            assert ask(token).status_code == 404

    @pytest.mark.parametrize("token", ["", "Bearer", "Bearer wrong", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ä"])
    def test_nobody_without_the_token(self, token):
        answer = ask(token)  # a query would fail this test: it has no database
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
        assert b"shop_" not in answer.content

    @pytest.mark.django_db
    def test_prometheus(self):
        answer = ask()
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert "no-store" in answer["Cache-Control"]
        assert "sessionid" not in answer.cookies

    @pytest.mark.parametrize(("token", "errors"), [("", []), ("x" * 15, ["shop.E009"]), ("x" * 16, [])])
    def test_a_token_that_can_be_guessed_is_refused(self, settings, token, errors):
        from shop.checks import settings_are_complete

        settings.METRICS_TOKEN = token
        assert [message.id for message in settings_are_complete() if message.id == "shop.E009"] == errors


@pytest.mark.django_db
class TestTheCost:
    def test_is_a_few_statements_however_much_there_is(self):
        with CaptureQueriesContext(
            connection,
        ) as empty:
            ask()
        for number in range(5):
            payment(status="succeeded")
            WebhookEvent.objects.create(stripe_id=f"evt_{number}", type="x", created_at=timezone.now())
            ReconcileRun.objects.create(started_at=timezone.now())
        page._kept = None
        with CaptureQueriesContext(connection) as full:
            ask()
        assert len(empty) <= len(full) <= MOST_STATEMENTS

    def test_is_paid_once_in_five_seconds(self, monkeypatch):
        ask()
        with CaptureQueriesContext(connection) as again:
            ask()
        assert len(again) == 0
        monkeypatch.setattr(page, "KEPT_SECONDS", 0)
        with CaptureQueriesContext(connection) as later:
            ask()
        assert len(later) > 5


@pytest.mark.django_db
class TestWhatItSays:
    def test_it_has_every_series_before_anything_happened(self):
        """An alert on something that is not there yet would never fire."""
        assert signals(cause="signature") == {"shop_webhook_failures_total": 0}
        assert signals(kind="unmatched") == {"shop_differences_open": 0}
        assert signals(way="element", end="paid") == {"shop_payment_attempts": 0}
        quiet = signals()
        assert quiet["shop_paid_to_fulfilled_seconds_gcount"] == 0
        assert quiet["shop_worker_last_pass_timestamp_seconds"] == 0
        assert quiet["shop_build_info"] == 1

    def test_events_left_undone(self):
        for name, error, age in (("evt_1", "", 30), ("evt_2", "ValueError: x", 90), ("evt_3", "", 200), ("evt_4", "x", 999)):
            row = WebhookEvent.objects.create(stripe_id=name, type="x", created_at=timezone.now(), last_error=error)
            WebhookEvent.objects.filter(pk=row.pk).update(received_at=ago(seconds=age))
        WebhookEvent.objects.filter(stripe_id="evt_3").update(processed_at=timezone.now())
        WebhookEvent.objects.filter(stripe_id="evt_4").update(dead_at=timezone.now())
        assert signals(state="dead")["shop_webhook_events_unprocessed"] == 1
        assert signals(state="waiting")["shop_webhook_events_unprocessed"] == 1
        assert signals(state="failed")["shop_webhook_events_unprocessed"] == 1
        assert signals()["shop_webhook_events_oldest_unprocessed_seconds"] == pytest.approx(90, abs=20)

    def test_what_was_counted_also_what_waits_to_be_written(self):
        for _each in range(3):
            count("webhook:signature")
        count("reconcile:event")
        assert signals(cause="signature")["shop_webhook_failures_total"] == 3
        assert signals(cause="handler")["shop_webhook_failures_total"] == 0
        assert signals(found_by="event")["shop_reconcile_repairs_total"] == 1

    def test_attempts_of_a_day_by_way_and_end(self):
        for status in ("succeeded", "succeeded", "failed", "expired"):
            payment(status=status)
        payment(status="mismatch", way="element")
        payment(status="succeeded", settled_at=ago(hours=25))
        payment(status="open", settled_at=None)
        assert signals(way="hosted", end="paid")["shop_payment_attempts"] == 2
        assert signals(way="hosted", end="abandoned")["shop_payment_attempts"] == 1
        assert signals(way="hosted")["shop_payment_success_ratio"] == pytest.approx(2 / 3)
        assert signals(way="element")["shop_payment_success_ratio"] == 0
        assert "shop_payment_success_ratio" not in signals(way="embedded")

    def test_holds(self):
        old, young = factories.order(), factories.order()
        Order.objects.filter(pk=old.pk).update(placed_at=ago(minutes=40), expires_at=ago(minutes=8))
        said = signals()
        assert (said["shop_open_holds"], young.is_open) == (2, True)
        assert said["shop_oldest_open_hold_seconds"] == pytest.approx(2400, abs=20)
        assert said["shop_hold_overdue_seconds"] == pytest.approx(480, abs=20)

    def test_holds_that_are_not_over_are_not_overdue(self):
        factories.order()
        assert signals()["shop_hold_overdue_seconds"] == 0

    def test_differences_that_nobody_resolved(self):
        Difference.objects.create(kind="unmatched", reference="cs_1", detail="x")
        Difference.objects.create(kind="unmatched", reference="cs_2", detail="x", resolved_at=timezone.now())
        assert signals(kind="unmatched") == {"shop_differences_open": 1}
        assert signals(kind="amount") == {"shop_differences_open": 0}

    def test_mails(self):
        for number, fields in enumerate(({}, {"failed_at": timezone.now()}, {"sent_at": timezone.now()})):
            OutgoingMail.objects.create(order=factories.order(), kind="confirmed", to=f"{number}@shop.test", **fields)
        OutgoingMail.objects.update(next_try_at=ago(minutes=3))
        assert signals(state="waiting")["shop_mails_unsent"] == 1
        assert signals(state="given_up")["shop_mails_unsent"] == 1
        assert signals()["shop_mail_overdue_seconds"] == pytest.approx(180, abs=20)

    def test_refunds(self):
        for status in ("requested", "pending", "pending", "succeeded"):
            Refund.objects.create(payment=payment(), amount_minor=1, currency="EUR", status=status)
        Refund.objects.update(created_at=ago(minutes=4))
        assert signals(status="requested") == {"shop_refunds_pending": 1}
        assert signals(status="pending") == {"shop_refunds_pending": 2}
        assert signals()["shop_refunds_oldest_requested_seconds"] == pytest.approx(240, abs=20)

    def test_when_the_worker_last_passed(self):
        done, begun = ago(minutes=9), ago(minutes=2)
        ReconcileRun.objects.create(started_at=done, finished_at=done)
        ReconcileRun.objects.create(started_at=begun)
        said = signals()
        assert said["shop_worker_last_pass_timestamp_seconds"] == pytest.approx(begun.timestamp())
        assert said["shop_reconcile_last_success_timestamp_seconds"] == pytest.approx(done.timestamp())


def test_it_says_how_long_it_took_from_money_to_order(shopper):
    for seconds in (4, 700):
        paid = shopper.buy(factories.download())
        for event in events_of(shopper.sandbox, "payment_intent.succeeded"):
            assert deliver(event).status_code == 200
        Order.objects.filter(pk=paid.order_id).update(
            paid_at=WebhookEvent.objects.get(order=paid.order).created_at + timedelta(seconds=seconds)
        )
    Order.objects.exclude(pk=paid.order_id).update(paid_at=timezone.now())  # so that both are of this day, whatever the hour
    said = signals()
    assert said["shop_paid_to_fulfilled_seconds_gcount"] == 2
    assert signals(le="600.0")["shop_paid_to_fulfilled_seconds_bucket"] == 1
    assert signals(le="900.0")["shop_paid_to_fulfilled_seconds_bucket"] == 2
    assert 700 <= said["shop_paid_to_fulfilled_seconds_gsum"] < 800


class TestDeclines:
    """Cards that are tried out leave no sale, and no hold that failed: only what Stripe said about each try."""

    @pytest.fixture(params=Way.values)
    def shopper(self, request, shopper, settings):
        settings.PAYMENT_WAYS, settings.STRIPE_PUBLISHABLE_KEY = list(Way.values), "pk_test_shop"
        shopper.way = request.param
        return shopper

    def declined(self, shopper) -> Payment:
        """By a visitor of their own, who is heard of by the webhook."""
        visitor = Shopper(shopper.sandbox, way=shopper.way)
        attempt = visitor.put(factories.download()).checkout()
        assert visitor.pay(attempt, card=DECLINED)["outcome"] == "declined"
        for event in events_of(shopper.sandbox, "payment_intent.payment_failed"):
            assert deliver(event).status_code == 200
        return attempt

    def test_an_attempt_that_was_declined_and_left_has_failed(self, shopper):
        for _each in range(3):
            self.declined(shopper)
        left = Shopper(shopper.sandbox, way=shopper.way).put(factories.download()).checkout()
        assert set(Payment.objects.exclude(pk=left.pk).values_list("last_error", flat=True)) == {"Your card was declined."}
        Order.objects.update(expires_at=ago(minutes=1))
        assert expire_orders() == 4
        settle(shopper.buy(factories.download()), by="test")
        ends = {end: signals(way=shopper.way, end=end)["shop_payment_attempts"] for end in ("paid", "failed", "abandoned")}
        assert ends == {"paid": 1, "failed": 3, "abandoned": 1}
        assert signals(way=shopper.way)["shop_payment_success_ratio"] == 0.25

    def test_one_that_was_paid_after_all_has_not(self, shopper):
        attempt = self.declined(shopper)
        assert shopper.pay(attempt)["outcome"] == "succeeded"
        settle(attempt, by="test")
        attempt.keep_decline("news that took too long")
        attempt.refresh_from_db()
        assert (attempt.status, attempt.last_error) == (Payment.Status.SUCCEEDED, "")
        assert signals(way=shopper.way)["shop_payment_success_ratio"] == 1
