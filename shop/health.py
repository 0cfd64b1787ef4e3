"""Is the shop alive, and is it ready for shoppers?"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from orders.models import Order, OutgoingMail
from orders.status import Status
from payments.gateway import DOES_NOT_ANSWER, KEY_REFUSED
from payments.models import Payment, ReconcileRun, Refund, WebhookEvent

BACKLOG_AGE = timedelta(minutes=10)
CHECKED_AGE = timedelta(minutes=20)  # the reconciler asks about every live payment each ten
RUN_AGE = timedelta(minutes=15)
ENOUGH_EVENTS = 5  # the newest ones tell whether webhooks come


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while this process answers at all. Asks nothing else: restarting the shop mends no database."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200, or 503 with the reasons in words. They carry counts, never data or settings."""
    reasons = not_ready_because()
    return JsonResponse({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)


def not_ready_because() -> list[str]:
    """What keeps the shop from being ready; empty if nothing does."""
    try:
        if missing_migrations():
            return ["database: migrations are not applied, run manage.py migrate"]
        now = timezone.now()
        backlog = _backlog(now)
        return [*_settings(now), *backlog, *_causes(now, has_backlog=bool(backlog))]
    except DatabaseError:
        return ["database: does not answer"]


def _backlog(now: datetime) -> list[str]:
    """Work that should have been done by now."""
    since, checked_since = now - BACKLOG_AGE, now - CHECKED_AGE
    unchecked = Q(checked_at__lt=checked_since) | Q(checked_at=None, created_at__lt=checked_since)
    found: dict[str, QuerySet] = {
        "webhook events: {} waiting for more than 10 minutes": WebhookEvent.objects.filter(
            processed_at__isnull=True, received_at__lt=since
        ),
        # By the next try, not by age: a mail server that is down makes mails old, and the shop is still ready.
        "mails: {} waiting for more than 10 minutes": OutgoingMail.objects.filter(
            sent_at__isnull=True, failed_at__isnull=True, next_try_at__lt=since
        ),
        "refunds: {} not sent for more than 10 minutes": Refund.objects.filter(
            status=Refund.Status.REQUESTED, created_at__lt=since
        ),
        "holds: {} not ended for more than 10 minutes": Order.objects.filter(status=Status.PENDING, expires_at__lt=since),
        "payments: {} not checked for more than 20 minutes": Payment.objects.filter(unchecked, status__in=Payment.LIVE),
    }
    counts = ((text, rows.count()) for text, rows in found.items())
    return [text.format(count) for text, count in counts if count]


def _causes(now: datetime, *, has_backlog: bool) -> list[str]:
    """Why work is left undone: nobody does it, or Stripe cannot be asked. A shop that never had a worker has no cause."""
    newest = ReconcileRun.objects.order_by("-id").first()
    if newest is None:
        return []
    if newest.started_at < now - RUN_AGE:
        return [f"worker: nothing was reconciled for {_minutes(now - newest.started_at)}, is it running?"]
    error = _last_error_of_a_run()
    if error.startswith(KEY_REFUSED):  # said already
        return []
    good = ReconcileRun.objects.filter(finished_at__isnull=False).order_by("-id").first()
    since = (good or ReconcileRun.objects.earliest("id")).started_at
    if since > now - RUN_AGE and not (error and has_backlog):
        return []
    why = "Stripe does not answer" if error.startswith(DOES_NOT_ANSWER) else "the log and its last run in the admin say why"
    return [f"reconciliation: not finished for {_minutes(now - since)}: {why}"]


def _last_error_of_a_run() -> str:
    """Why the newest run that has ended failed; empty if it did not."""
    ended = ReconcileRun.objects.exclude(finished_at=None, last_error="").order_by("-id").first()
    return ended.last_error if ended else ""


def _settings(now: datetime) -> list[str]:
    """Settings that only Stripe can tell are wrong. Nothing that a stranger sends can make these appear."""
    reasons = []
    payment = Payment.objects.order_by("-id").first()
    if any(error.startswith(KEY_REFUSED) for error in (_last_error_of_a_run(), payment.last_error if payment else "")):
        reasons.append("Stripe refuses our key: mend STRIPE_SECRET_KEY")
    events = WebhookEvent.objects.filter(order__isnull=False, received_at__lt=now - BACKLOG_AGE).order_by("-id")
    deliveries = list(events.values_list("deliveries", flat=True)[:ENOUGH_EVENTS])
    if deliveries and not any(deliveries):
        reasons.append(
            f"webhooks: none of the newest {len(deliveries)} events came by itself; mend the endpoint or STRIPE_WEBHOOK_SECRETS"
        )
    return reasons


def _minutes(age: timedelta) -> str:
    return f"{age // timedelta(minutes=1)} minutes"


def missing_migrations() -> frozenset[tuple[str, str]]:
    """(app, name) of those that the code has and the database has not. Raises DatabaseError."""
    return _migrations_of_the_code() - set(MigrationRecorder(connection).applied_migrations())


@cache
def _migrations_of_the_code() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)
