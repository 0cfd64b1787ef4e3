"""What Stripe says about how it is set up for this shop: asked by the doctor, and by nobody who waits for a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from payments.stripe_client import ask, client, every


@dataclass(frozen=True)
class Endpoint:
    """Where Stripe delivers events, as the dashboard has it. `api_version` empty: the account's own."""

    id: str
    url: str
    is_enabled: bool
    api_version: str
    events: frozenset[str]


def webhook_endpoints() -> list[Endpoint]:
    """All of the key's account and mode."""
    found = every(lambda: client().v1.webhook_endpoints.list(params={"limit": 100}))
    return [
        Endpoint(one.id, one.url, one.status == "enabled", one.api_version or "", frozenset(one.enabled_events))
        for one in found
    ]


def stripes_clock() -> datetime:
    """Stripe's time, in whole seconds, as it answers. Reads what the shop must be allowed to read in any case."""
    answer = ask(lambda: client().raw_request("get", "/v1/checkout/sessions", limit=1))
    return parsedate_to_datetime(answer.headers["Date"])
