"""A shopper at the test client, and Stripe's deliveries posted by hand: for tests that decide themselves what arrives when."""

from __future__ import annotations

import json
import re
from typing import Any

import stripe
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from catalog.models import Variant
from orders.models import Order
from orders.status import Way
from payments.gateway import cancel_payment_intent
from payments.models import Payment
from payments.requests import request_for
from payments.settle import record_started
from payments.ways import create
from tests.sandbox_process import ControlError, Sandbox

CARD, DECLINED = "4242424242424242", "4000000000000002"
IBAN_SUCCEEDS, IBAN_FAILS = "AT611904300234573201", "AT861904300235473202"
ADDRESS = {"line1": "12 St James's Square", "city": "Berlin", "postal_code": "10115", "country": "DE"}

CLOSED = ("expired", "canceled")  # a page of Stripe's, and an intent, that nobody can pay
NEWS = {  # by what happened: the event of a Checkout Session, and of the PaymentIntent of Stripe's fields
    "paid": ("checkout.session.completed", "payment_intent.succeeded"),
    "on its way": ("checkout.session.completed", "payment_intent.processing"),
    "arrived": ("checkout.session.async_payment_succeeded", "payment_intent.succeeded"),
    "failed": ("checkout.session.async_payment_failed", "payment_intent.payment_failed"),
}


class Shopper:
    """One visitor with a session of their own, at Django's test client or at any other with the same verbs.

    `way`: how they pay, if not in the way that the shop offers first.
    """

    def __init__(self, sandbox: Sandbox, *, email: str = "ada@shop.test", client: Any = None, way: str = "") -> None:
        self.client, self.sandbox, self.email, self.way = client or Client(), sandbox, email, way

    @property
    def has_fields(self) -> bool:
        """Whether they pay in Stripe's fields on the shop's own page, by a PaymentIntent without a Checkout Session."""
        return (self.way or settings.PAYMENT_WAYS[0]) == Way.ELEMENT

    @property
    def making(self) -> dict[str, str]:
        """Of a fault: the call that makes what can be paid."""
        return {"method": "POST", "path": "^/v1/payment_intents$" if self.has_fields else "^/v1/checkout/sessions$"}

    @property
    def asking(self) -> dict[str, str]:
        """Of a fault: the call that asks what became of it."""
        return {"method": "GET", "path": "^/v1/payment_intents/" if self.has_fields else "^/v1/checkout/sessions/"}

    def made(self) -> list[dict[str, Any]]:
        """The calls that made what can be paid, as the stand-in received them, newest first."""
        return [
            one for one in self.sandbox.requests() if one["method"] == "POST" and re.match(self.making["path"], one["path"])
        ]

    def news(self, of: str = "paid") -> str:
        """The type of the event by which Stripe tells this (see NEWS)."""
        return NEWS[of][self.has_fields]

    def told(self, of: str = "paid") -> dict[str, Any]:
        """The one event by which Stripe has told this."""
        return one_event(self.sandbox, self.news(of))

    def put(self, variant: Variant, quantity: int = 1) -> Shopper:
        answer = self.client.post("/cart/add/", {"variant": variant.pk, "quantity": quantity})
        assert answer.status_code == 302, answer.content.decode()
        return self

    def press_pay(self, **fields: Any) -> HttpResponse:
        return self.client.post("/checkout/", fields | ({"way": self.way} if self.way else {}))

    def press_on(self, **fields: Any) -> HttpResponse:
        """Press the button, and where that leads to Stripe's fields, begin there: the answer of whatever asks Stripe."""
        answer = self.press_pay(**fields)
        if answer.status_code != 303 or not self.has_fields:
            return answer
        page = self.client.get(answer["Location"])
        return self.start(page.context["order"]) if page.status_code == 200 else page

    def checkout(self) -> Payment:
        """Press the button; the answer must lead to Stripe's page, or to the shop's own with something of Stripe's inside."""
        answer = self.press_pay()
        assert answer.status_code == 303, answer.content.decode()
        if (self.way or settings.PAYMENT_WAYS[0]) == Way.HOSTED:
            return Payment.objects.get(session_url=answer["Location"])
        page = self.client.get(answer["Location"])
        assert page.status_code == 200, page.content.decode()
        if self.has_fields:
            started = self.start(page.context["order"])
            assert started.status_code == 200, started.content.decode()
        return Payment.objects.get(order=page.context["order"])

    def start(self, order: Order, **fields: str) -> HttpResponse:
        """What the script of the page with Stripe's fields does first."""
        buyer = {"email": self.email, "recipient": "Ada Lovelace", **ADDRESS, **fields}
        return self.client.post(f"/checkout/pay/{order.number}/start/", buyer)

    def pay(self, payment: Payment, *, card: str = CARD, **how: Any) -> dict[str, Any]:
        """Fill in Stripe's page, or its fields: with a card, or with an iban."""
        if "iban" not in how:
            how["card"] = card
        who = {"email": self.email, "name": "Ada Lovelace"}
        if payment.is_intent:
            return self._fill_in_fields(payment, **who, **how)
        if payment.order.requires_shipping:
            how.setdefault("shipping", {"name": "Ada Lovelace", "address": ADDRESS})
        return self.sandbox.pay(payment.session_id, **who, **how)

    def _fill_in_fields(self, payment: Payment, **how: Any) -> dict[str, Any]:
        try:
            return self.sandbox.pay_intent(payment.stripe_id, **how)
        except ControlError as error:  # it is paid, or cancelled
            return {"outcome": "refused", "error": str(error)}

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

    def intent_of(self, payment: Payment) -> str:
        """The id of its PaymentIntent at Stripe, of which the shop may not know yet."""
        return payment.stripe_id if payment.is_intent else self.sandbox.session(payment.session_id)["payment_intent"]

    def state_of(self, payment: Payment) -> str:
        """What Stripe says: open, complete or expired of a session; requires_payment_method, succeeded, canceled ... else."""
        return self.sandbox.object(payment.stripe_id)["status"]

    def end_page(self, payment: Payment) -> None:
        """Its time at Stripe is over; an intent has none, so somebody cancels it in the dashboard."""
        if payment.is_intent:
            cancel_payment_intent(payment.stripe_id)
        else:
            self.sandbox.expire(payment.session_id)

    def books(self) -> list[dict[str, Any]]:
        """Everything that could be paid, with its money, as Stripe's own books have it."""
        books = self.sandbox.books()
        return books["sessions"] + books["other_payments"]

    def come_back(self, payment: Payment, *, client: Client | None = None) -> HttpResponse:
        """By Stripe's way back, or by another visitor's knowing of it."""
        name = "payment_intent" if payment.is_intent else "session_id"
        return (client or self.client).get("/checkout/return/", {name: payment.stripe_id})

    def press_cancel(self, order: Order) -> HttpResponse:
        """Follow the "back to shop" link of Stripe's page."""
        from orders.access import order_key

        return self.client.get(f"/checkout/cancel/{order.number}/", {"key": order_key(order)})


def leads_to(answer: HttpResponse) -> str:
    """The page, or the secret of the intent, with which the shopper pays now; nothing if they cannot."""
    assert answer.status_code in (200, 303), answer.content.decode()
    return answer["Location"] if answer.status_code == 303 else answer.json()["client_secret"]


def lose_answer(payment: Payment) -> Payment:
    """As if Stripe's answer to the call that made it had never been stored; reads it anew."""
    lost = {"status": Payment.Status.STARTING, "session_id": None, "payment_intent_id": None, "session_url": ""}
    Payment.objects.filter(pk=payment.pk).update(**lost)
    return Payment.objects.select_related("order").get(pk=payment.pk)


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
