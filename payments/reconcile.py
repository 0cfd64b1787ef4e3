"""Ask Stripe what webhooks may have missed. A shop whose webhook never works still fulfils every paid order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.db.models import Max, Q
from django.utils import timezone

from accounts.counts import count
from accounts.log_fields import add_log_fields, log_fields
from orders.models import Order
from orders.status import Status
from payments import gateway
from payments.gateway import Event
from payments.handlers import HANDLERS
from payments.inbox import due, process_again, receive
from payments.models import Payment, ReconcileRun, Refund, WebhookEvent
from payments.refund import send
from payments.settle import settle

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=10)  # events are listed again this far back: Stripe's clock and ours differ
FIRST_LOOK_BACK = timedelta(days=3)  # as long as Stripe itself goes on delivering
QUIET = timedelta(minutes=2)  # a payment younger than this is left to its webhook
ASK_AGAIN = timedelta(minutes=10)
SHORTEST_SPAN = timedelta(minutes=1)  # of events that are listed at once
MOST_UNANSWERED = 20
KEPT_RUNS = 500
PAGE = 100  # events, as Stripe lists them
RECONCILER = "reconciler"  # in an order's timeline

Progress = Callable[[int], object]
Row = TypeVar("Row")


def reconcile(*, progress: Progress | None = None) -> ReconcileRun:
    """Feed every attempt nobody has decided, and the events we never got, to the functions that webhooks use.

    What is known to be owed comes first: it is little, and a worker that is killed again and again while it reads Stripe's
    events gets to it. Safe to run beside itself: the effects are claimed by conditional UPDATEs. What fails is logged and
    tried by the next run; one poisonous event does not stop the others. Raises GatewayError if Stripe's events cannot be
    listed; what was read until then stays read.
    """
    read_until = ReconcileRun.objects.aggregate(read=Max("read_until"))["read"]
    run = ReconcileRun.objects.create(started_at=timezone.now(), read_until=read_until)
    run.payments_checked = _undecided_payments(progress) + _unsent_refunds(progress)
    try:
        run.events_seen = _owed_events(progress)
        run.events_seen += _missed_events(run, progress)
        run.finished_at = timezone.now()
    except Exception as error:
        run.last_error = str(error)[:500]
        raise
    finally:
        run.save()
    kept = ReconcileRun.objects.order_by("-id").values_list("id", flat=True)[:KEPT_RUNS]
    ReconcileRun.objects.exclude(id__in=list(kept)).delete()
    return run


def _owed_events(progress: Progress | None) -> int:
    """Events we have, whose effect is owed: it failed, or whoever had begun is gone."""
    begun = Q(attempts=0, received_at__gt=timezone.now() - QUIET)  # perhaps this moment, by the webhook
    return _each(due().exclude(begun).order_by("id"), process_again, progress)


def _missed_events(run: ReconcileRun, progress: Progress | None) -> int:
    """Events since shortly before `run.read_until`, span by span: a run that is cut off has got as far as it came.

    A span is short where much happens. Within one, nothing is begun before Stripe's list of it was read: that list begins
    with the newest, and the oldest are processed first.
    """
    done, is_whole, span = 0, True, SHORTEST_SPAN
    since = run.read_until - OVERLAP if run.read_until else run.started_at - FIRST_LOOK_BACK
    while since < run.started_at:
        until = since + span
        listed, missed = _unknown(since, until if until < run.started_at else None)
        done += _each(reversed(missed), _receive, progress)
        is_whole = is_whole and _are_known(missed)
        if is_whole:
            run.read_until = min(max(until, run.read_until or until), run.started_at)
            run.save(update_fields=["read_until"])
        since, span = until, span * 2 if listed <= PAGE else max(span / 2, SHORTEST_SPAN)
    return done


def _unknown(since: datetime, until: datetime | None) -> tuple[int, list[Event]]:
    """How many events Stripe lists, and those that we have not recorded, newest first; only these are held in memory."""
    events = gateway.list_events(since=since, until=until, types=sorted(HANDLERS))
    listed, missed = 0, []
    while page := list(islice(events, PAGE)):
        recorded = WebhookEvent.objects.filter(stripe_id__in=[event.id for event in page])
        known = set(recorded.values_list("stripe_id", flat=True))
        missed += [event for event in page if event.id not in known]
        listed += len(page)
    return listed, missed


def _are_known(events: list[Event]) -> bool:
    """Whether all are recorded by now, also those whose effect is still owed: else they are to be listed again."""
    ids = iter([event.id for event in events])
    pages = iter(lambda: list(islice(ids, PAGE)), [])
    return all(WebhookEvent.objects.filter(stripe_id__in=page).count() == len(page) for page in pages)


def _receive(event: Event) -> None:
    add_log_fields(event=event.id)
    row = receive(event, delivered=False)
    row.refresh_from_db()
    _count_repair("event", row.order, by=f"webhook {event.id}")


def _settle(payment: Payment) -> None:
    _count_repair("asked", settle(payment, by=RECONCILER).order, by=RECONCILER)


def _count_repair(how: str, order: Order | None, *, by: str) -> None:
    """Count a payment that no webhook and no shopper's return had settled: this run bought the order."""
    if order and order.events.filter(to_status=Status.PAID, by=by).exists():
        count(f"reconcile:{how}")


def _undecided_payments(progress: Progress | None) -> int:
    """Ask about attempts that are open: after two minutes, then every ten."""
    now = timezone.now()
    unasked = Q(checked_at__isnull=True, created_at__lt=now - QUIET)
    due = Payment.objects.filter(unasked | Q(checked_at__lt=now - ASK_AGAIN), status__in=Payment.LIVE)
    return _each(due.select_related("order").order_by("id"), _settle, progress)


def _unsent_refunds(progress: Progress | None) -> int:
    owed = Refund.objects.filter(status=Refund.Status.REQUESTED).select_related("payment")
    return _each(owed.order_by("id"), send, progress)


def _each(rows: Iterable[Row], work: Callable[[Row], object], progress: Progress | None) -> int:
    """Do the work for each row; a row whose work fails is left for the next run. Answers how many were done.

    After a good many in a row without an answer from Stripe the rest is left, too: mail waits behind this work.
    """
    done = unanswered = 0
    for row in rows:
        with log_fields():
            try:
                work(row)
                done, unanswered = done + 1, 0
            except gateway.GatewayError as error:
                log.warning("Reconciling %s failed, the next run tries again: %s", row, error)
                unanswered += isinstance(error, gateway.GatewayDown)
            except Exception:
                log.exception("Reconciling %s failed, the next run tries again", row)
        if progress:
            progress(1)
        if unanswered == MOST_UNANSWERED:
            break
    return done
