"""The webhook inbox: each event is recorded once and its effect happens once, however often and by whichever way it comes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, IntegrityError
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.counts import count
from orders.models import Order
from payments import gateway
from payments.gateway import Event
from payments.handlers import HANDLERS
from payments.models import WebhookEvent
from payments.settle import is_live_shop

log = logging.getLogger(__name__)

# After each failure of its own; then it is given up, a good two days after the first. What Stripe delivers is tried at once.
PAUSES = [timedelta(minutes=minutes) for minutes in (0, 1, 5, 15, 60, 3 * 60, 6 * 60, 12 * 60, 24 * 60)]
MOST_FAILURES = len(PAUSES) + 1
AGAIN = "; processed again "


def receive(event: Event, *, delivered: bool = True) -> WebhookEvent:
    """Record `event` and do what it asks for. Raises what its handler raised; the row then keeps the error.

    Two deliveries at once both run the handler: handlers book through conditional UPDATEs, so that is harmless, and
    neither answers Stripe before the effect is stored. `delivered`: by the webhook, and not found by asking. Not to be
    called inside a transaction.
    """
    row = _recorded(event, delivered=delivered)
    if row.processed_at is None:
        _process(row, lambda: event)
    return row


def _recorded(event: Event, *, delivered: bool) -> WebhookEvent:
    """The event's one row. It is written without looking first: most events come once."""
    try:
        return WebhookEvent.objects.create(
            stripe_id=event.id,
            type=event.type[:100],
            object_id=event.object_id,
            livemode=event.livemode,
            created_at=event.created_at,
            deliveries=int(delivered),
            signed_by=event.signed_by,
        )
    except IntegrityError:
        row = WebhookEvent.objects.get(stripe_id=event.id)
    if delivered:
        WebhookEvent.objects.filter(pk=row.pk).update(deliveries=F("deliveries") + 1, signed_by=event.signed_by)
    return row


def process_again(row: WebhookEvent) -> None:
    """Read an event from Stripe and process it, also one that was processed: what has its effect changes nothing.

    Safe to call twice at once. Raises what its handler raised, or GatewayError: Stripe keeps events for 30 days.
    """
    done = WebhookEvent.objects.filter(pk=row.pk, processed_at__isnull=False).select_related("order").first()
    if done:
        _repeat(done)
    else:
        _process(row, lambda: gateway.retrieve_event(row.stripe_id))


def due() -> QuerySet[WebhookEvent]:
    """Events whose effect is owed and that the worker may try now."""
    now = timezone.now()
    return WebhookEvent.objects.filter(Q(next_try_at=None) | Q(next_try_at__lte=now), processed_at=None, dead_at=None)


def _process(row: WebhookEvent, read: Callable[[], Event]) -> None:
    """Do what it asks for, and keep how that went."""
    start = time.monotonic()
    try:
        order, outcome = _handle(read())
    except Exception as error:
        _keep_error(row, error, start)
        raise
    WebhookEvent.objects.filter(pk=row.pk, processed_at__isnull=True).update(
        processed_at=timezone.now(), outcome=outcome[:300], order=order, last_error="", next_try_at=None, dead_at=None,
        **_run(start),
    )  # fmt: skip


def _repeat(row: WebhookEvent) -> None:
    """It stays processed, whatever comes of it now; the outcome says both."""
    start = time.monotonic()
    order, outcome = _handle(gateway.retrieve_event(row.stripe_id))
    told = f"{row.outcome.partition(AGAIN)[0]}{AGAIN}{timezone.now():%Y-%m-%d %H:%M} UTC: {outcome}"
    WebhookEvent.objects.filter(pk=row.pk).update(outcome=told[:300], order=order or row.order, **_run(start))


def _keep_error(row: WebhookEvent, error: Exception, start: float) -> None:
    """Stripe's silence, or the database's, is not the event's own failure: it is tried as soon as possible."""
    told = f"{type(error).__name__}: {error}"[:500]
    rows = WebhookEvent.objects.filter(pk=row.pk, processed_at=None)
    if isinstance(error, gateway.GatewayDown | DatabaseError):
        rows.update(last_error=told, **_run(start))
        return
    failures = (rows.values_list("failures", flat=True).first() or 0) + 1
    now = timezone.now()
    is_dead = failures >= MOST_FAILURES
    rows.update(
        last_error=told,
        failures=failures,
        next_try_at=None if is_dead else now + PAUSES[failures - 1],
        dead_at=now if is_dead else None,
        **_run(start),
    )


def _run(start: float) -> dict[str, Any]:
    return {"attempts": F("attempts") + 1, "duration_ms": int((time.monotonic() - start) * 1000)}


def _handle(event: Event) -> tuple[Order | None, str]:
    if event.account:
        return _not_for_us(event, "account", "ignored: an event of a connected account")
    if event.livemode != is_live_shop():
        return _not_for_us(event, "mode", "ignored: live and test do not mix")
    handler = HANDLERS.get(event.type)
    if handler is None:
        count("webhook:unknown")
        return None, "ignored: not a type this shop acts on"
    return handler(event)


def _not_for_us(event: Event, cause: str, outcome: str) -> tuple[None, str]:
    count(f"webhook:{cause}")
    log.warning("Webhook %s %s: %s; look at the endpoint in Stripe's dashboard", event.type, event.id, outcome)
    return None, outcome
