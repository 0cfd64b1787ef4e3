"""The pages inside the shop where an order is paid: what they ask, refuse, allow and never tell."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from orders.models import Order
from orders.status import Status, Way
from orders.transitions import expire
from payments.checks import stripe_is_configured
from payments.models import Payment
from payments.settle import settle
from tests import factories
from tests.payments.shopping import ADDRESS, Shopper

BUYER = {"email": "ada@shop.test", "recipient": "Ada Lovelace", **ADDRESS}
STRIPE = "http://127.0.0.1:"


@pytest.fixture(autouse=True)
def all_ways(settings):
    settings.PAYMENT_WAYS, settings.STRIPE_PUBLISHABLE_KEY = list(Way.values), "pk_test_shop"


@pytest.fixture
def print_(db):
    factories.shipping_rate(countries=["DE", "FR"])
    return factories.variant(on_hand=5, price_minor=4900)


@pytest.fixture
def fields(shopper, print_):
    """The page with Stripe's fields, asked for by the shopper: (shopper, order, page)."""
    return shopper, *pay_page(shopper, print_, Way.ELEMENT)


def pay_page(shopper, variant, way):
    shopper.way = way
    page = shopper.client.get(shopper.put(variant).press_pay()["Location"])
    assert page.status_code == 200
    return page.context["order"], page


def directives(page):
    return {
        name: rest.split()
        for name, _space, rest in (part.strip().partition(" ") for part in page["Content-Security-Policy"].split(";"))
    }


class TestFields:
    def test_they_make_nothing_at_stripe_until_the_address_is_known(self, fields):
        shopper, order, page = fields
        assert not Payment.objects.exists()
        assert [request["path"] for request in shopper.sandbox.requests()] == []
        told = json.loads(page.context["paying"])
        assert (told["amount"], told["currency"], told["key"], told["secret"]) == (order.total_minor, "eur", "pk_test_shop", "")

    def test_they_ask_only_for_mail_where_nothing_is_sent(self, shopper, settings):
        download = factories.variant(requires_shipping=False, on_hand=5, price_minor=1200)
        order, page = pay_page(shopper, download, Way.ELEMENT)
        assert list(page.context["form"].fields) == ["email"]
        started = shopper.client.post(f"/checkout/pay/{order.number}/start/", {"email": "ada@shop.test"})
        assert started.json()["client_secret"].startswith("pi_")

    def test_they_know_what_the_owner_is_called(self, ada, ada_client, sandbox, print_):
        _order, page = pay_page(Shopper(sandbox, client=ada_client), print_, Way.ELEMENT)
        assert page.context["form"]["email"].value() == ada.email

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"email": ""}, "email"), ({"email": "nobody"}, "email"), ({"email": "a@b.test\n"}, None),
            ({"recipient": ""}, "recipient"),
            ({"line1": " "}, "line1"), ({"city": ""}, "city"), ({"country": "US"}, "country"), ({"country": ""}, "country"),
            ({"recipient": "x" * 201}, "recipient"), ({"city": "a\0b"}, "city"),
        ],
    )  # fmt: skip
    def test_they_say_beside_the_field_what_is_missing(self, fields, given, field):
        shopper, order, _page = fields
        answer = shopper.start(order, **given)
        if field is None:  # a line break around it is taken off
            assert answer.status_code == 200
            return
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
        assert not Payment.objects.exists()

    def test_they_send_stripe_what_the_form_says_now(self, fields):
        shopper, order, _page = fields
        first = shopper.start(order).json()
        second = shopper.start(order, city="Köln", email="ada@new.test").json()
        assert first["client_secret"] == second["client_secret"]
        intent = shopper.sandbox.object(Payment.objects.get().stripe_id)
        assert (intent["receipt_email"], intent["shipping"]["address"]["city"]) == ("ada@new.test", "Köln")
        assert (intent["amount"], intent["currency"]) == (order.total_minor, "eur")
        order.refresh_from_db()
        assert (order.email, order.address["city"]) == ("ada@new.test", "Köln")

    def test_two_presses_at_once_make_one_intent(self, fields, race):
        shopper, order, _page = fields
        answers = race(*[lambda: shopper.start(order)] * 4)
        secrets = {answer.json().get("client_secret") for answer in answers if answer.status_code == 200}
        assert len(secrets) == 1
        assert Payment.objects.filter(status=Payment.Status.OPEN).count() == 1
        assert (
            len(
                [
                    one
                    for one in shopper.sandbox.requests()
                    if one["method"] == "POST" and one["path"] == "/v1/payment_intents" and not one["replayed"]
                ]
            )
            == 1
        )

    def test_they_lead_on_when_there_is_nothing_to_pay_any_more(self, fields):
        shopper, order, _page = fields
        shopper.press_cancel(order)
        answer = shopper.start(order)
        assert (answer.status_code, answer.json()["address"]) == (409, order.get_absolute_url())

    def test_they_say_when_stripe_is_away(self, fields):
        shopper, order, _page = fields
        shopper.sandbox.fault(method="POST", path="^/v1/payment_intents$", action="status", status=503)
        answer = shopper.start(order)
        assert answer.status_code == 503
        assert "Nothing was charged" in answer.json()["problem"]
        assert Order.objects.get().status == Status.CANCELLED

    def test_they_ask_stripe_no_more_often_than_anybody_needs(self, fields):
        shopper, order, _page = fields
        answers = [shopper.start(order).status_code for _press in range(45)]
        assert answers[:35] == [200] * 35
        assert answers[-1] == 429
        assert len(shopper.sandbox.requests()) <= 2 * 40
        assert shopper.client.get(f"/checkout/pay/{order.number}/").status_code == 429

    def test_they_do_not_say_that_nothing_was_charged_where_nobody_knows(self, fields):
        shopper, order, _page = fields
        shopper.start(order)
        shopper.pay(Payment.objects.get())
        shopper.sandbox.fault(path="^/v1/payment_intents", action="status", status=503)
        assert "do not pay again" in shopper.start(order).json()["problem"]

    def test_they_lead_to_the_order_that_was_paid_too_late(self, fields):
        shopper, order, _page = fields
        shopper.start(order)
        expire(order, by="test")
        shopper.pay(Payment.objects.get())
        settle(Payment.objects.get(), by="test")
        answer = shopper.client.get(f"/checkout/pay/{order.number}/")
        assert (answer.status_code, answer["Location"]) == (302, order.get_absolute_url())

    def test_without_javascript_they_only_show_the_page_again(self, fields):
        shopper, order, _page = fields
        answer = shopper.client.post(f"/checkout/pay/{order.number}/", BUYER)
        assert (answer.status_code, answer["Location"]) == (302, f"/checkout/pay/{order.number}/")


class TestEveryPage:
    @pytest.mark.parametrize("way", [Way.EMBEDDED, Way.ELEMENT])
    def test_it_is_for_nobody_else(self, shopper, print_, way):
        order, page = pay_page(shopper, print_, way)
        for path in (f"/checkout/pay/{order.number}/", "/checkout/pay/AAAA-BBBB-CCCC-DDDD/"):
            assert Client().get(path).status_code == 404
            assert Client().post(f"{path}start/", BUYER).status_code == 404
        assert "no-store" in page["Cache-Control"]
        assert page["Referrer-Policy"] == "same-origin"

    def test_it_takes_no_form_from_another_site(self, fields):
        shopper, order, _page = fields
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = shopper.client.cookies
        assert strict.post(f"/checkout/pay/{order.number}/start/", BUYER).status_code == 403

    @pytest.mark.parametrize("way", [Way.EMBEDDED, Way.ELEMENT])
    def test_it_allows_the_stand_in_where_there_is_one(self, shopper, print_, settings, way):
        _order, page = pay_page(shopper, print_, way)
        stand_in = settings.STRIPE_JS_URL.rsplit("/", 1)[0]
        assert stand_in in directives(page)["script-src"]
        assert stand_in in directives(page)["frame-src"]
        assert not any("unsafe" in part for parts in directives(page).values() for part in parts)

    def test_other_pages_allow_nobody(self, client, shopper, print_):
        factories.product()
        for path in ("/", "/products/", "/cart/"):
            found = directives(client.get(path))
            assert "frame-src" not in found
            assert (found["form-action"], found["connect-src"]) == (["'self'"], ["'self'"])
            assert all(part.startswith("'") for part in found["script-src"])
        assert len(directives(shopper.put(print_).client.get("/checkout/"))["form-action"]) == 2

    def test_the_checkout_leads_to_stripe_only_where_that_is_a_way_to_pay(self, shopper, print_, settings):
        settings.PAYMENT_WAYS = [Way.ELEMENT]
        assert directives(shopper.put(print_).client.get("/checkout/"))["form-action"] == ["'self'"]

    def test_it_leads_to_the_order_once_it_is_paid(self, shopper, print_):
        shopper.way = Way.EMBEDDED
        payment = shopper.put(print_).checkout()
        shopper.pay(payment)
        answer = shopper.client.get(f"/checkout/pay/{payment.order.number}/")
        assert (answer.status_code, answer["Location"]) == (302, payment.order.get_absolute_url())
        assert Order.objects.get().is_paid

    def test_it_leads_to_the_cart_once_the_order_has_ended(self, fields):
        shopper, order, _page = fields
        shopper.press_cancel(order)
        answer = shopper.client.get(f"/checkout/pay/{order.number}/", follow=True)
        assert answer.redirect_chain == [("/cart/", 302)]
        assert "nothing was charged" in answer.content.decode()

    def test_it_says_when_stripe_is_away(self, shopper, print_):
        order, _page = pay_page(shopper, print_, Way.EMBEDDED)
        shopper.sandbox.fault(method="GET", path="^/v1/checkout/sessions/", action="status", status=500)
        page = shopper.client.get(f"/checkout/pay/{order.number}/")
        assert (page.status_code, "do not pay again" in page.content.decode()) == (503, True)
        assert "othing was charged" not in page.content.decode()
        assert Order.objects.get().status == Status.PENDING

    def test_it_leads_to_stripes_own_page_where_that_was_chosen(self, shopper, print_):
        payment = shopper.put(print_).checkout()
        answer = shopper.client.get(f"/checkout/pay/{payment.order.number}/")
        assert (answer.status_code, answer["Location"]) == (303, payment.session_url)


class TestChoice:
    def test_it_offers_what_the_shop_names_and_the_first_without_a_word(self, shopper, print_, settings):
        settings.PAYMENT_WAYS = ["embedded", "hosted"]
        page = shopper.put(print_).client.get("/checkout/").content.decode()
        assert page.count('name="way"') == 2
        assert "/checkout/pay/" in shopper.press_pay()["Location"]
        assert Order.objects.get().way == Way.EMBEDDED

    def test_it_asks_nothing_where_there_is_one(self, shopper, print_, settings):
        settings.PAYMENT_WAYS = ["hosted"]
        assert 'name="way"' not in shopper.put(print_).client.get("/checkout/").content.decode()
        answer = shopper.press_pay(way="element")
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["way"])


class TestFree:
    def test_an_order_that_costs_nothing_asks_where_to_send_it(self, shopper):
        factories.shipping_rate(price_minor=0, countries=["DE"])
        sample = factories.variant(on_hand=2, price_minor=0)
        order, _page = pay_page(shopper, sample, "")
        path = f"/checkout/pay/{order.number}/"
        assert shopper.client.post(path, {"email": "nobody"}).status_code == 422
        for _again in range(2):
            answer = shopper.client.post(path, BUYER)
            assert (answer.status_code, answer["Location"]) == (302, order.get_absolute_url())
        order.refresh_from_db()
        assert (order.status, order.recipient, order.mails.count()) == (Status.PAID, "Ada Lovelace", 1)
        assert shopper.sandbox.requests() == []


class TestChecks:
    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"PAYMENT_WAYS": ["hosted", "carrier pigeon"]}, "payments.E006"),
            ({"PAYMENT_WAYS": []}, "payments.E006"),
            ({"STRIPE_PUBLISHABLE_KEY": ""}, "payments.E007"),
            ({"STRIPE_JS_URL": "https://cdn.test/stripe.js", "STRIPE_API_BASE": ""}, "payments.E008"),
            ({"PAYMENT_WAYS": ["element"]}, "payments.W009"),
        ],
    )
    def test_it_says_at_the_start_what_cannot_work(self, settings, changed, told):
        assert stripe_is_configured() == []
        for name, value in changed.items():
            setattr(settings, name, value)
        assert told in [message.id for message in stripe_is_configured()]
