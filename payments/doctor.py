"""Is Stripe set up for this shop? Each check answers in a sentence, and says how to mend what is wrong.

The other checks, and the command, are in shop/doctor.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from payments import gateway
from payments.handlers import HANDLERS
from payments.http_look import look
from payments.settle import is_live_shop
from payments.stripe_setup import Endpoint, stripes_clock, webhook_endpoints

MOST_SKEW_SECONDS = 60  # Stripe refuses nothing, but we do: a signature that is older than five minutes
HTTP_SECONDS = 5
LONGEST_WORDS = 250
ANSWER_TO_UNSIGNED = (400, b"No valid signature")
DASHBOARD, KEYS = "https://dashboard.stripe.com/webhooks", "https://dashboard.stripe.com/apikeys"
TAKE_A_KEY = f"Copy the secret key of the same mode from {KEYS} into STRIPE_SECRET_KEY."
RESTRICTED = (
    "A restricted one must write Checkout Sessions, PaymentIntents, Charges and Refunds, "
    "and read Events, Disputes and Webhook Endpoints."
)
RENEW = (
    "It cannot be changed: make a new endpoint with that version, put its signing secret beside the old one into "
    "STRIPE_WEBHOOK_SECRETS, then delete the old one."
)


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    TROUBLE = "trouble"


@dataclass(frozen=True)
class Finding:
    """`mend`: what to do about it, for a warning or trouble."""

    state: State
    says: str
    mend: str = ""


def fine(says: str) -> Finding:
    return Finding(State.OK, says)


def warning(says: str, mend: str) -> Finding:
    return Finding(State.WARNING, says, mend)


def trouble(says: str, mend: str) -> Finding:
    return Finding(State.TROUBLE, says, mend)


def stripes_key() -> Finding:
    """Does Stripe take the key? Its form, and whether test and live are mixed, is told by the numbered checks."""
    if not settings.STRIPE_SECRET_KEY:
        return _no_key()
    try:
        stripes_clock()
    except gateway.GatewayError as error:
        return _no_answer(error)
    return fine(f"Stripe takes STRIPE_SECRET_KEY ({'live: real money' if is_live_shop() else 'test'} mode).")


def clock() -> Finding:
    """This machine's clock beside Stripe's."""
    if not settings.STRIPE_SECRET_KEY:
        return _no_key()
    before = time.time()
    try:
        stripes = stripes_clock().timestamp()
    except gateway.GatewayError as error:
        return _no_answer(error)
    here = (before + time.time()) / 2
    skew = here - stripes - 0.5  # it tells whole seconds: half a one more, on average
    if abs(skew) <= MOST_SKEW_SECONDS:
        return fine("The clock agrees with Stripe's.")
    words = f"The clock is {abs(skew):.0f} seconds {'ahead of' if skew > 0 else 'behind'} Stripe's."
    return trouble(words, "Set it by NTP (timedatectl set-ntp true): webhooks whose signature seems too old are refused.")


def webhook_here() -> Finding:
    """Post what nobody signed to the shop's own public address: refused with 400, as it must be."""
    url = our_endpoint()
    try:
        status, body, location = look("POST", url, body=b"{}", seconds=HTTP_SECONDS)
    except OSError as error:
        mend = "Is the shop running, does SITE_URL lead to it, and is its certificate valid? Stripe asks the same address."
        return trouble(f"{url} cannot be reached: {in_short(error)}", mend)
    if (status, body.strip()) == ANSWER_TO_UNSIGNED:
        return fine(f"{url} is reached, and refuses what is not signed.")
    if 300 <= status < 400:
        mend = "Set SITE_URL to the address that does not redirect, and register that one: Stripe follows no redirect."
        return trouble(f"{url} redirects to {location or 'somewhere'}.", mend)
    return trouble(f"{url} answers {status} to what is not signed; this shop answers 400.", _why(status))


def _why(status: int) -> str:
    if status == 400:
        return "Add the host of SITE_URL to ALLOWED_HOSTS, and let the proxy in front pass the Host header on."
    if status in (401, 403):
        return "Something in front of the shop asks for more than a signature: let POSTs to this address pass."
    if status >= 500:
        return "The shop, or the proxy in front of it, fails: look into its log."
    return "Another program answers at this address: correct SITE_URL, or what the proxy in front leads to the shop."


def webhook_at_stripe() -> list[Finding]:
    """Is our address registered there, switched on, with our version of the API and all events that the shop acts on?"""
    if not settings.STRIPE_SECRET_KEY:
        return [_no_key()]
    try:
        all_of_them = webhook_endpoints()
    except gateway.GatewayKeyRefused as error:
        mend = f"Allow the key to read Webhook Endpoints, or compare {DASHBOARD} with docs/stripe.md yourself."
        return [warning(f"Stripe does not show this key the webhook endpoints: {in_short(error)}", mend)]
    except gateway.GatewayError as error:
        return [_no_answer(error)]
    ours = [one for one in all_of_them if one.url == our_endpoint()]
    if not ours:
        return [_not_registered(all_of_them)]
    found = [problem for one in ours for problem in _problems(one)]
    if len(ours) > 1:
        mend = f"Delete all but one at {DASHBOARD}, and keep the signing secret of that one."
        found.append(warning(f"{our_endpoint()} is registered {len(ours)} times: each event comes as often.", mend))
    return found or [fine(f"{our_endpoint()} is registered, enabled and complete (API version {gateway.API_VERSION}).")]


def our_endpoint() -> str:
    return settings.SITE_URL + reverse("payments:webhook")


def _not_registered(others: list[Endpoint]) -> Finding:
    """Names the one that was meant, if any looks like it."""
    host = urlsplit(settings.SITE_URL).hostname
    near = next((one.url for one in others if urlsplit(one.url).hostname == host), "")
    instead = f"; {near} is, which is not the same" if near else ""
    mend = f"Register exactly this address at {DASHBOARD}, with API version {gateway.API_VERSION} and these events: "
    return trouble(f"{our_endpoint()} is not registered at Stripe{instead}.", mend + ", ".join(sorted(HANDLERS)) + ".")


def _problems(endpoint: Endpoint) -> list[Finding]:
    found = []
    if not endpoint.is_enabled:
        mend = f"Enable it at {DASHBOARD}. Stripe switches off what has failed for days: look at its failed deliveries."
        found.append(trouble(f"The endpoint {endpoint.id} is disabled: no event comes.", mend))
    if endpoint.api_version != gateway.API_VERSION:
        has = f"has API version {endpoint.api_version}" if endpoint.api_version else "has the API version of the account"
        found.append(trouble(f"The endpoint {endpoint.id} {has}, the shop speaks {gateway.API_VERSION}.", RENEW))
    missing = sorted(set(HANDLERS) - endpoint.events)
    if missing and "*" not in endpoint.events:
        told = f"The endpoint {endpoint.id} does not get all events that the shop acts on."
        found.append(trouble(told, f"Add at {DASHBOARD}: {', '.join(missing)}."))
    return found


def _no_key() -> Finding:
    return trouble("Stripe cannot be asked: STRIPE_SECRET_KEY is not set.", TAKE_A_KEY)


def _no_answer(error: gateway.GatewayError) -> Finding:
    if isinstance(error, gateway.GatewayKeyRefused):
        return trouble(f"Stripe refuses STRIPE_SECRET_KEY: {in_short(error)}", f"{TAKE_A_KEY} {RESTRICTED}")
    where = settings.STRIPE_API_BASE or "https://api.stripe.com"
    mend = f"See whether this machine may connect to {where}, and look at https://status.stripe.com."
    return trouble(f"Stripe cannot be asked: {in_short(error)}", mend)


def in_short(error: object) -> str:
    """On one line, and no longer than anybody reads."""
    text = " ".join(str(error).split())
    return text if len(text) <= LONGEST_WORDS else f"{text[:LONGEST_WORDS]}…"
