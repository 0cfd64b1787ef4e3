"""Stripe's SDK: the only module that imports `stripe`. How a call is made, how long it may take, and what its failures mean.

The verbs are in gateway.py.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

import stripe
from django.conf import settings

from accounts.log_fields import add_log_fields
from payments.answers import NO_EVENT, Event, to_event
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
    """Somebody else does the same right now. Of a call under the same key: whoever made it gets Stripe's answer."""


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
            answer = super().request(method, url, headers, post_data)
            add_log_fields(stripe_request=answer[2].get("Request-Id", ""))
            return answer
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


def client() -> stripe.StripeClient:
    return _client_for(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


def ask(call: Callable[[], Any]) -> Any:
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


def every(first_page: Callable[[], Any]) -> Iterator[Any]:
    """All objects of a list, page after page; each page is a call of its own, with its failures translated."""
    page = ask(first_page)
    while True:
        yield from page.data
        if not page.has_more:
            return
        page = ask(page.next_page)


def _code(error: stripe.StripeError) -> str:
    """Stripe's own word. The SDK (16.1.0) hands it on as `error.code` for some statuses only, and not for 409."""
    return getattr(error.error, "code", None) or error.code or ""


def read_event(body: bytes, signature: str) -> Event:
    """Check a webhook's signature over the raw body against every configured secret. Raises BadSignature."""
    for place, secret in enumerate(settings.STRIPE_WEBHOOK_SECRETS, 1):
        if not is_signing_secret(secret):
            continue
        try:
            stripe.WebhookSignature.verify_header(body, signature, secret, SIGNATURE_TOLERANCE_SECONDS)
            return replace(to_event(json.loads(body)), signed_by=place)
        except stripe.SignatureVerificationError:
            continue
        except NO_EVENT as error:
            # Signed but no event, or a header that is not ASCII (TypeError in stripe 16.1.0).
            raise BadSignature(f"{type(error).__name__}: {error}") from error
    raise BadSignature("No configured secret signed this body")
