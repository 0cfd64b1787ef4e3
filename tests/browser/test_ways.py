"""Paying inside the shop: Stripe's page in a frame, and Stripe's fields in the shop's own form."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from orders.models import Order
from orders.status import Status, Way
from payments.models import Payment
from payments.settle import settle
from tests.browser.conftest import PHONE
from tests.browser.shop_pages import ADDRESS, ASKS_THE_BANK, DEBIT_FAILS, DECLINES

BUYER = {
    "E-mail": "ada@shop.test",
    "Full name": "Ada Lovelace",
    "Street and number": "12 Invalidenstraße",
    "Postal code (optional)": "10115",
    "City": "Berlin",
}
CARD = {"Expiry (MM / YY)": "12 / 34", "CVC": "123", "Name on card": "Ada Lovelace"}
EMBEDDED, ELEMENT, HOSTED = (re.compile(words) for words in ("shown here", "secure fields", "secure page"))


@pytest.fixture(autouse=True)
def all_ways(settings, sandbox):
    """Stripe's script from the stand-in itself: what it asks is not in the description of the API that shops use."""
    settings.PAYMENT_WAYS = [Way.HOSTED, Way.EMBEDDED, Way.ELEMENT]
    settings.STRIPE_JS_URL = f"{sandbox.url}/stripe.js"


@pytest.fixture
def visitor(visitor, allow):
    allow("postMessage")  # the accessibility rules try to look into Stripe's frames
    return visitor


def to_pay(visitor, way, heading):
    """From nothing to the page that pays in this way."""
    visitor.put_in_cart()
    visitor.to_checkout()
    choose(visitor, way, heading)


def choose(visitor, way, heading):
    visitor.page.locator("label", has_text=way).click()
    visitor.press(re.compile("^Pay"))
    expect(visitor.page.get_by_role("heading", level=1, name=heading)).to_be_visible()


def give_card(frame, number):
    for label, text in (CARD | {"Card number": number}).items():
        frame.get_by_label(label).fill(text)


def assert_paid_once(gallery, live_sandbox):
    order = Order.objects.get(status=Status.PAID)
    assert (order.paid_minor, order.recipient, order.address["city"]) == (order.total_minor, "Ada Lovelace", "Berlin")
    assert live_sandbox.books()["paid"] == order.total_minor
    assert gallery.free == 9


def test_stripes_page_inside_the_shop(visitor, gallery, live_sandbox):
    to_pay(visitor, EMBEDDED, re.compile(r"^Pay €54\.90"))
    frame = visitor.page.frame_locator("[data-stripe-page] iframe")
    for label, text in ({"E-mail": "ada@shop.test"} | ADDRESS).items():
        frame.get_by_label(label, exact=True).fill(text)
    frame.get_by_label("Country", exact=True).select_option(label="Germany")
    give_card(frame, DECLINES)
    visitor.look_over(visitor.page)
    pay = frame.get_by_role("button", name=re.compile(r"^Pay .*\d"))
    pay.click()
    frame.get_by_text("Your card was declined").wait_for()
    give_card(frame, ASKS_THE_BANK)
    pay.click()
    frame.get_by_role("button", name="Complete authentication").click()
    visitor.sees_it_is_paid()
    assert_paid_once(gallery, live_sandbox)
    visitor.finds_cart_empty()


def test_stripes_fields_in_the_shops_form(visitor, gallery, live_sandbox, allow):
    allow("402|422")
    to_pay(visitor, ELEMENT, "Address and payment")
    visitor.look_over(visitor.page)
    frame = visitor.page.frame_locator("[data-fields] iframe").first
    give_card(frame, DECLINES)
    visitor.press("Pay €54.90")
    expect(visitor.page.get_by_label("E-mail")).to_be_focused()
    expect(visitor.page.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")
    visitor.look_over(visitor.page)
    assert not Payment.objects.exists()
    visitor.fill(BUYER)
    visitor.page.get_by_label("Country").select_option(label="Germany")
    visitor.press("Pay €54.90")
    visitor.is_warned("declined")
    give_card(frame, ASKS_THE_BANK)
    bank = visitor.page.frame_locator("dialog iframe")
    visitor.press("Pay €54.90")
    bank.get_by_role("button", name="Fail authentication").click()
    visitor.is_warned("authenticate")
    visitor.press("Pay €54.90")
    bank.get_by_role("button", name="Complete authentication").click()
    visitor.sees_it_is_paid()
    assert Payment.objects.count() == 1, "every try was the same payment"
    assert_paid_once(gallery, live_sandbox)


def test_on_a_phone_another_way_after_second_thoughts(visit, gallery, live_sandbox, allow):
    visitor = visit(**PHONE, color_scheme="dark")
    allow("postMessage")
    to_pay(visitor, ELEMENT, "Address and payment")
    visitor.look_over(visitor.page)
    visitor.go("/checkout/")
    visitor.look_over(visitor.page)
    choose(visitor, HOSTED, "Pay your order")
    visitor.pay()
    visitor.sees_it_is_paid()
    assert sorted(Order.objects.values_list("status", "way")) == [("cancelled", "element"), ("paid", "hosted")]
    assert_paid_once(gallery, live_sandbox)


def test_a_debit_that_fails_days_later_frees_the_units(visitor, gallery, live_sandbox):
    to_pay(visitor, ELEMENT, "Address and payment")
    frame = visitor.page.frame_locator("[data-fields] iframe").first
    frame.get_by_label("Bank debit").check()
    frame.get_by_label("IBAN").fill(DEBIT_FAILS)
    frame.get_by_label("Name on account").fill("Ada Lovelace")
    visitor.fill(BUYER)
    visitor.page.get_by_label("Country").select_option(label="Germany")
    visitor.press("Pay €54.90")
    visitor.sees("We are confirming your payment")
    payment = Payment.objects.get()
    assert (payment.order.status, gallery.free) == (Status.CONFIRMING, 9)
    live_sandbox.finish_payment(payment.stripe_id, outcome="failed")
    settle(payment, by="test")
    assert (Order.objects.get().status, gallery.free) == (Status.CANCELLED, 10)
    assert live_sandbox.object(payment.stripe_id)["status"] == "canceled", "nobody pays it in another way meanwhile"
    assert [mail.kind for mail in Order.objects.get().mails.all()] == ["payment_failed"]


@pytest.mark.parametrize(("way", "said"), [("embedded", "form could not be loaded"), ("element", "fields could not be loaded")])
def test_without_stripes_script_it_says_what_else_to_do(visitor, gallery, settings, allow, way, said):
    allow("stripe.js|Stripe")
    settings.PAYMENT_WAYS = [way, "hosted"]
    visitor.page.route(re.compile(r"/stripe\.js$"), lambda route: route.abort())
    visitor.put_in_cart()
    visitor.to_checkout()
    visitor.press(re.compile("^Pay"))
    visitor.is_warned(said)
    visitor.follow("Choose it at the checkout")
    choose(visitor, HOSTED, "Pay your order")


def test_without_stripes_fields_it_says_what_else_to_do(visitor, gallery, settings, allow):
    allow("Stripe|fields|ERR_FAILED")
    settings.PAYMENT_WAYS = ["element", "hosted"]
    visitor.put_in_cart()
    visitor.to_checkout()
    visitor.page.route(re.compile("/c/fields"), lambda route: route.abort())
    visitor.press(re.compile("^Pay"))
    visitor.is_warned("fields could not be loaded")


def test_without_javascript_it_leads_to_stripes_own_page(visit, gallery, settings):
    settings.PAYMENT_WAYS = ["element", "hosted"]
    visitor = visit(java_script_enabled=False)
    to_pay(visitor, ELEMENT, "Address and payment")
    visitor.look_over(visitor.page)
    visitor.page.locator("noscript a").click()
    choose(visitor, HOSTED, "Pay your order")
    visitor.pay()
    visitor.sees_it_is_paid()
