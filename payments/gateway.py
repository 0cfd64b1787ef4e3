"""The one door to Stripe: the only module that imports `stripe`.

It takes and gives plain values and the frozen dataclasses of answers.py, and turns every failure into an error of its own.
No verb here may be called inside a transaction. The stand-in of `make run` is another address for the same client.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import stripe
from django.conf import settings

from payments.answers import NO_EVENT, Event, StripePayment, StripeRefund, to_event, to_intent, to_refund, to_session
from payments.checks import is_signing_secret
from payments.patience import seconds_left

log = logging.getLogger(__name__)

# Otherwise the SDK writes an id into the home folder and tells Stripe of this machine and how long its calls took.
stripe.enable_telemetry = False

API_VERSION = stripe.api_version
CONNECT_SECONDS, READ_SECONDS = 2, 4  # of one call, which is tried twice; patience.py limits all calls of a page
LEAST_SECONDS = 0.1  # with less time left than this a call is not begun
IN_USE = "idempotency_key_in_use"
SIGNATURE_TOLERANCE_SECONDS = 300
KEY_REFUSED, DOES_NOT_ANSWER = "Stripe refuses our key", "Stripe does not answer as it should"
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


class GatewayKeyRefused(GatewayDown):
    """Stripe does not take our key (401), or not for this (403). Nothing was done; it can be, once a person mends the key.

    The message begins with KEY_REFUSED: rows that keep it are found by that.
    """


class GatewayRefused(GatewayError):
    """Stripe said no, and says no again if asked the same way. `code` is Stripe's own word."""

    def __init__(self, message: str, *, code: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.code, self.status = code, status


class BadSignature(Exception):
    """A webhook body that Stripe did not sign with one of our secrets, or signed too long ago."""


def create_checkout_session(params: dict[str, Any], *, idempotency_key: str) -> StripePayment:
    """Open a payment page. The same key and parameters give the same session, however often they are sent."""
    options: Any = {"idempotency_key": idempotency_key}
    sessions = _client().v1.checkout.sessions
    return _session(_ask(lambda: sessions.create(params=params, options=options)))  # type: ignore[arg-type]


def retrieve_checkout_session(session_id: str) -> StripePayment:
    """Every webhook makes this call. Its answer is taken as JSON: the SDK's objects would cost as much again."""
    path = f"/v1/checkout/sessions/{quote(session_id, safe='')}"
    return to_session(_ask(lambda: _client().raw_request("get", path, expand=["payment_intent"])).data)


def expire_checkout_session(session_id: str) -> StripePayment:
    """Close the payment page. Raises GatewayRefused if the session is not open any more."""
    return _session(_ask(lambda: _client().v1.checkout.sessions.expire(session_id)))


def find_checkout_session(*, payment_intent_id: str) -> StripePayment | None:
    """The session that a PaymentIntent belongs to."""
    params: Any = {"payment_intent": payment_intent_id, "limit": 1, "expand": ["data.payment_intent"]}
    page = _ask(lambda: _client().v1.checkout.sessions.list(params=params))
    return _session(page.data[0]) if page.data else None


def find_lost_session(reference: str, *, created_after: datetime) -> StripePayment | None:
    """The session with our `reference` among those made since then, where the answer to the creating call was lost."""
    return next((one for one in list_sessions(created_after) if one.reference == reference), None)


def list_sessions(since: datetime) -> Iterator[StripePayment]:
    """Checkout Sessions made since then, newest first, those of other shops on the account included."""
    params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100, "expand": ["data.payment_intent"]}
    return map(_session, _every(lambda: _client().v1.checkout.sessions.list(params=params)))


def create_payment_intent(params: dict[str, Any], *, idempotency_key: str) -> StripePayment:
    """Something to pay with Stripe's fields. The same key and parameters give the same intent, however often they are sent."""
    options: Any = {"idempotency_key": idempotency_key}
    return _intent(_ask(lambda: _client().v1.payment_intents.create(params=params, options=options)))  # type: ignore[arg-type]


def retrieve_payment_intent(intent_id: str) -> StripePayment:
    return _intent(_ask(lambda: _client().v1.payment_intents.retrieve(intent_id)))


def retrieve_payment(stripe_id: str) -> StripePayment:
    """Whatever an id names: a Checkout Session or a PaymentIntent."""
    return retrieve_payment_intent(stripe_id) if stripe_id.startswith("pi_") else retrieve_checkout_session(stripe_id)


def update_payment_intent(intent_id: str, params: dict[str, Any]) -> StripePayment:
    return _intent(_ask(lambda: _client().v1.payment_intents.update(intent_id, params=params)))  # type: ignore[arg-type]


def cancel_payment_intent(intent_id: str) -> StripePayment:
    """Let nobody pay it any more. Raises GatewayRefused if its money came, is on its way, or it was cancelled before."""
    return _intent(_ask(lambda: _client().v1.payment_intents.cancel(intent_id)))


def find_lost_intent(reference: str, *, created_after: datetime) -> StripePayment | None:
    """The intent with our `reference` among those made since then, where the answer to the creating call was lost."""
    return next((one for one in list_intents(created_after) if one.reference == reference), None)


def list_intents(since: datetime) -> Iterator[StripePayment]:
    """PaymentIntents made since then, newest first, those of sessions and of other shops included."""
    params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
    return map(_intent, _every(lambda: _client().v1.payment_intents.list(params=params)))


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


def list_refunds_since(since: datetime) -> Iterator[StripeRefund]:
    """Refunds made since then, newest first, of whatever payments of the account."""
    params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
    return map(_refund, _every(lambda: _client().v1.refunds.list(params=params)))


def list_events(*, since: datetime, types: list[str]) -> Iterator[Event]:
    """Events made since then, oldest first: what webhooks may have missed. Stripe keeps them for 30 days."""
    params: Any = {"created": {"gte": int(since.timestamp())}, "types": types, "limit": 100}
    page = _ask(lambda: _client().v1.events.list(params=params))
    events = _ask(lambda: list(page.auto_paging_iter()))
    return (to_event(one.to_dict()) for one in reversed(events))


def retrieve_event(event_id: str) -> Event:
    """An event of the last 30 days: Stripe keeps them no longer. Raises GatewayRefused for others."""
    return to_event(_ask(lambda: _client().v1.events.retrieve(event_id)).to_dict())


def read_event(body: bytes, signature: str) -> Event:
    """Check a webhook's signature over the raw body against every configured secret. Raises BadSignature."""
    for secret in filter(is_signing_secret, settings.STRIPE_WEBHOOK_SECRETS):
        try:
            stripe.WebhookSignature.verify_header(body, signature, secret, SIGNATURE_TOLERANCE_SECONDS)
            return to_event(json.loads(body))
        except stripe.SignatureVerificationError:
            continue
        except NO_EVENT as error:
            # Signed but no event, or a header that is not ASCII (TypeError in stripe 16.1.0).
            raise BadSignature(f"{type(error).__name__}: {error}") from error
    raise BadSignature("No configured secret signed this body")


class _Punctual(stripe.RequestsClient):
    """Waits no longer than the page may take for which it asks."""

    @property
    def _timeout(self) -> Any:  # read by stripe 16.1.0 for each request, in whatever thread
        return tuple(min(most, seconds_left(otherwise=most)) for most in (CONNECT_SECONDS, READ_SECONDS))

    @_timeout.setter
    def _timeout(self, _value: Any) -> None:
        pass

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:  # type: ignore[override]
        if seconds_left(otherwise=READ_SECONDS) < LEAST_SECONDS:
            raise stripe.APIConnectionError("There was no time left to ask", should_retry=False)
        try:
            return super().request(method, url, headers, post_data)
        except stripe.APIConnectionError as error:
            error.should_retry = (
                error.should_retry and seconds_left(otherwise=READ_SECONDS) > self.INITIAL_DELAY + LEAST_SECONDS
            )
            raise


@lru_cache(maxsize=4)
def _client_for(key: str, base: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        base_addresses={"api": base} if base else {},
        max_network_retries=1,
        http_client=_Punctual(),
    )


def _client() -> stripe.StripeClient:
    return _client_for(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


def _ask(call: Callable[[], Any]) -> Any:
    """Make one call and translate its failure. A twin request that is still running at Stripe is waited for."""
    end = time.monotonic() + min(TWIN_SECONDS, seconds_left(otherwise=TWIN_SECONDS))
    for pause in (*TWIN_PAUSES, None):
        try:
            return call()
        except stripe.StripeError as error:
            if _code(error) == IN_USE and pause and time.monotonic() + pause < end:
                time.sleep(pause)
                continue
            translated = _translated(error)
            level = logging.ERROR if isinstance(translated, GatewayKeyRefused) else logging.WARNING
            told = (translated, error.http_status, _code(error), error.request_id)
            log.log(level, "Stripe: %s status=%s code=%s request=%s", *told)
            raise translated from error
    raise AssertionError("unreachable")


def _translated(error: stripe.StripeError) -> GatewayError:
    status = error.http_status or 0
    if _code(error) == IN_USE:
        return GatewayBusy(f"The same call is still running: {error}")
    if status in (401, 403):
        return GatewayKeyRefused(f"{KEY_REFUSED}, mend STRIPE_SECRET_KEY or its permissions: {error}")
    if isinstance(error, stripe.APIConnectionError | stripe.RateLimitError) or status in (0, 409) or status >= 500:
        return GatewayDown(f"{DOES_NOT_ANSWER}: {error}", answered=status >= 500)
    return GatewayRefused(str(error), code=_code(error), status=status)


def _every(first_page: Callable[[], Any]) -> Iterator[Any]:
    """All objects of a list, page after page; each page is a call of its own, with its failures translated."""
    page = _ask(first_page)
    while True:
        yield from page.data
        if not page.has_more:
            return
        page = _ask(page.next_page)


def _code(error: stripe.StripeError) -> str:
    """Stripe's own word. The SDK (16.1.0) hands it on as `error.code` for some statuses only, and not for 409."""
    return getattr(error.error, "code", None) or error.code or ""


def _session(raw: Any) -> StripePayment:
    return to_session(raw.to_dict())


def _intent(raw: Any) -> StripePayment:
    return to_intent(raw.to_dict())


def _refund(raw: Any) -> StripeRefund:
    return to_refund(raw.to_dict())
