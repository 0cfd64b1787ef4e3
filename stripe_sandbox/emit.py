"""Making events: stored and queued for delivery in the transaction of what they tell."""

from contextvars import ContextVar
from typing import Any

from .objects.others import event
from .runtime import Sandbox

NOBODY = {"id": None, "idempotency_key": None}
# The API request that is being answered in this thread; a shopper's click or a timer is nobody's request.
CAUSE: ContextVar[dict[str, Any]] = ContextVar("CAUSE", default=NOBODY)


def emit(box: Sandbox, kind: str, subject: dict[str, Any], previous: dict[str, Any] | None = None) -> str:
    """Record that something happened to an object; returns the event's id. `previous` only for *.updated."""
    body = event(kind, subject, previous=previous, cause=CAUSE.get(), waiting=box.deliveries.wanted())
    body["api_version"] = box.config.webhook_api_version or body["api_version"]
    box.store.add(body)
    box.deliveries.enqueue(body["id"])
    return body["id"]
