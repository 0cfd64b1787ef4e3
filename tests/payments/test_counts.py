"""What is counted because no row tells it: webhooks that came to nothing, and payments that only the reconciler found."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import stripe
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from accounts import counts
from accounts.counts import counted_ever, write_counts
from orders.models import Order
from orders.status import Status
from payments import inbox
from payments.models import Payment
from payments.reconcile import reconcile
from tests import factories
from tests.payments.shopping import deliver


@pytest.fixture(autouse=True)
def nothing_waits():
    counts._waiting.clear()
    yield
    counts._waiting.clear()


def counted(prefix: str = "webhook:") -> dict[str, int]:
    write_counts()
    return counted_ever(prefix)


def event(**fields: Any) -> dict[str, Any]:
    made = {"id": "evt_1", "object": "event", "type": "invoice.paid", "livemode": False, "created": 1, "data": {"object": {}}}
    return made | fields


def post(body: str, **headers: str) -> int:
    return Client().post("/webhooks/stripe/", body, content_type="application/json", headers=headers).status_code


@pytest.mark.django_db(transaction=True)
class TestWebhooksThatComeToNothing:
    def test_a_body_that_is_not_signed(self):
        assert post("{}") == 400
        assert counted() == {"unsigned": 1}

    def test_a_signature_by_another_secret(self):
        body = json.dumps(event())
        header = stripe.WebhookSignature.generate_signature_header(body, "whsec_of_another_shop")
        assert post(body, **{"Stripe-Signature": header}) == 400
        assert counted() == {"signature": 1}

    def test_a_body_that_is_too_large(self):
        assert post("x" * 1_000_001) == 413
        assert counted() == {"size": 1}

    @pytest.mark.parametrize(
        ("fields", "cause"), [({"account": "acct_1"}, "account"), ({"livemode": True}, "mode"), ({}, "unknown")]
    )
    def test_an_event_that_is_not_for_this_shop(self, fields, cause):
        for _again in range(2):  # the repeat is known by its row
            assert deliver(event(**fields)).status_code == 200
        assert counted() == {cause: 1}

    @pytest.mark.parametrize(
        ("error", "written_at_once"), [(ZeroDivisionError("x"), True), (OperationalError("database is locked"), False)]
    )
    def test_a_handler_that_fails(self, monkeypatch, error, written_at_once):
        def fail(_event):
            raise error

        monkeypatch.setattr(counts, "_written_at", -1)
        monkeypatch.setitem(inbox.HANDLERS, "refund.created", fail)
        assert deliver(event(type="refund.created")).status_code == 500
        assert counted_ever("webhook:") == ({"handler": 1} if written_at_once else {})
        assert counted() == {"handler": 1}


def test_stripe_that_does_not_answer_a_handler(shopper):
    shopper.buy(factories.download())
    news = shopper.told()
    shopper.sandbox.fault(**shopper.asking, action="status", status=500)
    assert deliver(news).status_code == 500
    assert counted() == {"stripe": 1}


class TestPaymentsThatOnlyTheReconcilerFound:
    @pytest.fixture
    def paid(self, shopper) -> Payment:
        return shopper.buy(factories.download())

    def assert_bought(self, payment: Payment) -> None:
        assert Order.objects.get(pk=payment.order_id).status == Status.PAID

    def test_by_an_event_that_was_not_delivered(self, paid):
        reconcile()
        self.assert_bought(paid)
        assert counted("reconcile:") == {"event": 1}
        reconcile()
        assert counted("reconcile:") == {"event": 1}

    def test_by_asking_where_there_is_no_event(self, paid, monkeypatch):
        monkeypatch.setattr("payments.gateway.list_events", lambda **_asked: iter(()))
        Payment.objects.update(created_at=timezone.now() - timedelta(minutes=5), checked_at=None)
        reconcile()
        self.assert_bought(paid)
        assert counted("reconcile:") == {"asked": 1}

    def test_none_where_the_webhook_was_first(self, paid, shopper):
        deliver(shopper.told())
        self.assert_bought(paid)
        reconcile()
        assert counted("reconcile:") == {}
