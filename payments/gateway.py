"""The one door to Stripe: the only module that imports `stripe`.

It takes and gives plain values and the frozen dataclasses below, and turns every failure into one of three errors. No
verb here may be called inside a transaction. The stand-in of `make run` is another address for the same client.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import stripe
from django.conf import settings

from payments.customer import collected

log = logging.getLogger(__name__)

API_VERSION = stripe.api_version
CONNECT_SECONDS, READ_SECONDS = 2, 4  # with one retry the worst case stays under ten seconds: a shopper is waiting
IN_USE = "idempotency_key_in_use"
SIGNATURE_TOLERANCE_SECONDS = 300
SHORTEST_PAGE_SECONDS = 1800  # `expires_at` of docs.stripe.com/api/checkout/sessions/create, 2026-10
TWIN_PAUSES, TWIN_SECONDS = (0.5, 1, 2), 6  # how long to wait for the same call that somebody else has running


class GatewayError(Exception):
    """Stripe did not do what was asked. The message is for the log and for staff, never for shoppers."""


class GatewayDown(GatewayError):
    """No usable answer: it is unknown whether Stripe did it. Repeat later, with the same idempotency key.

    `answered`: Stripe itself failed (5xx). It keeps that answer under the idempotency key and repeats it for ever
    (docs.stripe.com/api/idempotent_requests, 2026): look the object up, then ask with a new key.
    """

    def __init__(self, message: str, *, answered: bool = False) -> None:
        super().__init__(message)
        self.answered = answered


class GatewayBusy(GatewayDown):
    """The same call, under the same key, still runs at Stripe: whoever made it gets the answer."""


class GatewayRefused(GatewayError):
    """Stripe said no, and says no again if asked the same way. `code` is Stripe's own word."""

    def __init__(self, message: str, *, code: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.code, self.status = code, status


class BadSignature(Exception):
    """A webhook body that Stripe did not sign with one of our secrets, or signed too long ago."""


@dataclass(frozen=True)
class CheckoutSession:
    """What the shop reads of a Checkout Session. `amount_minor` in minor units of `currency` (upper case)."""

    id: str
    url: str
    status: str  # open, complete, expired
    payment_status: str  # paid, unpaid, no_payment_required
    amount_minor: int
    currency: str
    reference: str  # client_reference_id: Payment.reference
    livemode: bool
    payment_intent_id: str
    intent_status: str
    failure: str  # why the last attempt failed, in Stripe's words for the shopper
    customer: dict[str, Any] = field(default_factory=dict)  # email, recipient, address
    success_url: str = ""

    @property
    def is_open(self) -> bool:
        return self.status == "open"

    @property
    def is_paid(self) -> bool:
        return self.status == "complete" and self.payment_status in ("paid", "no_payment_required")

    @property
    def has_failed(self) -> bool:
        """A delayed method that did not deliver: the session stays complete, its intent wants another method."""
        return self.status == "complete" and self.intent_status in ("requires_payment_method", "canceled")

    @property
    def is_expired(self) -> bool:
        return self.status == "expired"


@dataclass(frozen=True)
class StripeRefund:
    """What the shop reads of a Refund. `reference` is Refund.reference if the shop asked for it, else empty."""

    id: str
    status: str  # pending, requires_action, succeeded, failed, canceled
    amount_minor: int
    currency: str
    payment_intent_id: str
    reference: str
    failure: str


@dataclass(frozen=True)
class Event:
    """A webhook event: what happened to which object. The object itself is read from Stripe again, never from here."""

    id: str
    type: str
    livemode: bool
    created_at: datetime
    object_id: str
    reference: str  # client_reference_id, or our metadata on a PaymentIntent
    payment_intent_id: str


def create_checkout_session(params: dict[str, Any], *, idempotency_key: str) -> CheckoutSession:
    """Open a hosted payment page. The same key and parameters give the same session, however often they are sent."""
    options: Any = {"idempotency_key": idempotency_key}
    sessions = _client().v1.checkout.sessions
    return _session(_ask(lambda: sessions.create(params=params, options=options)))  # type: ignore[arg-type]


def retrieve_checkout_session(session_id: str) -> CheckoutSession:
    expand: Any = {"expand": ["payment_intent"]}
    return _session(_ask(lambda: _client().v1.checkout.sessions.retrieve(session_id, params=expand)))


def expire_checkout_session(session_id: str) -> CheckoutSession:
    """Close the payment page. Raises GatewayRefused if the session is not open any more."""
    return _session(_ask(lambda: _client().v1.checkout.sessions.expire(session_id)))


def find_checkout_session(*, payment_intent_id: str) -> CheckoutSession | None:
    """The session that a PaymentIntent belongs to."""
    params: Any = {"payment_intent": payment_intent_id, "limit": 1, "expand": ["data.payment_intent"]}
    page = _ask(lambda: _client().v1.checkout.sessions.list(params=params))
    return _session(page.data[0]) if page.data else None


def find_lost_session(reference: str, *, created_after: datetime) -> CheckoutSession | None:
    """The session with our `reference` among those made since then, where the answer to the creating call was lost."""
    params: Any = {"created": {"gte": int(created_after.timestamp())}, "limit": 100, "expand": ["data.payment_intent"]}
    page = _ask(lambda: _client().v1.checkout.sessions.list(params=params))
    made = _ask(lambda: [one for one in page.auto_paging_iter() if one.client_reference_id == reference])
    return _session(made[0]) if made else None


def create_refund(*, payment_intent_id: str, amount_minor: int, reference: str, idempotency_key: str) -> StripeRefund:
    params: Any = {"payment_intent": payment_intent_id, "amount": amount_minor, "metadata": {"refund_reference": reference}}
    options: Any = {"idempotency_key": idempotency_key}
    return _refund(_ask(lambda: _client().v1.refunds.create(params=params, options=options)))


def retrieve_refund(refund_id: str) -> StripeRefund:
    return _refund(_ask(lambda: _client().v1.refunds.retrieve(refund_id)))


def list_refunds(*, payment_intent_id: str) -> list[StripeRefund]:
    """All refunds of one payment, those made in Stripe's dashboard included."""
    params: Any = {"payment_intent": payment_intent_id, "limit": 100}
    page = _ask(lambda: _client().v1.refunds.list(params=params))
    return [_refund(one) for one in page.data]


def list_events(*, since: datetime, types: list[str]) -> Iterator[Event]:
    """Events made since then, oldest first: what webhooks may have missed. Stripe keeps them for 30 days."""
    params: Any = {"created": {"gte": int(since.timestamp())}, "types": types, "limit": 100}
    page = _ask(lambda: _client().v1.events.list(params=params))
    events = _ask(lambda: list(page.auto_paging_iter()))
    return (_event(one) for one in reversed(events))


def read_event(body: bytes, signature: str) -> Event:
    """Check a webhook's signature over the raw body against every configured secret. Raises BadSignature."""
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            return _event(_client().construct_event(body, signature, secret, SIGNATURE_TOLERANCE_SECONDS))
        except stripe.SignatureVerificationError:
            continue
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            # Signed but no event, or a header that is not ASCII (TypeError in stripe 16.1.0).
            raise BadSignature(f"{type(error).__name__}: {error}") from error
    raise BadSignature("No configured secret signed this body")


@lru_cache(maxsize=4)
def _client_for(key: str, base: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        base_addresses={"api": base} if base else {},
        max_network_retries=1,
        http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
    )


def _client() -> stripe.StripeClient:
    return _client_for(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


def _ask(call: Callable[[], Any]) -> Any:
    """Make one call and translate its failure. A twin request that is still running at Stripe is waited for."""
    end = time.monotonic() + TWIN_SECONDS
    for pause in (*TWIN_PAUSES, None):
        try:
            return call()
        except stripe.StripeError as error:
            if _code(error) == IN_USE and pause and time.monotonic() + pause < end:
                time.sleep(pause)
                continue
            log.warning("Stripe: %s status=%s code=%s request=%s", error, error.http_status, _code(error), error.request_id)
            raise _translated(error) from error
    raise AssertionError("unreachable")


def _translated(error: stripe.StripeError) -> GatewayError:
    status = error.http_status or 0
    if _code(error) == IN_USE:
        return GatewayBusy(f"The same call is still running: {error}")
    if isinstance(error, stripe.APIConnectionError | stripe.RateLimitError) or status in (0, 409) or status >= 500:
        return GatewayDown(f"Stripe does not answer as it should: {error}", answered=status >= 500)
    return GatewayRefused(str(error), code=_code(error), status=status)


def _code(error: stripe.StripeError) -> str:
    """Stripe's own word. The SDK (16.1.0) hands it on as `error.code` for some statuses only, and not for 409."""
    return getattr(error.error, "code", None) or error.code or ""


def _session(raw: Any) -> CheckoutSession:
    data = raw.to_dict()
    intent = data.get("payment_intent") or {}
    intent = intent if isinstance(intent, dict) else {"id": intent}
    return CheckoutSession(
        id=data["id"],
        url=data.get("url") or "",
        status=data.get("status") or "",
        payment_status=data["payment_status"],
        amount_minor=data.get("amount_total") or 0,
        currency=(data.get("currency") or "").upper(),
        reference=data.get("client_reference_id") or "",
        livemode=data["livemode"],
        payment_intent_id=intent.get("id", ""),
        intent_status=intent.get("status", ""),
        failure=(intent.get("last_payment_error") or {}).get("message") or "",
        customer=collected(data),
        success_url=data.get("success_url") or "",
    )


def _refund(raw: Any) -> StripeRefund:
    data = raw.to_dict()
    return StripeRefund(
        id=data["id"],
        status=data.get("status") or "pending",
        amount_minor=data["amount"],
        currency=data["currency"].upper(),
        payment_intent_id=_id(data.get("payment_intent")),
        reference=(data.get("metadata") or {}).get("refund_reference", ""),
        failure=data.get("failure_reason") or "",
    )


def _event(raw: Any) -> Event:
    data = raw.to_dict()
    target = data["data"]["object"]
    metadata = target.get("metadata") or {}
    is_intent = target.get("object") == "payment_intent"
    return Event(
        id=data["id"],
        type=data["type"],
        livemode=bool(data["livemode"]),
        created_at=datetime.fromtimestamp(data["created"], UTC),
        object_id=str(target.get("id") or ""),
        reference=str(target.get("client_reference_id") or metadata.get("payment_reference") or ""),
        payment_intent_id=str(target["id"]) if is_intent else _id(target.get("payment_intent")),
    )


def _id(value: Any) -> str:
    """The id of something that may be null, an id or an expanded object."""
    return str(value.get("id", "") if isinstance(value, dict) else value or "")
