"""What Stripe refuses, the stand-in refuses with the same code and the name of the parameter."""

from __future__ import annotations

import time
from typing import Any

import pytest
import stripe

from tests.stripe_sandbox.conftest import KEY, POST, line, sdk, session_params


def priced(**changes: Any) -> dict[str, Any]:
    entry = line()
    entry["price_data"] |= changes
    return {"line_items": [entry]}


def described(**changes: Any) -> dict[str, Any]:
    entry = line()
    entry["price_data"]["product_data"] |= changes
    return {"line_items": [entry]}


LINE = "line_items[0]"
REFUSED: list[tuple[dict[str, Any], str, str | None]] = [
    ({"mode": None}, "mode", "parameter_missing"),
    ({"mode": "pay"}, "mode", None),
    ({"success_url": None}, "success_url", "parameter_missing"),
    ({"success_url": "/return/"}, "success_url", "url_invalid"),
    ({"success_url": ""}, "success_url", "parameter_invalid_empty"),
    ({"line_items": None}, "line_items", "parameter_missing"),
    ({"line_items": "nonsense"}, "line_items", None),
    ({"line_items": [line() for _ in range(101)]}, "line_items", None),
    ({"line_items": [line(quantity=0)]}, f"{LINE}[quantity]", "parameter_invalid_integer"),
    ({"line_items": [line(quantity=-1)]}, f"{LINE}[quantity]", "parameter_invalid_integer"),
    ({"line_items": [line(quantity="1.5")]}, f"{LINE}[quantity]", "parameter_invalid_integer"),
    ({"line_items": [line(quantity="９")]}, f"{LINE}[quantity]", "parameter_invalid_integer"),
    ({"line_items": [line(), line(currency="usd")]}, "line_items", None),
    (priced(unit_amount=-1), f"{LINE}[price_data][unit_amount]", "parameter_invalid_integer"),
    (priced(unit_amount=10**13), f"{LINE}[price_data][unit_amount]", "amount_too_large"),
    (priced(currency="xyz"), f"{LINE}[price_data][currency]", None),
    (priced(unit_amount_decimal="1.5"), f"{LINE}[price_data][unit_amount]", "parameters_exclusive"),
    (priced(recurring={"interval": "month"}), f"{LINE}[price_data][recurring]", None),
    (priced(unit_amount=49), "line_items", "amount_too_small"),
    (priced(currency="jpy", unit_amount=49), "line_items", "amount_too_small"),
    (priced(currency="ugx", unit_amount=550), f"{LINE}[price_data][unit_amount]", None),
    (priced(currency="kwd", unit_amount=5124), f"{LINE}[price_data][unit_amount]", None),
    (described(description=""), f"{LINE}[price_data][product_data][description]", "parameter_invalid_empty"),
    (priced(product_data={"description": "x"}), f"{LINE}[price_data][product_data][name]", "parameter_missing"),
    (described(images=["/print.jpg"]), f"{LINE}[price_data][product_data][images][0]", "url_invalid"),
    (described(images=[f"https://shop.test/{n}" for n in range(9)]), f"{LINE}[price_data][product_data][images]", None),
    ({"line_items": [line(unit_amount=10**11, quantity=50)]}, "line_items", "amount_too_large"),
    ({"colour": "red"}, "colour", "parameter_unknown"),
    ({"payment_method_types": ["card"]}, "payment_method_types", "payment_method_types_no_longer_supported"),
    ({"ui_mode": "hosted"}, "ui_mode", None),
    ({"ui_mode": "embedded"}, "ui_mode", None),
    ({"ui_mode": "custom"}, "ui_mode", None),
    ({"ui_mode": "embedded_page"}, "return_url", "parameter_missing"),
    ({"ui_mode": "elements"}, "success_url", None),
    ({"return_url": "https://shop.test/"}, "return_url", None),
    ({"redirect_on_completion": "always"}, "redirect_on_completion", None),
    ({"customer_email": "nobody"}, "customer_email", "email_invalid"),
    ({"client_reference_id": "x" * 201}, "client_reference_id", None),
    ({"metadata": {"x" * 41: "1"}}, f"metadata[{'x' * 41}]", None),
    ({"metadata": {"a": "x" * 501}}, "metadata[a]", None),
    ({"metadata": {f"k{number}": "v" for number in range(51)}}, "metadata", None),
    ({"expires_at": int(time.time()) + 60}, "expires_at", None),
    ({"expires_at": int(time.time()) + 2 * 86400}, "expires_at", None),
    ({"expires_at": "tomorrow"}, "expires_at", "parameter_invalid_integer"),
    ({"shipping_options": [{"shipping_rate_data": POST}] * 6}, "shipping_options", None),
    ({"shipping_address_collection": {"allowed_countries": ["XX"]}}, "shipping_address_collection[allowed_countries][0]", None),
    ({"subscription_data": {"description": "x"}}, "subscription_data", None),
    ({"discounts": [{"coupon": "welcome10"}], "allow_promotion_codes": True}, "allow_promotion_codes", "parameters_exclusive"),
    ({"discounts": [{"coupon": "nothing"}]}, "discounts[0][coupon]", "resource_missing"),
    ({"customer_creation": "always", "customer": "cus_1"}, "customer_creation", "parameters_exclusive"),
    ({"locale": "tlh"}, "locale", None),
    ({"automatic_tax": {"enabled": "perhaps"}}, "automatic_tax[enabled]", None),
    ({"expand": ["client_reference_id"]}, "expand", None),
    ({"expand": ["payment_intent.latest_charge.customer.default_source.account"]}, "expand", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "param", "code"), REFUSED, ids=[f"{param}-{n}" for n, (_, param, _c) in enumerate(REFUSED)]
)
def test_it_refuses_a_session_and_names_the_parameter(client, box, changes, param, code):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(params=session_params(**changes))
    assert (caught.value.http_status, caught.value.param, caught.value.code) == (400, param, code)
    assert caught.value.request_id.startswith("req_")
    assert box.books()["sessions"] == []


@pytest.mark.parametrize(
    ("currency", "unit_amount"),
    [("jpy", 50), ("ugx", 500), ("isk", 500), ("kwd", 5120), ("huf", 17500), ("eur", 50), ("clp", 1)],
)
def test_it_takes_amounts_that_the_currency_can_express(new_session, currency, unit_amount):
    assert new_session(line_items=[line(currency=currency, unit_amount=unit_amount)]).amount_total == unit_amount


def test_it_takes_a_session_that_costs_nothing(new_session, box):
    session = new_session(line_items=[line(unit_amount=0)])
    paid = box.pay(session.id)
    assert (paid["outcome"], paid["session"]["payment_status"]) == ("no_payment_required", "no_payment_required")
    assert paid["session"]["payment_intent"] is None


@pytest.mark.parametrize(
    ("params", "param", "code"),
    [
        ({"amount": 49, "currency": "eur"}, "amount", "amount_too_small"),
        ({"amount": 10**12, "currency": "eur"}, "amount", "amount_too_large"),
        ({"amount": "ten", "currency": "eur"}, "amount", "parameter_invalid_integer"),
        ({"amount": 500}, "currency", "parameter_missing"),
        (
            {"amount": 500, "currency": "eur", "payment_method_types": ["card"]},
            "payment_method_types",
            "payment_method_types_no_longer_supported",
        ),
        ({"amount": 500, "currency": "eur", "payment_method": "pm_card_nobody"}, "payment_method", "resource_missing"),
    ],
)
def test_it_refuses_a_payment_intent_and_names_the_parameter(client, params, param, code):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(params=params)
    assert (caught.value.param, caught.value.code) == (param, code)


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 101}, {"limit": "many"}, {"starting_after": "cs_nothing"}])
def test_it_refuses_a_page_that_cannot_be(client, params):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.list(params=params)
    assert caught.value.param == next(iter(params))


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        ("sk_test_revoked_long_ago", stripe.AuthenticationError, "Expired"),
        ("sk_live_0123456789", stripe.AuthenticationError, "stand-in"),
        ("pk_test_0123456789", stripe.AuthenticationError, "publishable"),
        ("sk_test_short", stripe.AuthenticationError, "Invalid"),
        ("rk_test_readonly_0123", stripe.PermissionError, "permissions"),
    ],
)
def test_it_refuses_a_key(api_url, box, key, error, words):
    with pytest.raises(error, match=words) as caught:
        sdk(api_url, key).v1.checkout.sessions.create(params=session_params())
    assert key not in str(caught.value)


def test_it_lets_a_restricted_key_read(api_url, box):
    assert len(sdk(api_url, "rk_test_readonly_0123").v1.checkout.sessions.list()) == 0


def test_it_plays_one_version_of_the_api_only(api_url, box):
    with pytest.raises(stripe.InvalidRequestError, match="Invalid Stripe API version"):
        sdk(api_url, KEY, stripe_version="2020-08-27").v1.checkout.sessions.list()


def test_it_says_which_address_it_does_not_know(client):
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        client.v1.subscriptions.list()
