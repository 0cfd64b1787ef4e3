"""A purchase with its refund, in every way to pay, and what the most talkative log says about the buyer: nothing."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client

from orders.access import order_key
from orders.emails import send_due
from orders.models import Order, OutgoingMail
from orders.status import Status, Way
from payments import inbox
from payments.models import Payment
from payments.reconcile import reconcile
from payments.refund import refund
from shop.logs import JsonLines, PlainLines
from tests import factories
from tests.mail_server import REFUSE, MailServer
from tests.payments.shopping import ADDRESS, DECLINED, deliver, events_of

BUYER = ("ada@shop.test", "ada%40shop.test", "Lovelace", "12 St James", "10115")
# As PostgreSQL says which row it refuses.
QUOTED = "refused\nDETAIL:  Failing row contains (1, ada@shop.test, Ada Lovelace, 12 St James's Square, 10115)."


@pytest.fixture
def logs() -> Iterator[dict[str, io.StringIO]]:
    """What both formats write, of everything that is logged at all; and what would be written without their care."""
    root, streams, level = logging.getLogger(), {}, logging.getLogger().level
    handlers = []
    for name, formatter in (("json", JsonLines()), ("line", PlainLines()), ("careless", logging.Formatter())):
        streams[name] = io.StringIO()
        handlers.append(logging.StreamHandler(streams[name]))
        handlers[-1].setFormatter(formatter)
        root.addHandler(handlers[-1])
    root.setLevel(logging.DEBUG)
    yield streams
    root.setLevel(level)
    for handler in handlers:
        root.removeHandler(handler)


@pytest.fixture
def mail_server(settings) -> Iterator[MailServer]:
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_HOST_USER = "127.0.0.1", server.port, ""
        yield server


def fail_with_her_address(_event):
    raise ValueError(QUOTED)


@pytest.mark.parametrize("way", Way.values)
def test_the_log_of_a_purchase_and_its_refund_does_not_tell_who_buys(shopper, logs, mail_server, monkeypatch, settings, way):
    settings.PAYMENT_WAYS, settings.STRIPE_PUBLISHABLE_KEY = list(Way.values), "pk_test_shop"
    shopper.way = way
    factories.shipping_rate()
    payment = shopper.put(factories.variant()).checkout()
    assert shopper.pay(payment, card=DECLINED)["outcome"] == "declined"
    assert shopper.pay(payment)["outcome"] == "succeeded"
    with monkeypatch.context() as broken:
        broken.setattr(inbox, "HANDLERS", dict.fromkeys(inbox.HANDLERS, fail_with_her_address))
        assert {deliver(event).status_code for event in events_of(shopper.sandbox, "payment_intent.succeeded")} == {500}
    Client().post("/webhooks/stripe/", json.dumps(ADDRESS), "application/json", headers={"Stripe-Signature": "t=1,v1=x"})
    for event in events_of(shopper.sandbox):
        assert deliver(event).status_code == 200
    order = Order.objects.get(pk=payment.order_id)
    assert (order.status, order.email) == (Status.PAID, "ada@shop.test")
    shopper.come_back(payment)
    mail_server.mode = REFUSE  # 550, with her address in the error
    send_due()
    assert OutgoingMail.objects.get(order=order).failed_at
    refund(order, amount_minor=order.total_minor, by="grace@shop.test", reason="She asked")
    for event in events_of(shopper.sandbox):
        deliver(event)
    assert Order.objects.get(pk=order.pk).status == Status.REFUNDED
    reconcile()
    Client().get(f"/orders/{order.number}/", {"key": order_key(order)})
    Client().get(f"/orders/{order.number}/x/", {"key": order_key(order), "email": "ada@shop.test"})
    client_secret = shopper.sandbox.object(payment.stripe_id).get("client_secret") or "there is none"
    kept_back = (*BUYER, "grace@shop.test", order_key(order), client_secret, *secrets_of_the_shop())
    careless = logs.pop("careless").getvalue()
    assert [word for word in ("ada@shop.test", "Lovelace", "12 St James", "grace@shop.test") if word not in careless] == []
    for stream in logs.values():
        assert [line for line in stream.getvalue().splitlines() if any(word in line for word in kept_back)] == []
    lines = [json.loads(line) for line in logs["json"].getvalue().splitlines()]
    assert_tells_what_matters(lines, order, payment)


def secrets_of_the_shop() -> tuple[str, ...]:
    return settings.SECRET_KEY, settings.STRIPE_SECRET_KEY, *settings.STRIPE_WEBHOOK_SECRETS


def assert_tells_what_matters(lines: list[dict], order: Order, payment: Payment) -> None:
    """From one line to the request, the order, the event and Stripe's own log."""
    (paid,) = [line for line in lines if line["message"].startswith(f"Order {order.number}: paid, was")]
    assert (paid["order"], paid["level"]) == (order.number, "INFO")
    assert paid["event"].startswith("evt_")
    assert len(paid["request_id"]) == 16
    assert paid["stripe_request"].startswith("req_")
    failed = [line for line in lines if "was not processed" in line["message"]]
    assert {line["logger"] for line in failed} == {"payments.webhook"}
    assert all(line["event"].startswith("evt_") for line in failed)
    (mail,) = [line for line in lines if line["message"].startswith("Mail ") and "550" in line["message"]]
    assert mail["run_id"]
