"""The shop, the stand-in for Stripe and the mail server together, and what must be true when everything has calmed down."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import stripe
from django.conf import settings
from django.db.models import F, Model

from catalog.models import Variant
from orders.emails import send_due
from orders.models import Order, OutgoingMail
from payments.audit import audit
from payments.expire import expire_orders
from payments.models import Difference, Payment, ReconcileRun, Refund, WebhookEvent
from payments.reconcile import reconcile
from tests import people
from tests.mail_server import ACCEPT, MailServer
from tests.payments.shopping import Shopper
from tests.sandbox_process import Sandbox
from tests.trust.http_client import Answer, HttpClient
from tests.trust.programs import ShopProgram
from tests.trust.visitors import visitor

CLOCKS = [
    (Payment, "created_at"),
    (Payment, "checked_at"),
    (Refund, "created_at"),
    (Refund, "checked_at"),
    (WebhookEvent, "received_at"),
    (ReconcileRun, "started_at"),
    (ReconcileRun, "finished_at"),
    (ReconcileRun, "read_until"),
    (OutgoingMail, "next_try_at"),
    (OutgoingMail, "claimed_until"),
]


@dataclass
class World:
    shop: ShopProgram
    sandbox: Sandbox
    mail: MailServer
    webhook_url: str

    # ---- people

    def client(self, *, address: str = "") -> HttpClient:
        return HttpClient(self.shop.url, address=address)

    def shopper(self, *, email: str = "ada@shop.test", shop: ShopProgram | None = None) -> Shopper:
        return Shopper(self.sandbox, email=email, client=HttpClient((shop or self.shop).url))

    def staff(self, *, shop: ShopProgram | None = None) -> HttpClient:
        """Grace, signed in."""
        return visitor((shop or self.shop).url, user=people.grace())

    def sold(self, variant: Variant, quantity: int = 1, *, told: bool = True) -> Order:
        """An order that is paid for at Stripe; `told`: the shop has heard of it."""
        payment = self.shopper().buy(variant, quantity)
        if told:
            assert self.deliver(self.completed(payment)).status_code == 200
        return Order.objects.get(pk=payment.order_id)

    # ---- Stripe's deliveries

    def completed(self, payment: Payment) -> dict[str, Any]:
        """The event that tells of the payment."""
        return self.sandbox.event("checkout.session.completed", about=payment.session_id)

    def listen(self) -> None:
        """From now on the stand-in delivers its events to the shop, through the contract check."""
        self.sandbox.configure(webhook_url=self.webhook_url, delivery="auto")

    def deliver(self, event: dict[str, Any], *, shop: ShopProgram | None = None, **headers: str) -> Answer:
        """Post one event, signed now."""
        return self.post_signed(json.dumps(event).encode(), shop=shop, **headers)

    def post_signed(self, body: bytes, *, secret: str = "", shop: ShopProgram | None = None, **headers: str) -> Answer:
        secret = secret or settings.STRIPE_WEBHOOK_SECRETS[0]
        signature = stripe.WebhookSignature.generate_signature_header(body.decode(errors="replace"), secret)
        return self.post_webhook(body, shop=shop, **{"Stripe-Signature": signature, **headers})

    def post_webhook(self, body: bytes, *, shop: ShopProgram | None = None, **headers: str) -> Answer:
        client = HttpClient((shop or self.shop).url)
        headers = {"Content-Type": "application/json", **headers}
        return client.request("POST", "/webhooks/stripe/", data=body, headers=headers)

    # ---- time

    def later(self, **time: float) -> None:
        """So much time passes: every clock that the shop reads from its rows is set back."""
        for model, field in CLOCKS:
            _set_back(model, field, timedelta(**time))

    def after_the_hold(self) -> None:
        """The hold of every open order is over; Stripe's pages still stand until it is told."""
        Order.objects.filter(expires_at__isnull=False).update(expires_at=F("expires_at") - timedelta(hours=25))

    # ---- the end

    def quiesce(self, *, listening: bool = False) -> None:
        """Faults off, events delivered if anybody listens, and the background work done as after some minutes."""
        self.shop.stops.clear()
        self.sandbox.clear_faults()
        self.mail.mode, self.mail.refused = ACCEPT, set()
        if listening:
            self.listen()
            self.sandbox.flush()
            assert self.sandbox.wait_delivered(), "deliveries are still due"
        self.later(minutes=20)
        expire_orders()
        reconcile()
        self.send_mail()

    def send_mail(self) -> None:
        """What the background worker does with the mail, without the second that it takes to start one."""
        while send_due():
            pass

    def violations(self) -> dict[str, list[str]]:
        """What the audit finds, by check."""
        return {name: result["examples"] for name, result in audit().items() if result["violations"]}

    def check(self, *, flagged: Collection[str] = (), foreign: Collection[str] = (), repeated: Collection[str] = ()) -> None:
        """Every invariant that the database, Stripe's books and the mail server can show together.

        `flagged`: checks of the audit that may have found something, because the case is about a difference that staff sees;
        the money of an order with an open difference is not compared. `foreign`: sessions that are not this shop's.
        `repeated`: Message-IDs that may be there twice, as the server took the mail and could not say so.
        """
        assert {name: found for name, found in self.violations().items() if name not in flagged} == {}
        self._money_agrees(set(foreign))
        self._mail_came_once(repeated)

    def _money_agrees(self, foreign: set[str]) -> None:
        """I3, I4, I5, I7: every order's money is the truth's, and no money is without an order."""
        sessions = {one["id"]: one for one in self.sandbox.books()["sessions"] if one["id"] not in foreign}
        lost = {one["client_reference_id"]: one["id"] for one in sessions.values()}
        flagged = Difference.objects.filter(resolved_at=None).values("order")
        for order in Order.objects.prefetch_related("payments"):
            names = [payment.session_id or lost.get(payment.reference) for payment in order.payments.all()]
            theirs = [sessions.pop(name) for name in names if name in sessions]
            there = sum(one["paid"] for one in theirs), sum(one["refunded"] for one in theirs)
            if not flagged.filter(order=order).exists():
                assert (order.paid_minor, order.refunded_minor) == there, f"{order.number} is {order.status}"
        unmatched = set(Difference.objects.filter(kind=Difference.Kind.UNMATCHED).values_list("reference", flat=True))
        assert [name for name, one in sessions.items() if one["paid"] and name not in unmatched] == [], "money without an order"

    def _mail_came_once(self, repeated: Collection[str]) -> None:
        """I13: one accepted message for each mail that counts as sent, and none that nobody wrote."""
        accepted = Counter(message["Message-ID"] for message in self.mail.accepted)
        assert [each for each, times in accepted.items() if times > 1 + (each in repeated)] == []
        assert len(accepted) == OutgoingMail.objects.filter(sent_at__isnull=False).count()


def _set_back(model: type[Model], field: str, by: timedelta) -> None:
    model._default_manager.filter(**{f"{field}__isnull": False}).update(**{field: F(field) - by})
