"""The one door to Stripe: a verb for each call that the shop makes.

It takes and gives plain values and the frozen dataclasses of answers.py, and turns every failure into an error of its own.
No verb here may be called inside a transaction. The stand-in of `make run` is another address for the same client.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from payments.answers import (
    AddedToLine,
    Event,
    StripePayment,
    StripeRefund,
    to_added,
    to_event,
    to_intent,
    to_refund,
    to_session,
)
from payments.stripe_client import (
    API_VERSION,
    DOES_NOT_ANSWER,
    KEY_REFUSED,
    SHORTEST_PAGE_SECONDS,
    BadSignature,
    GatewayBusy,
    GatewayDown,
    GatewayError,
    GatewayKeyRefused,
    GatewayRefused,
    ask,
    client,
    every,
    read_event,
)

__all__ = [
    "API_VERSION", "DOES_NOT_ANSWER", "KEY_REFUSED", "SHORTEST_PAGE_SECONDS", "BadSignature", "Event", "GatewayBusy",
    "GatewayDown", "GatewayError", "GatewayKeyRefused", "GatewayRefused", "StripePayment", "StripeRefund", "read_event",
]  # fmt: skip


def create_checkout_session(params: dict[str, Any], *, idempotency_key: str) -> StripePayment:
    """Open a payment page. The same key and parameters give the same session, however often they are sent."""
    options: Any = {"idempotency_key": idempotency_key}
    sessions = client().v1.checkout.sessions
    return _session(ask(lambda: sessions.create(params=params, options=options)))  # type: ignore[arg-type]


def retrieve_checkout_session(session_id: str) -> StripePayment:
    """Every webhook makes this call. Its answer is taken as JSON: the SDK's objects would cost as much again."""
    path = f"/v1/checkout/sessions/{quote(session_id, safe='')}"
    return to_session(ask(lambda: client().raw_request("get", path, expand=["payment_intent"])).data)


def with_added(state: StripePayment) -> StripePayment:
    """The same with what the page added to each line, where it did."""
    added = state.is_paid and (state.discount_minor or state.tax_minor)
    return replace(state, lines=list_added(state.id)) if added else state


def list_added(session_id: str) -> tuple[AddedToLine, ...]:
    """What the page of a session added to each line."""
    sessions, params = client().v1.checkout.sessions, {"limit": 100}
    return tuple(to_added(one.to_dict()) for one in every(lambda: sessions.line_items.list(session_id, params=params)))  # type: ignore[arg-type]


def expire_checkout_session(session_id: str) -> StripePayment:
    """Close the payment page. Raises GatewayRefused if the session is not open any more."""
    return _session(ask(lambda: client().v1.checkout.sessions.expire(session_id)))


def find_checkout_session(*, payment_intent_id: str) -> StripePayment | None:
    """The session that a PaymentIntent belongs to."""
    params: Any = {"payment_intent": payment_intent_id, "limit": 1, "expand": ["data.payment_intent"]}
    page = ask(lambda: client().v1.checkout.sessions.list(params=params))
    return _session(page.data[0]) if page.data else None


def find_lost_session(reference: str, *, created_after: datetime) -> StripePayment | None:
    """The session with our `reference` among those made since then, where the answer to the creating call was lost."""
    return next((one for one in list_sessions(created_after) if one.reference == reference), None)


def list_sessions(since: datetime) -> Iterator[StripePayment]:
    """Checkout Sessions made since then, newest first, those of other shops on the account included."""
    params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100, "expand": ["data.payment_intent"]}
    return map(_session, every(lambda: client().v1.checkout.sessions.list(params=params)))


def create_payment_intent(params: dict[str, Any], *, idempotency_key: str) -> StripePayment:
    """Something to pay with Stripe's fields. The same key and parameters give the same intent, however often they are sent."""
    options: Any = {"idempotency_key": idempotency_key}
    return _intent(ask(lambda: client().v1.payment_intents.create(params=params, options=options)))  # type: ignore[arg-type]


def retrieve_payment_intent(intent_id: str) -> StripePayment:
    return _intent(ask(lambda: client().v1.payment_intents.retrieve(intent_id)))


def retrieve_payment(stripe_id: str) -> StripePayment:
    """Whatever an id names: a Checkout Session or a PaymentIntent."""
    if stripe_id.startswith("pi_"):
        return retrieve_payment_intent(stripe_id)
    return with_added(retrieve_checkout_session(stripe_id))


def update_payment_intent(intent_id: str, params: dict[str, Any]) -> StripePayment:
    return _intent(ask(lambda: client().v1.payment_intents.update(intent_id, params=params)))  # type: ignore[arg-type]


def cancel_payment_intent(intent_id: str) -> StripePayment:
    """Let nobody pay it any more. Raises GatewayRefused if its money came, is on its way, or it was cancelled before."""
    return _intent(ask(lambda: client().v1.payment_intents.cancel(intent_id)))


def find_lost_intent(reference: str, *, created_after: datetime) -> StripePayment | None:
    """The intent with our `reference` among those made since then, where the answer to the creating call was lost."""
    return next((one for one in list_intents(created_after) if one.reference == reference), None)


def list_intents(since: datetime) -> Iterator[StripePayment]:
    """PaymentIntents made since then, newest first, those of sessions and of other shops included."""
    params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
    return map(_intent, every(lambda: client().v1.payment_intents.list(params=params)))


def create_refund(*, payment_intent_id: str, amount_minor: int, reference: str, idempotency_key: str) -> StripeRefund:
    params: Any = {"payment_intent": payment_intent_id, "amount": amount_minor, "metadata": {"refund_reference": reference}}
    options: Any = {"idempotency_key": idempotency_key}
    return _refund(ask(lambda: client().v1.refunds.create(params=params, options=options)))


def retrieve_refund(refund_id: str) -> StripeRefund:
    return _refund(ask(lambda: client().v1.refunds.retrieve(refund_id)))


def list_refunds(*, payment_intent_id: str) -> list[StripeRefund]:
    """All refunds of one payment, those made in Stripe's dashboard included."""
    params: Any = {"payment_intent": payment_intent_id, "limit": 100}
    page = ask(lambda: client().v1.refunds.list(params=params))
    return [_refund(one) for one in page.data]


def list_refunds_since(since: datetime) -> Iterator[StripeRefund]:
    """Refunds made since then, newest first, of whatever payments of the account."""
    params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
    return map(_refund, every(lambda: client().v1.refunds.list(params=params)))


def list_events(*, since: datetime, until: datetime | None, types: list[str]) -> Iterator[Event]:
    """Events made since then and before `until`, newest first: what webhooks may have missed. Stripe keeps them for 30 days.

    Stripe counts whole seconds, and so do both ends: spans that meet have every event once.
    """
    created = {"gte": int(since.timestamp())} | ({"lt": int(until.timestamp())} if until else {})
    params: Any = {"created": created, "types": types, "limit": 100}
    return (to_event(one.to_dict()) for one in every(lambda: client().v1.events.list(params=params)))


def retrieve_event(event_id: str) -> Event:
    """An event of the last 30 days: Stripe keeps them no longer. Raises GatewayRefused for others."""
    return to_event(ask(lambda: client().v1.events.retrieve(event_id)).to_dict())


def _session(raw: Any) -> StripePayment:
    return to_session(raw.to_dict())


def _intent(raw: Any) -> StripePayment:
    return to_intent(raw.to_dict())


def _refund(raw: Any) -> StripeRefund:
    return to_refund(raw.to_dict())
