"""payments/gateway.py: what goes out of the shop's one door to Stripe."""

from __future__ import annotations

import json
from urllib.parse import unquote, urlsplit

import pytest
import requests

from payments import gateway


@pytest.fixture
def sent(monkeypatch):
    """(address, headers) of every call that is made, and made it is."""
    request, calls = requests.Session.request, []

    def noting(self, method, url, *, headers, **how):
        calls.append((url, headers))
        return request(self, method, url, headers=headers, **how)

    monkeypatch.setattr(requests.Session, "request", noting)
    return calls


def test_it_tells_stripe_nothing_of_this_machine(sandbox, sent, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for _call in range(2):  # the second would tell how long the first took
        gateway.list_refunds(payment_intent_id="pi_unknown")
    assert len(sent) == 2
    told = [json.loads(headers["X-Stripe-Client-User-Agent"]) for _address, headers in sent]
    assert not [one for one in told if {"platform", "telemetry_id"} & one.keys()]
    assert not [headers for _address, headers in sent if "X-Stripe-Client-Telemetry" in headers]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("session_id", ["../refunds", "cs_test_1/expire", "?limit=1", "#", "%2e%2e", "cs test", "ü"])
def test_it_reads_no_other_address_than_a_sessions(sandbox, sent, session_id):
    with pytest.raises(gateway.GatewayRefused) as refused:
        gateway.retrieve_checkout_session(session_id)
    assert refused.value.status == 404
    ((address, _headers),) = sent
    folder, _slash, last = urlsplit(address).path.rpartition("/")
    assert (folder, unquote(last)) == ("/v1/checkout/sessions", session_id)
