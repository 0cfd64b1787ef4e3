"""A key of Stripe's that was revoked (401), or may not do this (403): the shop says so, and loses nothing."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Variant
from orders.models import Order
from orders.status import Status
from payments import gateway
from payments.expire import expire_orders
from payments.models import Payment, Refund
from payments.reconcile import reconcile
from payments.refund import refund
from payments.settle import settle
from tests import factories
from tests.payments.shopping import Shopper, lose_answer

GOOD = "sk_test_only_for_tests_0123456789"
REVOKED, READ_ONLY = "sk_test_revoked_0123456789", "rk_test_readonly_0123456789"


@pytest.fixture
def download(shopper: Shopper) -> Variant:
    return factories.variant(requires_shipping=False, on_hand=5, price_minor=1200)


@pytest.mark.parametrize("key", [REVOKED, READ_ONLY])
def test_it_says_that_nobody_can_pay_now_and_makes_nothing_by_halves(shopper, download, settings, caplog, key):
    settings.STRIPE_SECRET_KEY = key
    with caplog.at_level(logging.WARNING):
        answer = shopper.put(download).press_on()
    assert answer.status_code == 503
    assert "Nothing was charged" in answer.content.decode()
    download.refresh_from_db()
    assert (download.stock_reserved, Order.objects.get().status) == (0, Status.CANCELLED)
    assert shopper.client.get("/cart/").context["cart"].count == 1
    assert shopper.books() == []


@pytest.mark.parametrize("key", [REVOKED, READ_ONLY])
def test_it_says_once_in_the_log_what_to_mend(shopper, download, settings, caplog, key):
    settings.STRIPE_SECRET_KEY = key
    shopper.put(download).press_on()
    (alarm,) = [record for record in caplog.records if record.levelno >= logging.ERROR and record.name.startswith("payments")]
    assert alarm.getMessage().startswith("Stripe: Stripe refuses our key, mend STRIPE_SECRET_KEY")
    assert key not in caplog.text


def test_it_can_sell_again_once_the_key_is_mended(shopper, download, settings):
    settings.STRIPE_SECRET_KEY = REVOKED
    shopper.put(download).press_on()
    settings.STRIPE_SECRET_KEY = GOOD
    assert shopper.checkout().status == Payment.Status.OPEN


def test_it_believes_no_refusal_of_its_key_about_a_payment(shopper, download, settings):
    payment = shopper.buy(download)
    lose_answer(payment)
    settings.STRIPE_SECRET_KEY = REVOKED
    with pytest.raises(gateway.GatewayKeyRefused):
        settle(Payment.objects.get(), by="test")
    settings.STRIPE_SECRET_KEY = GOOD
    assert settle(Payment.objects.get(), by="test").order.status == Status.PAID


def test_it_sends_a_refund_once_the_key_is_mended(shopper, download, settings):
    payment = settle(shopper.buy(download), by="test")
    settings.STRIPE_SECRET_KEY = READ_ONLY
    with pytest.raises(gateway.GatewayKeyRefused):
        refund(payment.order, amount_minor=1200, restock=False, reason="x", by="grace@shop.test")
    assert Refund.objects.get().status == Refund.Status.REQUESTED
    settings.STRIPE_SECRET_KEY = GOOD
    reconcile()
    assert Refund.objects.get().status == Refund.Status.SUCCEEDED
    assert sum(one["refunded"] for one in shopper.books()) == 1200


def test_it_asks_once_and_keeps_the_holds_while_its_key_is_refused(shopper, download, settings):
    for _each in range(3):
        Shopper(shopper.sandbox).put(download).checkout()
    Order.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    settings.STRIPE_SECRET_KEY = REVOKED
    before = len(shopper.sandbox.requests())
    assert expire_orders() == 0
    assert len(shopper.sandbox.requests()) == before + 1
    settings.STRIPE_SECRET_KEY = GOOD
    assert expire_orders() == 3
