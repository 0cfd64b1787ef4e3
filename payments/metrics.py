"""The signals about money that /metrics shows, read from the database: right for however many processes there are.

Windows and ages are gauges; what only grows is a counter, counted by accounts/counts.py. A dozen statements, each by an index;
what they read grows with a day's trade and with what is left undone, never with the history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeHistogramMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from accounts.counts import counted_ever
from orders.models import Order, OutgoingMail
from orders.status import Status, Way
from payments.models import HOW_IT_ENDED, Difference, Payment, ReconcileRun, Refund, WebhookEvent

DAY = timedelta(days=1)
MONEY_CAME = "payment_intent.succeeded"  # sent for every way to pay, when the money is there
MOST_ORDERS = 5_000  # of a day, that the histogram looks at: the newest; with 10 000 it was most of the cost
SECONDS = (1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600)
CAUSES = ("signature", "unsigned", "size", "handler", "stripe", "account", "mode", "unknown")
REPAIRS = ("event", "asked")
ENDS = {
    Payment.Status.SUCCEEDED: "paid",
    Payment.Status.FAILED: "failed",
    Payment.Status.MISMATCH: "mismatch",
    Payment.Status.EXPIRED: "abandoned",
}
REFUNDS = (Refund.Status.REQUESTED, Refund.Status.PENDING)


class MoneySignals(Collector):
    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        yield _latency(now)
        yield from _events(now)
        yield from _counters()
        yield from _attempts(now)
        yield from _holds(now)
        yield _differences()
        yield from _mails(now)
        yield from _refunds(now)
        yield from _reconciliation()


def _latency(now: datetime) -> Metric:
    """From Stripe's time of the event (whole seconds) to the moment at which the order was booked as paid."""
    news = WebhookEvent.objects.filter(type=MONEY_CAME, order__paid_at__gte=now - DAY).order_by()
    pairs = news.values("order", "order__paid_at").annotate(came=Min("created_at")).order_by("-order__paid_at")
    seconds = [
        max(0.0, (paid_at - came).total_seconds())
        for paid_at, came in pairs.values_list("order__paid_at", "came")[:MOST_ORDERS]
    ]
    buckets = [(str(float(most)), float(sum(one <= most for one in seconds))) for most in SECONDS]
    told = "From the money being at Stripe to the order being paid here; orders paid in the last 24 hours, the newest 5000."
    return GaugeHistogramMetricFamily(
        "shop_paid_to_fulfilled_seconds", told, buckets=[*buckets, ("+Inf", float(len(seconds)))], gsum_value=sum(seconds)
    )


def _events(now: datetime) -> Iterator[Metric]:
    alive, failed = Q(dead_at=None), ~Q(last_error="")
    states = WebhookEvent.objects.filter(processed_at=None).aggregate(
        waiting=Count("id", filter=alive & ~failed),
        failed=Count("id", filter=alive & failed),
        dead=Count("id", filter=~alive),
        oldest=Min("received_at", filter=alive),
    )
    oldest = states.pop("oldest")
    told = "Webhook events whose effect is still owed: waiting, failed and tried again, or dead: given up."
    yield _gauges("shop_webhook_events_unprocessed", told, "state", states)
    told = "Since the oldest of them came that is not dead."
    yield _age("shop_webhook_events_oldest_unprocessed_seconds", told, oldest, now)


def _counters() -> Iterator[Metric]:
    counted = counted_ever("")
    told = "Deliveries to the webhook that came to nothing, by cause."
    yield _counter("shop_webhook_failures", told, "cause", {one: counted.get(f"webhook:{one}", 0) for one in CAUSES})
    told = "Payments that only the reconciler settled, no webhook and no return of a shopper: by a missed event or by asking."
    yield _counter("shop_reconcile_repairs", told, "found_by", {one: counted.get(f"reconcile:{one}", 0) for one in REPAIRS})


def _attempts(now: datetime) -> Iterator[Metric]:
    """Attempts to pay, by way and end. The ratio leaves out what shoppers gave up without trying, and only that."""
    ended = Payment.objects.filter(settled_at__gte=now - DAY).annotate(end=HOW_IT_ENDED)
    rows = ended.order_by().values_list("order__way", "end")
    counts: Counter[tuple[str, str]] = Counter()
    for way, status, number in rows.annotate(Count("id")):
        counts[way, ENDS.get(status, status)] += number
    attempts = GaugeMetricFamily(
        "shop_payment_attempts", "Attempts to pay that ended in the last 24 hours.", labels=["way", "end"]
    )
    ratio = GaugeMetricFamily(
        "shop_payment_success_ratio", "Paid ones among those that were tried; nothing where none was.", labels=["way"]
    )
    for way in Way.values:
        for end in ENDS.values():
            attempts.add_metric([way, end], counts[way, end])
        tried = sum(counts[way, end] for end in ENDS.values() if end != "abandoned")
        if tried:
            ratio.add_metric([way], counts[way, "paid"] / tried)
    yield attempts
    yield ratio


def _holds(now: datetime) -> Iterator[Metric]:
    open_ones = Order.objects.filter(status=Status.PENDING)
    found = open_ones.aggregate(number=Count("id"), placed=Min("placed_at"), ends=Min("expires_at"))
    yield GaugeMetricFamily("shop_open_holds", "Unpaid orders that hold units.", value=found["number"])
    yield _age("shop_oldest_open_hold_seconds", "Since the oldest of them was placed.", found["placed"], now)
    told = "How long ago a hold should have been ended that was not; 0 if none."
    yield _age("shop_hold_overdue_seconds", told, found["ends"], now)


def _differences() -> Metric:
    rows = Difference.objects.filter(resolved_at=None).order_by().values_list("kind").annotate(Count("id"))
    told = "Disagreements on the payment desk that nobody has resolved, by kind."
    return _gauges("shop_differences_open", told, "kind", dict.fromkeys(Difference.Kind.values, 0) | dict(rows))


def _mails(now: datetime) -> Iterator[Metric]:
    waiting = OutgoingMail.objects.filter(sent_at=None, failed_at=None)
    found = waiting.aggregate(number=Count("id"), due=Min("next_try_at"))
    states = {"waiting": found["number"], "given_up": OutgoingMail.objects.filter(failed_at__isnull=False).count()}
    yield _gauges("shop_mails_unsent", "Mails that wait to be sent, and those that were given up.", "state", states)
    told = "How long ago a mail should have been tried that was not; 0 if none."
    yield _age("shop_mail_overdue_seconds", told, found["due"], now)


def _refunds(now: datetime) -> Iterator[Metric]:
    rows = Refund.objects.filter(status__in=REFUNDS).order_by().values_list("status")
    found = {status: (number, oldest) for status, number, oldest in rows.annotate(Count("id"), Min("created_at"))}
    told = "Refunds under way: requested (Stripe has not taken them yet) and pending (on their way)."
    numbers = {str(status): found.get(status, (0, None))[0] for status in REFUNDS}
    yield _gauges("shop_refunds_pending", told, "status", numbers)
    oldest = found.get(Refund.Status.REQUESTED, (0, None))[1]
    yield _age("shop_refunds_oldest_requested_seconds", "Since the oldest was asked that Stripe has not taken.", oldest, now)


def _reconciliation() -> Iterator[Metric]:
    newest = ReconcileRun.objects.order_by("-id").first()
    done = newest if newest and newest.finished_at else ReconcileRun.objects.exclude(finished_at=None).order_by("-id").first()
    told = "When the worker last began to reconcile; 0: never."
    yield GaugeMetricFamily(
        "shop_worker_last_pass_timestamp_seconds", told, value=_stamp(newest.started_at if newest else None)
    )
    told = "When it last finished that; 0: never."
    yield GaugeMetricFamily(
        "shop_reconcile_last_success_timestamp_seconds", told, value=_stamp(done.finished_at if done else None)
    )


def _gauges(name: str, told: str, label: str, values: dict[str, int]) -> Metric:
    metric = GaugeMetricFamily(name, told, labels=[label])
    for value, number in values.items():
        metric.add_metric([value], number)
    return metric


def _counter(name: str, told: str, label: str, values: dict[str, int]) -> Metric:
    metric = CounterMetricFamily(name, told, labels=[label])
    for value, number in values.items():
        metric.add_metric([value], number)
    return metric


def _age(name: str, told: str, since: datetime | None, now: datetime) -> Metric:
    return GaugeMetricFamily(name, told, value=max(0.0, (now - since).total_seconds()) if since else 0.0)


def _stamp(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0
