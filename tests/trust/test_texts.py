"""Texts of all kinds, from the catalogue to the mail: kept and shown as they are, or refused where they are typed."""

from __future__ import annotations

import html
import json

import pytest
from django.urls import reverse

from accounts.models import User
from catalog.models import Variant
from orders.models import Order, OutgoingMail
from orders.status import Status
from payments.customer import collected
from payments.models import Payment
from tests import factories
from tests.catalog.admin_forms import filled_in, page_of
from tests.payments.shopping import ADDRESS
from tests.trust.table_rows import rows

TEXTS = {
    "emoji": "Prints 👩‍👩‍👧‍👦 of 🏳️‍🌈 and 🇺🇦",
    "right to left": "\u202eمطبوعة\u202c עִבְרִית",
    "zero width": "Fl\u200bow\u200d Fi\ufeffeld\u2060",
    "combining": "Z̷̡͛a̐́l̓g̈o Ḿ̀",
    "quotes and code": "\"'><script>alert(1)</script>&amp; {{ 7*7 }} {% x %} %s {0} \\",
    "a formula": '=HYPERLINK("http://x";"y")',
    "as long as it may be": "𝕏" * 60,
}
FIRST = ("emoji", "right to left", "quotes and code")  # the others with --long
UNSTORABLE = {"nul": "A\0da", "too long": "x" * 10_000}


def shown(text, page):
    """It is on the page, and nothing in it is markup."""
    return html.escape(text) in page and "<script>alert(1)" not in page


@pytest.mark.case("F75", "A50", "A62")
@pytest.mark.parametrize("kind", [kind if kind in FIRST else pytest.param(kind, marks=pytest.mark.long) for kind in TEXTS])
def test_it_is_kept_and_shown_from_the_catalogue_to_the_refund(world, ada, kind):
    text = TEXTS[kind]
    world.listen()
    rate = factories.shipping_rate(name=text)
    product = factories.product(title=text, summary=text, description=text, requires_shipping=True)
    print_ = factories.variant(product=product, option_values={text: text, "Paper": "Matte"})
    assert shown(text, ada.client.get(product.get_absolute_url()).text)
    ada.put(print_)
    assert shown(text, ada.client.get("/cart/").text)
    assert shown(text, ada.client.get("/checkout/").text)
    payment = Payment.objects.get(session_url=ada.press_pay(shipping_rate=rate.pk)["Location"])
    address = {**ADDRESS, "line1": text, "line2": text, "city": text, "state": text}
    outcome = world.sandbox.pay(payment.session_id, email=ada.email, name=text, shipping={"name": text, "address": address})
    assert outcome["outcome"] == "succeeded", outcome
    world.quiesce(listening=True)
    order = Order.objects.get()
    line = order.lines.get()
    assert order.status == Status.PAID
    assert (order.recipient, order.address["city"], order.shipping_name) == (text, text, text)
    assert (line.title, line.options_text) == (text, f"{text} / Matte")
    assert shown(text, ada.client.get(order.get_absolute_url()).text)
    staff_does_all_it_can(world, order, text)
    world.quiesce(listening=True)
    order.refresh_from_db()
    assert (order.status, order.tracking_number) == (Status.REFUNDED, text)
    mails = {mail["Subject"]: mail.get_body(("plain",)).get_content() for mail in world.mail.accepted}
    assert (len(mails), OutgoingMail.objects.count()) == (3, 3)
    assert all("\n" not in subject for subject in mails)
    assert sum(text in mail for mail in mails.values()) >= 2
    assert world.shop.tracebacks() == []
    world.check()


def staff_does_all_it_can(world, order, text):
    """Staff looks at everything, ships it and refunds it, with the text wherever one may be typed."""
    staff, page = world.staff(), f"/admin/orders/order/{order.pk}/"
    for address in (f"{page}change/", "/admin/orders/order/", f"/admin/orders/order/?q={text}", "/admin/payments/payment/"):
        assert staff.get(address).status_code in (200, 302), address
    assert shown(text, staff.get(f"{page}change/").text)
    assert staff.post(f"{page}do/ship/", {"carrier": text, "tracking_number": text}).status_code == 302
    amount = {"amount_minor": order.refundable.minor}
    assert staff.post(f"{page}do/refund/", {**amount, "reason": text, "restock": "on"}).status_code == 302
    assert shown(text, staff.get(f"{page}change/").text)


@pytest.mark.case("F75")
@pytest.mark.parametrize("text", UNSTORABLE.values(), ids=UNSTORABLE)
def test_no_name_or_address_of_a_buyer_stops_an_order(world, ada, text):
    """On Stripe's page nobody can be refused here any more: the money has come."""
    world.listen()
    factories.shipping_rate()
    payment = ada.put(factories.variant()).checkout()
    address = {**ADDRESS, "line1": text, "city": text}
    world.sandbox.pay(payment.session_id, email="ada@shop.test", name=text, shipping={"name": text, "address": address})
    world.quiesce(listening=True)
    order = Order.objects.get()
    kept = text.replace("\0", "")
    assert (order.status, order.recipient, order.address["city"]) == (Status.PAID, kept[:200], kept)
    assert shown(kept, ada.client.get(order.get_absolute_url()).text)
    assert shown(kept[:200], world.staff().get(f"/admin/orders/order/{order.pk}/change/").text)
    assert len(world.mail.accepted) == 1
    assert world.shop.tracebacks() == []
    world.check()


@pytest.mark.case("F75")
def test_halves_of_characters_are_left_out():
    """They have no place in UTF-8, which Stripe answers in; in JSON they can be written all the same."""
    address = {"line1": "\udc00 12 St James's Square", "city": "\ud800"}
    bought = {"customer_details": {"email": "ada@shop.test\ud800", "name": "A\ud800da", "address": address}}
    bought["collected_information"] = {"shipping_details": {"name": None, "address": address}}
    assert collected(bought) == {"email": "ada@shop.test", "recipient": "Ada", "address": {"line1": " 12 St James's Square"}}


@pytest.mark.case("F75", "A62")
@pytest.mark.parametrize("email", ["jörg@shop.test", "ada@bücher.test", "アダ@例え.テスト", "a" * 60 + "@shop.test"])
def test_no_address_for_mails_stops_an_order(world, ada, email):
    ada.email = email
    payment = ada.buy(factories.variant(requires_shipping=False))
    world.quiesce()
    payment.order.refresh_from_db()
    assert payment.order.status == Status.PAID
    assert payment.order.email == email
    assert ada.client.get(payment.order.get_absolute_url()).status_code == 200
    assert len(world.mail.accepted) == 1
    world.check()


@pytest.mark.case("F75", "A62")
def test_no_line_of_an_address_becomes_one_of_a_mail_or_a_log(world, ada):
    ada.email = "ada@shop.test\r\nBcc: mallory@shop.test"
    payment = ada.buy(factories.variant(requires_shipping=False))
    world.quiesce()
    payment.order.refresh_from_db()
    assert (payment.order.status, payment.order.email) == (Status.PAID, "")
    assert (world.mail.accepted, OutgoingMail.objects.count(), "mallory" in world.shop.text) == ([], 0, False)
    assert ada.client.get(payment.order.get_absolute_url()).status_code == 200


class TestWhatIsRefusedWhereItIsTyped:
    @pytest.mark.case("F75")
    @pytest.mark.parametrize("text", UNSTORABLE.values(), ids=UNSTORABLE)
    def test_in_the_forms_of_the_staff(self, world, text):
        staff, print_ = world.staff(), factories.variant(on_hand=5)
        rate, order = factories.shipping_rate(), factories.order(status=Status.PAID)
        forms = [
            (page_of(print_.product), ["title", "summary", "variants-0-sku", "variants-0-option_values", "variants-0-reason"]),
            (page_of(print_), ["sku", "option_values", "reason"]),
            (reverse("admin:orders_shippingrate_change", args=[rate.pk]), ["name", "countries"]),
            (reverse("admin:orders_order_do", args=[order.pk, "ship"]), ["carrier", "tracking_number"]),
            (reverse("admin:orders_order_do", args=[order.pk, "refund"]), ["reason"]),
        ]
        before = rows()
        for address, fields in forms:
            sent = filled_in(staff, address)
            for field in fields:
                answer = staff.post(address, {**sent, field: f"Size: {text}" if "option" in field else text})
                assert (answer.status_code in (200, 422), "errorlist" in answer.text) == (True, True), field
        assert rows() == before
        assert world.shop.tracebacks() == []

    @pytest.mark.case("F75", "A45")
    def test_in_the_forms_of_visitors(self, world, ada):
        """Halves of characters come as bytes that are no text at all."""
        factories.variant()
        before = rows()
        for text in [*TEXTS.values(), *UNSTORABLE.values(), b"\xed\xa0\x80", b"\xff\xfe", ""]:
            email = text + (b"@shop.test" if isinstance(text, bytes) else "@shop.test")
            for address in ("/account/sign-up/", "/account/login/", "/account/password-reset/"):
                answer = ada.client.post(address, {"email": email, "username": email, "password": text})
                assert answer.status_code in (200, 302, 404, 422, 429), (address, text)
            for params in ({"q": text}, {"page": text}, {"key": text}):
                assert ada.client.get("/search/", params).status_code in (200, 400, 404, 414, 422), text
        assert {label: each for label, each in rows().items() if "Session" not in label} == {
            label: each for label, each in before.items() if "Session" not in label
        }
        assert not User.objects.exists()
        assert world.shop.tracebacks() == []


@pytest.mark.case("F75", "F19")
@pytest.mark.parametrize("text", ["\0", "\ud800", "x" * 10_000, "👩‍👩‍👧‍👦"], ids=["nul", "half", "10 kB", "emoji"])
@pytest.mark.parametrize("place", ["id", "type", "object", "reference", "intent"])
def test_a_signed_event_with_such_a_text_is_answered(world, place, text):
    event = {
        "id": "evt_1", "object": "event", "api_version": "2026-10-28.endive", "created": 1_800_000_000, "livemode": False,
        "type": "checkout.session.completed",
        "data": {"object": {"id": "cs_1", "object": "checkout.session", "client_reference_id": "x", "metadata": {"a": text}}},
    }  # fmt: skip
    inside = {"object": "id", "reference": "client_reference_id", "intent": "payment_intent"}
    if place in inside:
        event["data"]["object"][inside[place]] = text
    else:
        event[place] = text
    answer = world.post_signed(json.dumps(event).encode())
    assert answer.status_code in (200, 400), answer
    assert world.shop.tracebacks() == []
    assert (Order.objects.count(), Variant.objects.count()) == (0, 0)
