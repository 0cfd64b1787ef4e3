"""Is the shop alive, and is it ready for shoppers?"""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from orders.models import OutgoingMail
from payments.models import WebhookEvent

BACKLOG_AGE = timedelta(minutes=10)


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
        if not _is_migrated():
            return ["database: migrations are not applied, run manage.py migrate"]
        return _backlog()
    except DatabaseError:
        return ["database: does not answer"]


def _backlog() -> list[str]:
    """Work that should have been done by now: somebody should look at the worker."""
    since = timezone.now() - BACKLOG_AGE
    events = WebhookEvent.objects.filter(processed_at__isnull=True, received_at__lt=since).count()
    # By the next try, not by age: a mail server that is down makes mails old, and the shop is still ready.
    mails = OutgoingMail.objects.filter(sent_at__isnull=True, failed_at__isnull=True, next_try_at__lt=since).count()
    found = {"webhook events": events, "mails": mails}
    return [f"{what}: {count} waiting for more than 10 minutes" for what, count in found.items() if count]


def _is_migrated() -> bool:
    return _migrations_of_the_code() <= set(MigrationRecorder(connection).applied_migrations())


@cache
def _migrations_of_the_code() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)
