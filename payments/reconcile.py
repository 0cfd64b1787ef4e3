"""Ask Stripe what webhooks may have missed. A shop whose webhook never works still fulfils every paid order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.db.models import Q
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
KEPT_RUNS = 500
PAGE = 100  # events, as Stripe lists them
RECONCILER = "reconciler"  # in an order's timeline

Progress = Callable[[int], object]
Row = TypeVar("Row")


def reconcile(*, progress: Progress | None = None) -> ReconcileRun:
    """Feed every attempt nobody has decided, and the events we never got, to the functions that webhooks use.

    Attempts come first: they are few, and a worker that is killed again and again in a long list of events gets to them.
    Safe to run beside itself: the effects are claimed by conditional UPDATEs. What fails is logged and tried by the next
    run; one poisonous event does not stop the others. Raises GatewayError if Stripe's events cannot be listed.
    """
    run = ReconcileRun.objects.create(started_at=timezone.now())
    run.payments_checked = _undecided_payments(progress) + _unsent_refunds(progress)
    try:
        run.events_seen = _missed_events(_since(), progress) + _old_events(progress)
        run.finished_at = timezone.now()
    except Exception as error:
        run.last_error = str(error)[:500]
        raise
    finally:
        run.save()
    kept = ReconcileRun.objects.order_by("-id").values_list("id", flat=True)[:KEPT_RUNS]
    ReconcileRun.objects.exclude(id__in=list(kept)).delete()
    return run


def _since() -> datetime:
    """Shortly before the last run that read all events began, or before an event whose effect is still owed was made."""
    earliest = timezone.now() - FIRST_LOOK_BACK
    last = ReconcileRun.objects.filter(finished_at__isnull=False).order_by("-started_at").first()
    if last is None:
        return earliest
    owed = due().filter(created_at__gt=earliest).order_by("created_at").first()
    return min(last.started_at, owed.created_at if owed else last.started_at) - OVERLAP


def _missed_events(since: datetime, progress: Progress | None) -> int:
    """Oldest first; nothing is begun before the whole list was read. Only what is owed is kept of it."""
    events, owed = gateway.list_events(since=since, types=sorted(HANDLERS)), []
    while page := list(islice(events, PAGE)):
        owed += _owed(page)
    return _each(reversed(owed), _receive, progress)


def _owed(events: list[Event]) -> list[Event]:
    """Those never heard of, and those whose turn has come again."""
    recorded = WebhookEvent.objects.filter(stripe_id__in=[event.id for event in events])
    known, again = (set(rows.values_list("stripe_id", flat=True)) for rows in (recorded, due() & recorded))
    return [event for event in events if event.id not in known or event.id in again]


def _old_events(progress: Progress | None) -> int:
    """Events that failed for longer than Stripe's list is read back."""
    earliest = timezone.now() - FIRST_LOOK_BACK
    return _each(due().filter(created_at__lt=earliest).order_by("id"), process_again, progress)


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
    """Do the work for each row; a row whose work fails is left for the next run. Answers how many were done."""
    done = 0
    for row in rows:
        with log_fields():
            try:
                work(row)
                done += 1
            except gateway.GatewayError as error:
                log.warning("Reconciling %s failed, the next run tries again: %s", row, error)
            except Exception:
                log.exception("Reconciling %s failed, the next run tries again", row)
        if progress:
            progress(1)
    return done
