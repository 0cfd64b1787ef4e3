"""What a shop asks to find out whether it is set up well: the webhook endpoint, and the clock."""

from __future__ import annotations

import time
import urllib.request
from email.utils import parsedate_to_datetime

import pytest
import stripe

from stripe_sandbox import API_VERSION
from tests.sandbox_process import ControlError


def unchecked(endpoint) -> dict[str, str]:
    """Past the comparison with Stripe's description, which knows one version and the right time."""
    return {"webhook_url": f"{endpoint.url}{endpoint.next_round()}"}


def test_it_shows_the_webhook_endpoint(client, box):
    (found,) = client.v1.webhook_endpoints.list()
    assert (found.url, found.api_version, found.status) == (box.config()["webhook_url"], API_VERSION, "enabled")
    assert found.enabled_events == ["*"]
    assert client.v1.webhook_endpoints.retrieve(found.id).url == found.url
    box.configure(webhook_events=["charge.refunded"], delivery="drop")
    (changed,) = client.v1.webhook_endpoints.list()
    assert (changed.id, changed.enabled_events, changed.status) == (found.id, ["charge.refunded"], "disabled")
    box.configure(webhook_url="")
    assert len(client.v1.webhook_endpoints.list()) == 0
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.webhook_endpoints.retrieve(found.id)


def test_it_writes_events_in_the_version_of_the_endpoint(client, box, endpoint):
    box.configure(webhook_api_version="2025-03-31.basil", **unchecked(endpoint))
    client.v1.customers.create()
    assert endpoint.wait("customer.created")["api_version"] == "2025-03-31.basil"
    assert client.v1.webhook_endpoints.list().data[0].api_version == "2025-03-31.basil"


def test_it_has_a_clock_that_can_be_wrong(client, box, endpoint):
    def ahead() -> float:
        with urllib.request.urlopen(f"{box.url}/_sandbox/health", timeout=30) as answer:
            (date,) = answer.headers.get_all("Date")
        return parsedate_to_datetime(date).timestamp() - time.time()

    assert abs(ahead()) < 5
    box.configure(clock_skew_seconds=-600, **unchecked(endpoint))
    assert abs(ahead() + 600) < 5
    client.v1.customers.create()
    endpoint.wait("customer.created")
    signed = endpoint.received[0][1]["Stripe-Signature"].partition(",")[0]
    assert abs(int(signed.removeprefix("t=")) + 600 - time.time()) < 60
    with pytest.raises(ControlError, match="clock_skew_seconds"):
        box.configure(clock_skew_seconds="late")
