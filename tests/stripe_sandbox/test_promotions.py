"""Coupons and promotion codes that a shop makes by the API."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.sandbox_process import ControlError
from tests.stripe_sandbox.browser import CARD, Browser
from tests.stripe_sandbox.conftest import line

FILLED = CARD | {"email": "ada@shop.test"}


@pytest.fixture
def new_coupon(client):
    return lambda **given: client.v1.coupons.create(params={"percent_off": 20, "name": "Autumn"} | given)


@pytest.fixture
def new_code(client, new_coupon):
    """A promotion code AUTUMN for a coupon of 20 %."""

    def make(**given):
        promotion = {"type": "coupon", "coupon": new_coupon().id}
        return client.v1.promotion_codes.create(params={"code": "AUTUMN", "promotion": promotion} | given)

    return make


def test_it_keeps_coupons_and_codes(client, new_coupon, new_code, endpoint):
    coupons, codes = client.v1.coupons, client.v1.promotion_codes
    fixed = coupons.create(params={"id": "TENNER", "amount_off": 1000, "currency": "eur", "duration": "once"})
    assert (fixed.id, fixed.amount_off, fixed.valid) == ("TENNER", 1000, True)
    assert coupons.update("TENNER", params={"name": "Ten off", "metadata": {"a": "1"}}).name == "Ten off"
    assert endpoint.wait("coupon.updated")["data"]["previous_attributes"]["name"] is None
    code = new_code()
    assert (code.code, code.active, len(codes.list(params={"code": "autumn", "active": True}))) == ("AUTUMN", True, 1)
    assert codes.retrieve(code.id, params={"expand": ["promotion.coupon"]}).promotion.coupon.percent_off == 20
    assert coupons.delete("TENNER").deleted
    assert [entry.id for entry in coupons.list()] == [code.promotion.coupon]
    with pytest.raises(stripe.InvalidRequestError):
        coupons.retrieve("TENNER")


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({}, "percent_off"),
        ({"percent_off": 10, "amount_off": 10, "currency": "eur"}, "percent_off"),
        ({"amount_off": 10}, "currency"),
        ({"percent_off": 101}, "percent_off"),
        ({"percent_off": 0}, "percent_off"),
    ],
)
def test_it_refuses_coupons_that_make_no_sense(client, given, param):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.coupons.create(params=given)
    assert caught.value.param == param


def test_it_makes_no_second_active_code_of_one_word(client, new_code):
    first = new_code()
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        new_code(code="autumn")
    client.v1.promotion_codes.update(first.id, params={"active": False})
    assert new_code(code="autumn").active


def test_it_takes_a_coupon_off_each_line(client, new_coupon, new_session, box):
    coupon = new_coupon(percent_off=12.5)
    session = new_session(
        line_items=[line(unit_amount=999, quantity=3), line("Other", unit_amount=101)], discounts=[{"coupon": coupon.id}]
    )
    assert (session.amount_subtotal, session.total_details.amount_discount, session.amount_total) == (3098, 387, 2711)
    lines = client.v1.checkout.sessions.line_items.list(session.id).data
    assert sum(entry.amount_discount for entry in lines) == 387
    assert [entry.amount_subtotal - entry.amount_discount - entry.amount_total for entry in lines] == [0, 0]
    assert box.pay(session.id)["session"]["amount_total"] == box.books()["paid"] == 2711
    assert client.v1.coupons.retrieve(coupon.id).times_redeemed == 1


def test_it_takes_typed_codes_on_the_page(new_code, new_session, box):
    new_code()
    visitor, session = Browser(), new_session(allow_promotion_codes=True)
    page = visitor.submit(visitor.get(session.url), action="promotion", promotion_code="autumn")
    assert "Code AUTUMN is applied." in page.text
    visitor.submit(page, action="pay", **FILLED)
    assert box.books()["paid"] == 2000


def test_it_gives_a_whole_order_away(new_coupon, new_session, box):
    session = new_session(discounts=[{"coupon": new_coupon(percent_off=100).id}])
    assert box.pay(session.id)["outcome"] == "no_payment_required"


@pytest.mark.parametrize(
    "given",
    [
        {"active": False},
        {"expires_at": int(time.time()) - 5},
        {"restrictions": {"minimum_amount": 2501, "minimum_amount_currency": "eur"}},
        {"restrictions": {"minimum_amount": 100, "minimum_amount_currency": "usd"}},
    ],
)
def test_it_refuses_codes_that_do_not_fit(client, new_code, new_session, box, given):
    code = new_code(**given)
    with pytest.raises(ControlError, match="promotion_code"):
        box.pay(new_session(allow_promotion_codes=True).id, promotion_code="AUTUMN")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        new_session(discounts=[{"promotion_code": code.id}])
    assert caught.value.param == "discounts[0][promotion_code]"


def test_it_refuses_coupons_of_another_currency(new_coupon, new_session):
    coupon = new_coupon(percent_off=None, amount_off=500, currency="usd")
    with pytest.raises(stripe.InvalidRequestError, match="currency"):
        new_session(discounts=[{"coupon": coupon.id}])


def test_it_lets_the_last_use_be_had_once(client, new_code, new_session, box):
    code = new_code(max_redemptions=1)
    sessions = [new_session(allow_promotion_codes=True) for _ in range(6)]
    visitor = Browser()
    pages = [visitor.submit(visitor.get(s.url), action="promotion", promotion_code="AUTUMN") for s in sessions]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda page: visitor.submit(page, action="pay", **FILLED), pages))
    assert sorted(answer.status for answer in answers) == [200] * 5 + [303]
    assert box.books()["paid"] == 2000
    assert client.v1.promotion_codes.retrieve(code.id).times_redeemed == 1
    late = next(answer for answer in answers if answer.status == 200)
    assert "used up" in late.text
    assert "Pay 25.00 EUR" in late.text
