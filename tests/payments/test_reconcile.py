"""payments/reconcile.py and expire.py: what no webhook told is found by asking."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Variant
from orders.models import Order
from orders.status import Status
from payments import gateway, inbox
from payments.audit import audit
from payments.expire import expire_orders
from payments.gateway import KEY_REFUSED, GatewayDown, GatewayError
from payments.handlers import HANDLERS
from payments.models import Difference, Payment, ReconcileRun, Refund, WebhookEvent
from payments.reconcile import MOST_UNANSWERED, OVERLAP, reconcile
from payments.settle import settle
from tests import factories
from tests.payments.shopping import CLOSED, IBAN_SUCCEEDS, Shopper, deliver, events_of, lose_answer, one_event


@pytest.fixture
def download(shopper):
    return factories.variant(requires_shipping=False, on_hand=5, price_minor=1200)


def overdue(payment: Payment) -> None:
    Order.objects.filter(pk=payment.order_id).update(expires_at=timezone.now() - timedelta(minutes=1))


def state(payment: Payment) -> str:
    return Order.objects.get(pk=payment.order_id).status


def read_until(moment: datetime) -> ReconcileRun:
    """A run before this one got so far in the list of Stripe's events."""
    now = timezone.now()
    return ReconcileRun.objects.create(started_at=now, finished_at=now, read_until=moment)


def violations() -> set[str]:
    return {name for name, result in audit().items() if result["violations"]}


class TestReconcile:
    def test_it_fulfils_without_any_webhook(self, shopper, download):
        payment = shopper.buy(download)
        reconcile()
        assert state(payment) == Status.PAID
        assert violations() == set()

    def test_it_tells_what_no_webhook_brought(self, shopper, download):
        shopper.buy(download)
        deliver(one_event(shopper.sandbox, "payment_intent.succeeded"))
        reconcile()
        told = dict(WebhookEvent.objects.values_list("type", "deliveries"))
        assert told.pop("payment_intent.succeeded") == 1
        assert told == {} if shopper.has_fields else {"checkout.session.completed": 0}

    def test_it_asks_the_database_no_more_for_more_known_events(self, shopper, download):
        asked = []
        for _sale in range(2):
            shopper.buy(download)
            reconcile()
            with CaptureQueriesContext(connection) as statements:
                reconcile()
            asked.append(len(statements))
        assert asked[0] == asked[1]

    def test_it_does_old_events_first(self, shopper, download):
        payment = settle(shopper.buy(download), by="test")
        shopper.sandbox.refund(payment.payment_intent_id, amount=500)
        reconcile()
        done = list(WebhookEvent.objects.order_by("id").values_list("stripe_id", flat=True))
        assert len(done) > 1
        assert done == [event["id"] for event in shopper.sandbox.events() if event["id"] in done]

    def test_it_keeps_why_it_did_not_finish(self, shopper, settings):
        settings.STRIPE_SECRET_KEY = "sk_test_revoked_0123456789"
        with pytest.raises(GatewayError):
            reconcile()
        run = ReconcileRun.objects.get()
        assert (run.finished_at, run.last_error.startswith(KEY_REFUSED)) == (None, True)

    def test_it_books_refunds_made_in_the_dashboard(self, shopper, download):
        payment = settle(shopper.buy(download), by="test")
        shopper.sandbox.refund(payment.payment_intent_id)
        reconcile()
        assert state(payment) == Status.REFUNDED

    def test_it_goes_on_trying_an_event_that_failed_long_ago(self, shopper, download):
        payment = settle(shopper.buy(download), by="test")
        shopper.sandbox.refund(payment.payment_intent_id)
        shopper.sandbox.fault(method="GET", path="^/v1/refunds", action="status", status=500)
        reconcile()
        shopper.sandbox.clear_faults()
        ReconcileRun.objects.update(read_until=timezone.now() + timedelta(hours=1))  # many runs later
        reconcile()
        assert state(payment) == Status.REFUNDED
        assert not WebhookEvent.objects.filter(processed_at=None).exists()

    def test_it_asks_about_a_payment_whose_events_are_gone(self, shopper, download):
        payment = shopper.buy(download)
        read_until(timezone.now() + timedelta(hours=1))
        Payment.objects.filter(pk=payment.pk).update(created_at=timezone.now() - timedelta(minutes=3), checked_at=None)
        run = reconcile()
        assert (run.payments_checked, state(payment)) == (1, Status.PAID)

    def test_it_asks_about_attempts_before_it_reads_what_may_be_a_long_list(self, shopper, download, monkeypatch):
        payment, then = shopper.buy(download), []
        Payment.objects.filter(pk=payment.pk).update(created_at=timezone.now() - timedelta(minutes=3), checked_at=None)

        def listed(**_asked):
            then.append(state(payment))
            return iter(())

        monkeypatch.setattr("payments.gateway.list_events", listed)
        reconcile()
        assert set(then) == {Status.PAID}

    def test_it_finds_a_page_whose_creation_was_never_answered(self, shopper, download):
        payment = shopper.buy(download)
        lose_answer(payment)
        reconcile()
        assert state(payment) == Status.PAID

    def test_it_does_nothing_the_second_time(self, shopper, download):
        shopper.buy(download)
        reconcile()
        assert reconcile().events_seen == 0
        assert set(WebhookEvent.objects.values_list("deliveries", flat=True)) == {0}

    def test_one_poisonous_payment_does_not_stop_the_others(self, shopper, download):
        poisonous, good = shopper.buy(download), Shopper(shopper.sandbox).buy(download)
        shopper.sandbox.fault(method="GET", path=f"^/v1/.*/{poisonous.stripe_id}", action="status", status=500)
        reconcile()
        assert (state(poisonous), state(good)) == (Status.PENDING, Status.PAID)
        shopper.sandbox.clear_faults()
        reconcile()
        assert state(poisonous) == Status.PAID

    def test_many_at_once_have_one_effect(self, shopper, download, race):
        payment = shopper.buy(download)
        race(*[reconcile] * 4)
        assert payment.order.events.filter(to_status=Status.PAID).count() == 1
        assert violations() == set()

    def test_the_command_says_what_it_did(self, shopper, download, capsys):
        shopper.buy(download)
        call_command("reconcile_payments")
        assert "events were new" in capsys.readouterr().out


class TestTheListOfEvents:
    """It may be long, the worker may be ended at any moment, and Stripe may fail at any page of it."""

    def test_a_run_that_is_cut_off_has_got_somewhere(self, shopper, download, monkeypatch):
        began = read_until(timezone.now() - timedelta(minutes=30)).read_until
        list_events, asked = gateway.list_events, []

        def listed(**asking):
            asked.append(asking)
            if len(asked) == 5:
                raise GatewayDown("silent")
            return list_events(**asking)

        monkeypatch.setattr(gateway, "list_events", listed)
        with pytest.raises(GatewayDown):
            reconcile()
        first = asked[-1]["since"]
        assert first > began
        assert ReconcileRun.objects.first().read_until == first
        reconcile()
        assert asked[5]["since"] == first - OVERLAP
        assert ReconcileRun.objects.first().read_until == ReconcileRun.objects.first().started_at

    def test_an_idle_shop_asks_a_few_times_for_three_days(self, shopper):
        reconcile()
        assert 2 < len(shopper.sandbox.requests()) < 15
        reconcile()
        assert len(shopper.sandbox.requests()) < 20

    def test_each_event_is_in_one_span(self, shopper, download, monkeypatch):
        for _sale in range(3):
            Shopper(shopper.sandbox).buy(download)
        made = {event["id"] for event in events_of(shopper.sandbox) if event["type"] in HANDLERS}
        moment = timezone.now()
        for middle in (moment - timedelta(seconds=0.5), moment, moment.replace(microsecond=0)):
            spans = (moment - timedelta(hours=1), middle), (middle, None)
            seen = [event.id for a, b in spans for event in gateway.list_events(since=a, until=b, types=sorted(HANDLERS))]
            assert sorted(seen) == sorted(made)

    def test_what_somebody_had_begun_is_done_though_the_list_cannot_be_read(self, shopper, download):
        payment = shopper.buy(download)
        begun = inbox._recorded(read_event_of(shopper), delivered=True)  # and was killed then
        shopper.sandbox.fault(method="GET", path="^/v1/events$", action="status", status=500)
        with pytest.raises(GatewayDown):
            reconcile()
        assert state(payment) == Status.PENDING  # perhaps the webhook is at it
        WebhookEvent.objects.filter(pk=begun.pk).update(received_at=timezone.now() - timedelta(minutes=3))
        with pytest.raises(GatewayDown):
            reconcile()
        assert state(payment) == Status.PAID

    def test_what_could_not_even_be_recorded_is_listed_again(self, shopper, download, monkeypatch):
        payment = shopper.buy(download)
        before = read_until(timezone.now() - timedelta(seconds=30)).read_until
        with monkeypatch.context() as patch:
            patch.setattr(WebhookEvent.objects, "create", locked)
            reconcile()
        assert (state(payment), ReconcileRun.objects.first().read_until) == (Status.PENDING, before)
        reconcile()
        assert state(payment) == Status.PAID
        assert ReconcileRun.objects.first().read_until > before

    def test_it_does_not_ask_on_and_on_while_stripe_is_away(self, shopper, db):
        for number in range(MOST_UNANSWERED + 5):
            row = {"stripe_id": f"evt_{number}", "type": "refund.created", "created_at": timezone.now(), "attempts": 1}
            WebhookEvent.objects.create(**row)
        shopper.sandbox.fault(method="GET", path="^/v1/", action="status", status=500)
        with pytest.raises(GatewayDown):
            reconcile()
        assert WebhookEvent.objects.filter(attempts=2).count() == MOST_UNANSWERED


def locked(**_row):
    raise OperationalError("database is locked")


def read_event_of(shopper) -> gateway.Event:
    return gateway.retrieve_event(shopper.told()["id"])


class TestExpire:
    def test_it_ends_the_hold_of_a_page_that_stripe_does_not_know(self, shopper, download):
        """The keys are those of another account now, or the stand-in was emptied."""
        payment = shopper.put(download).checkout()
        shopper.sandbox.reset()
        assert (expire_orders(), state(payment)) == (0, Status.PENDING)
        overdue(payment)
        assert (expire_orders(), state(payment)) == (1, Status.EXPIRED)
        assert Difference.objects.get().order == payment.order
        assert shopper.checkout().order != payment.order

    def test_it_lets_no_order_stand_in_the_way_of_the_others(self, shopper, download):
        broken = factories.order(variants=[(download, 2)], expires_at=timezone.now() - timedelta(minutes=9))
        other = factories.order(variants=[(factories.variant(), 2)], expires_at=timezone.now() - timedelta(minutes=5))
        Variant.objects.filter(pk=download.pk).update(stock_reserved=0)  # the books are wrong: nothing can be released
        assert expire_orders() == 1
        other.refresh_from_db()
        broken.refresh_from_db()
        assert (other.status, broken.status) == (Status.EXPIRED, Status.PENDING)

    def test_it_closes_the_page_and_frees_the_units(self, shopper, download):
        payment = shopper.put(download, 2).checkout()
        overdue(payment)
        assert expire_orders() == 1
        download.refresh_from_db()
        assert (state(payment), download.stock_reserved) == (Status.EXPIRED, 0)
        assert shopper.state_of(payment) in CLOSED

    def test_it_leaves_a_hold_that_is_not_over(self, shopper, download):
        payment = shopper.put(download).checkout()
        assert expire_orders() == 0
        assert state(payment) == Status.PENDING

    def test_it_fulfils_what_was_paid_in_the_last_second(self, shopper, download):
        payment = shopper.buy(download)
        overdue(payment)
        assert expire_orders() == 0
        assert state(payment) == Status.PAID

    def test_it_keeps_the_units_of_money_that_is_on_its_way(self, shopper, download):
        payment = shopper.put(download).checkout()
        shopper.pay(payment, iban=IBAN_SUCCEEDS)
        overdue(payment)
        expire_orders()
        download.refresh_from_db()
        assert (state(payment), download.stock_reserved) == (Status.CONFIRMING, 1)

    def test_it_waits_while_stripe_is_down(self, shopper, download):
        payment = shopper.put(download).checkout()
        overdue(payment)
        shopper.sandbox.fault(method="GET", path="^/v1/", action="status", status=503)
        assert expire_orders() == 0
        assert state(payment) == Status.PENDING
        shopper.sandbox.clear_faults()
        assert expire_orders() == 1

    def test_it_ends_an_order_that_never_reached_stripe(self, shopper, download):
        order = factories.order(variants=[(download, 1)], expires_at=timezone.now() - timedelta(minutes=1))
        assert expire_orders() == 1
        order.refresh_from_db()
        download.refresh_from_db()
        assert (order.status, download.stock_reserved) == (Status.EXPIRED, 0)

    def test_sweeper_cancel_link_and_webhook_at_once_release_once(self, shopper, download, race):
        payment = shopper.put(download, 2).checkout()
        overdue(payment)
        race(expire_orders, lambda: shopper.press_cancel(payment.order), lambda: settle(payment, by="test"), expire_orders)
        download.refresh_from_db()
        assert download.stock_reserved == 0
        assert payment.order.events.filter(to_status__in=[Status.EXPIRED, Status.CANCELLED]).count() == 1
        assert violations() == set()


def test_the_worker_does_everything_once(shopper, download, mailoutbox):
    paid, left = shopper.buy(download), Shopper(shopper.sandbox).put(download).checkout()
    overdue(left)
    call_command("worker", "--once")  # reconciles last: its mail goes out with the next turn
    call_command("worker", "--once")
    assert (state(paid), state(left)) == (Status.PAID, Status.EXPIRED)
    assert len(mailoutbox) == 1
    assert not Refund.objects.exists()
