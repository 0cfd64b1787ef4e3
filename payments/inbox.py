"""The webhook inbox: each event is recorded once and its effect happens once, however often and by whichever way it comes."""

from __future__ import annotations

from django.db.models import F
from django.utils import timezone

from payments.gateway import Event
from payments.handlers import HANDLERS
from payments.models import WebhookEvent
from payments.settle import is_live_shop


def receive(event: Event) -> WebhookEvent:
    """Record `event` and do what it asks for. Raises what its handler raised; the row then keeps the error.

    Two deliveries at once both run the handler: handlers book through conditional UPDATEs, so that is harmless, and
    neither answers Stripe before the effect is stored.
    """
    row, _created = WebhookEvent.objects.get_or_create(
        stripe_id=event.id,
        defaults={
            "type": event.type[:100],
            "object_id": event.object_id[:255],
            "livemode": event.livemode,
            "created_at": event.created_at,
        },
    )
    WebhookEvent.objects.filter(pk=row.pk).update(deliveries=F("deliveries") + 1)
    if row.processed_at is None:
        _process(row, event)
    return row


def _process(row: WebhookEvent, event: Event) -> None:
    try:
        order, outcome = _handle(event)
    except Exception as error:
        WebhookEvent.objects.filter(pk=row.pk).update(last_error=f"{type(error).__name__}: {error}"[:500])
        raise
    WebhookEvent.objects.filter(pk=row.pk, processed_at__isnull=True).update(
        processed_at=timezone.now(), outcome=outcome[:300], order=order, last_error=""
    )


def _handle(event: Event):
    if event.livemode != is_live_shop():
        return None, "ignored: live and test do not mix"
    handler = HANDLERS.get(event.type)
    return handler(event) if handler else (None, "ignored: not a type this shop acts on")
