"""The webhook inbox: each event is recorded once and its effect happens once, however often and by whichever way it comes."""

from __future__ import annotations

import logging

from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from accounts.counts import count
from orders.models import Order
from payments import gateway
from payments.gateway import Event
from payments.handlers import HANDLERS
from payments.models import WebhookEvent
from payments.settle import is_live_shop

log = logging.getLogger(__name__)


def receive(event: Event, *, delivered: bool = True) -> WebhookEvent:
    """Record `event` and do what it asks for. Raises what its handler raised; the row then keeps the error.

    Two deliveries at once both run the handler: handlers book through conditional UPDATEs, so that is harmless, and
    neither answers Stripe before the effect is stored. `delivered`: by the webhook, and not found by asking. Not to be
    called inside a transaction.
    """
    row = _recorded(event, delivered=delivered)
    if row.processed_at is None:
        try:
            _process(row, event)
        except Exception as error:
            _keep_error(row, error)
            raise
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
        )
    except IntegrityError:
        row = WebhookEvent.objects.get(stripe_id=event.id)
    if delivered:
        WebhookEvent.objects.filter(pk=row.pk).update(deliveries=F("deliveries") + 1)
    return row


def process_again(row: WebhookEvent) -> bool:
    """Read an event whose effect is still owed from Stripe, and process it. False if that was done meanwhile.

    Safe to call twice at once. Raises what its handler raised, or GatewayError: Stripe keeps events for 30 days.
    """
    if not WebhookEvent.objects.filter(pk=row.pk, processed_at=None).exists():
        return False
    try:
        _process(row, gateway.retrieve_event(row.stripe_id))
    except Exception as error:
        _keep_error(row, error)
        raise
    return True


def _process(row: WebhookEvent, event: Event) -> None:
    order, outcome = _handle(event)
    WebhookEvent.objects.filter(pk=row.pk, processed_at__isnull=True).update(
        processed_at=timezone.now(), outcome=outcome[:300], order=order, last_error=""
    )


def _keep_error(row: WebhookEvent, error: Exception) -> None:
    told = f"{type(error).__name__}: {error}"[:500]
    WebhookEvent.objects.filter(pk=row.pk, processed_at=None).update(last_error=told)


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
