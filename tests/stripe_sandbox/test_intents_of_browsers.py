"""What a browser may do with a publishable key, and paying intents by control calls."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest
import stripe

PUBLIC = "pk_test_of_the_tests"
VISA = {
    "payment_method_data[type]": "card", "payment_method_data[card][number]": "4242424242424242",
    "payment_method_data[card][exp_month]": "12", "payment_method_data[card][exp_year]": "34",
    "payment_method_data[card][cvc]": "123",
}  # fmt: skip


@pytest.fixture
def intent(client: stripe.StripeClient) -> Any:
    return client.v1.payment_intents.create(params={"amount": 500, "currency": "eur", "metadata": {"order": "7"}})


@pytest.fixture
def ask(box):
    """Calls the API as a browser does, from another origin; answers status and body."""

    def call(path: str, fields: dict[str, str], *, key: str = PUBLIC, method: str = "POST") -> tuple[int, dict[str, Any]]:
        data = urllib.parse.urlencode(fields)
        url = f"{box.url}/v1/{path}" + (f"?{data}" if method == "GET" else "")
        request = urllib.request.Request(url, data.encode() if method == "POST" else None, method=method)
        request.add_header("Sec-Fetch-Site", "cross-site")
        request.add_header("Origin", "https://shop.test")
        if key:
            request.add_header("Authorization", f"Bearer {key}")
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            return answer.status, json.load(answer)

    return call


def test_it_lets_a_browser_pay_with_the_client_secret(ask, intent, box, client):
    secret = {"client_secret": intent.client_secret}
    status, shown = ask(f"payment_intents/{intent.id}", secret, method="GET")
    assert (status, shown["amount"], "metadata" in shown) == (200, 500, False)
    status, paid = ask(f"payment_intents/{intent.id}/confirm", secret | VISA | {"key": PUBLIC}, key="")
    assert (status, paid["status"], "latest_charge" in paid) == (200, "succeeded", False)
    status, told = ask(f"payment_intents/{intent.id}/confirm", secret | VISA)
    assert (status, told["error"]["code"]) == (400, "payment_intent_unexpected_state")
    assert "metadata" not in told["error"]["payment_intent"]
    assert client.v1.payment_intents.retrieve(intent.id).latest_charge


def test_it_lets_a_browser_do_nothing_else(ask, intent, box):
    secret = {"client_secret": intent.client_secret}
    for path, method in (
        ("payment_intents", "GET"),
        (f"payment_intents/{intent.id}/cancel", "POST"),
        (f"payment_intents/{intent.id}", "POST"),
        ("refunds", "POST"),
        ("events", "GET"),
    ):
        status, told = ask(path, secret, method=method)
        assert (status, told["error"]["code"]) == (401, "secret_key_required"), path
    assert ask(f"payment_intents/{intent.id}", {}, method="GET")[0] == 401
    status, told = ask(f"payment_intents/{intent.id}/confirm", {"client_secret": "pi_x_secret_y"} | VISA)
    assert (status, told["error"]["param"]) == (400, "client_secret")
    assert ask(f"payment_intents/{intent.id}", secret, method="GET", key="pk_live_of_the_tests")[0] == 401
    assert box.object(intent.id)["status"] == "requires_payment_method"


def test_it_takes_no_card_number_from_a_server(ask, intent):
    status, told = ask(f"payment_intents/{intent.id}/confirm", VISA, key="sk_test_of_the_tests")
    assert (status, told["error"]["param"]) == (402, "payment_method_data[card]")


def test_it_answers_preflights(box):
    request = urllib.request.Request(f"{box.url}/v1/payment_intents/pi_1/confirm", method="OPTIONS")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_it_pays_intents_by_control_calls(intent, box, client, endpoint):
    waiting = box.pay_intent(intent.id, card="4000002760003184")
    assert (waiting["outcome"], waiting["intent"]["next_action"]["type"]) == ("requires_action", "use_stripe_sdk")
    failed = box.pay_intent(intent.id, card="4000002760003184", three_d_secure="fail")
    assert (failed["outcome"], failed["error"]["code"]) == ("declined", "payment_intent_authentication_failure")
    assert box.pay_intent(intent.id, card="4000000000000002")["error"]["decline_code"] == "generic_decline"
    assert box.pay_intent(intent.id, card="4242424242424241")["error"]["code"] == "incorrect_number"
    paid = box.pay_intent(intent.id, card="4000002760003184", three_d_secure="pass", email="grace@shop.test")
    assert (paid["outcome"], paid["intent"]["id"]) == ("succeeded", intent.id)
    charge = endpoint.wait("charge.succeeded")["data"]["object"]
    assert charge["billing_details"]["email"] == "grace@shop.test"
    debit = client.v1.payment_intents.create(params={"amount": 500, "currency": "eur"})
    assert box.pay_intent(debit.id, iban="AT611904300234573201")["outcome"] == "processing"
    box.finish_payment(debit.id)
    assert box.books()["paid"] == 1000
