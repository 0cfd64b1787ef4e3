"""A shopper at the test client, and Stripe's deliveries posted by hand: for tests that decide themselves what arrives when."""

from __future__ import annotations

import json
from typing import Any

import stripe
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from catalog.models import Variant
from orders.models import Order
from orders.status import Way
from payments.models import Payment
from payments.requests import request_for
from payments.settle import record_started
from payments.ways import create
from tests.sandbox_process import Sandbox

CARD, DECLINED = "4242424242424242", "4000000000000002"
CARDS = {CARD: "pm_card_visa", DECLINED: "pm_card_visa_chargeDeclined"}  # by the names of the API
ADDRESS = {"line1": "12 St James's Square", "city": "Berlin", "postal_code": "10115", "country": "DE"}


class Shopper:
    """One visitor with a session of their own, at Django's test client or at any other with the same verbs.

    `way`: how they pay, if not in the way that the shop offers first.
    """

    def __init__(self, sandbox: Sandbox, *, email: str = "ada@shop.test", client: Any = None, way: str = "") -> None:
        self.client, self.sandbox, self.email, self.way = client or Client(), sandbox, email, way

    def put(self, variant: Variant, quantity: int = 1) -> Shopper:
        answer = self.client.post("/cart/add/", {"variant": variant.pk, "quantity": quantity})
        assert answer.status_code == 302, answer.content.decode()
        return self

    def press_pay(self, **fields: Any) -> HttpResponse:
        return self.client.post("/checkout/", fields | ({"way": self.way} if self.way else {}))

    def checkout(self) -> Payment:
        """Press the button; the answer must lead to Stripe's page, or to the shop's own with something of Stripe's inside."""
        answer = self.press_pay()
        assert answer.status_code == 303, answer.content.decode()
        way = self.way or settings.PAYMENT_WAYS[0]
        if way == Way.HOSTED:
            return Payment.objects.get(session_url=answer["Location"])
        page = self.client.get(answer["Location"])
        assert page.status_code == 200, page.content.decode()
        if way == Way.ELEMENT:
            started = self.start(page.context["order"])
            assert started.status_code == 200, started.content.decode()
        return Payment.objects.get(order=page.context["order"])

    def start(self, order: Order, **fields: str) -> HttpResponse:
        """What the script of the page with Stripe's fields does first."""
        buyer = {"email": self.email, "recipient": "Ada Lovelace", **ADDRESS, **fields}
        return self.client.post(f"/checkout/pay/{order.number}/start/", buyer)

    def pay(self, payment: Payment, *, card: str = CARD, **how: Any) -> dict[str, Any]:
        """Fill in Stripe's page, or its fields."""
        if payment.is_intent:
            return self.sandbox.confirm(payment.stripe_id, method=CARDS[card])
        if payment.order.requires_shipping:
            how.setdefault("shipping", {"name": "Ada Lovelace", "address": ADDRESS})
        if "iban" not in how:
            how["card"] = card
        return self.sandbox.pay(payment.session_id, email=self.email, name="Ada Lovelace", **how)

    def buy(self, variant: Variant, quantity: int = 1) -> Payment:
        """Everything up to the money being at Stripe. The shop has not heard of it yet."""
        payment = self.put(variant, quantity).checkout()
        outcome = self.pay(payment)
        assert outcome["outcome"] == "succeeded", outcome
        return payment

    def pay_again(self, first: Payment) -> Payment:
        """Pay on a second page of the same order, as no shop should offer one. It has not heard of this money yet."""
        second = Payment(order=first.order, amount_minor=first.amount_minor, currency=first.currency)
        second.request = request_for(second)
        second.save()
        record_started(second, create(second))
        assert self.pay(second)["outcome"] == "succeeded"
        return second

    def come_back(self, payment: Payment) -> HttpResponse:
        name = "payment_intent" if payment.is_intent else "session_id"
        return self.client.get("/checkout/return/", {name: payment.stripe_id})

    def press_cancel(self, order: Order) -> HttpResponse:
        """Follow the "back to shop" link of Stripe's page."""
        from orders.access import order_key

        return self.client.get(f"/checkout/cancel/{order.number}/", {"key": order_key(order)})


def deliver(event: dict[str, Any], *, client: Client | None = None) -> HttpResponse:
    """Post one event to the webhook, signed now with the configured secret."""
    body = json.dumps(event)
    signature = stripe.WebhookSignature.generate_signature_header(body, settings.STRIPE_WEBHOOK_SECRETS[0])
    return (client or Client(raise_request_exception=False)).post(
        "/webhooks/stripe/", body, content_type="application/json", headers={"Stripe-Signature": signature}
    )


def events_of(sandbox: Sandbox, *types: str) -> list[dict[str, Any]]:
    """Events the stand-in made, oldest first, of these types (or all)."""
    made = sorted(sandbox.events(), key=lambda event: (event["created"], event["id"]))
    return [event for event in made if not types or event["type"] in types]


def one_event(sandbox: Sandbox, kind: str) -> dict[str, Any]:
    (event,) = events_of(sandbox, kind)
    return event
