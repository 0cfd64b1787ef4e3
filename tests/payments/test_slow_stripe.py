"""Presses of the button while Stripe takes its time, or after one that was cut off: they help each other to a page."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from catalog.models import Variant
from orders.models import Order
from orders.status import Status
from payments import stripe_client, ways
from payments.models import Payment
from payments.patience import at_most, seconds_left
from payments.settle import settle
from tests import factories
from tests.payments.shopping import Shopper, deliver, leads_to, lose_answer


@pytest.fixture
def download(shopper: Shopper) -> Variant:
    return factories.variant(requires_shipping=False, on_hand=5, price_minor=1200)


def pressing(shopper: Shopper, answers: list[Any]) -> Thread:
    thread = Thread(target=lambda: (answers.append(shopper.press_on()), connections.close_all()), daemon=True)
    thread.start()
    return thread


@pytest.mark.only_on("sqlite")
def test_it_leads_both_presses_to_one_page_when_stripe_takes_long(shopper, download, race):
    shopper.put(download)
    shopper.sandbox.fault(**shopper.making, action="slow", seconds=3.5)
    answers = race(shopper.press_on, shopper.press_on)
    assert leads_to(answers[0]) == leads_to(answers[1])
    assert (Order.objects.count(), Payment.objects.count()) == (1, 1)


def test_it_leaves_an_order_to_the_press_that_still_waits_for_stripe(shopper, download, monkeypatch):
    monkeypatch.setattr(stripe_client, "TWIN_PAUSES", ())  # the second press has no patience
    shopper.put(download)
    fault = shopper.sandbox.fault(**shopper.making, action="hold_before")
    answers: list[Any] = []
    first = pressing(shopper, answers)
    assert shopper.sandbox.wait_fault(fault, waiting=1, timeout=20)
    assert shopper.press_on().status_code == 503
    shopper.sandbox.clear_faults()
    first.join(30)
    assert leads_to(answers[0])
    assert Order.objects.get().status == Status.PENDING


class Killed(BaseException):
    """The process is gone: nothing catches this."""


def test_it_opens_a_page_minutes_after_a_press_that_was_killed_before_stripe_was_asked(shopper, download, monkeypatch):
    def die(*args: Any, **options: Any) -> None:
        raise Killed

    shopper.put(download)
    with monkeypatch.context() as patch:
        patch.setattr(ways, "create", die)
        with pytest.raises(Killed):
            shopper.press_on()
    five_minutes_later(Payment.objects.get())
    assert shopper.checkout().status == Payment.Status.OPEN
    download.refresh_from_db()
    assert download.stock_reserved == 1


def test_it_finds_a_page_that_stripe_opened_minutes_ago_for_a_press_that_was_killed(shopper, download):
    payment = shopper.put(download).checkout()
    lose_answer(payment)
    five_minutes_later(payment)
    settle(Payment.objects.get(), by="test")
    payment.refresh_from_db()
    assert payment.status == Payment.Status.OPEN
    assert len(shopper.books()) == 1


def five_minutes_later(payment: Payment) -> None:
    """Everything about this attempt lies five minutes further back."""
    ends = payment.order.expires_at - timedelta(minutes=5)
    Order.objects.filter(pk=payment.order_id).update(expires_at=ends)
    request = payment.request | ({} if payment.is_intent else {"expires_at": int(ends.timestamp())})
    Payment.objects.filter(pk=payment.pk).update(request=request, created_at=timezone.now() - timedelta(minutes=5))


@pytest.mark.only_on("sqlite")  # waiting for Stripe is the same beside any database
class TestItAnswersInTime:
    """The limits: ten seconds for a page that asks Stripe, three for the way back from paying."""

    def timed(self, call: Callable[[], Any]) -> tuple[Any, float]:
        begun = time.monotonic()
        return call(), time.monotonic() - begun

    @pytest.mark.session  # with fields that is two requests, and each has ten seconds
    def test_replacing_an_order_while_each_call_takes_long(self, shopper, download):
        shopper.put(download).checkout()
        shopper.put(download)
        shopper.sandbox.fault(method="", path="^/v1/", action="slow", seconds=3.9)
        answer, seconds = self.timed(shopper.press_on)
        assert (answer.status_code, seconds < 10) == (503, True)
        assert shopper.client.get("/cart/").context["cart"].count == 2
        assert shopper.press_on().status_code == 303  # each press got further
        download.refresh_from_db()
        assert download.stock_reserved == 2

    @pytest.mark.parametrize("begun", [False, True], ids=["a first order", "an edited cart"])
    def test_paying_while_stripe_is_silent(self, shopper, download, begun):
        if begun:
            shopper.put(download).checkout()
        shopper.put(download)
        shopper.sandbox.fault(method="", path="^/v1/", action="silent")
        answer, seconds = self.timed(shopper.press_on)
        assert (answer.status_code, seconds < 10) == (503, True)
        download.refresh_from_db()
        assert download.stock_reserved == begun  # only what a page of Stripe may still be paid for

    def test_coming_back_while_stripe_is_silent(self, shopper, download):
        payment = shopper.buy(download)
        shopper.sandbox.fault(method="", path="^/v1/", action="silent")
        answer, seconds = self.timed(lambda: shopper.come_back(payment))
        assert (answer.status_code, seconds < 3) == (200, True)
        assert "We are confirming your payment" in answer.content.decode()

    def test_turning_back_while_stripe_is_silent(self, shopper, download):
        payment = shopper.put(download).checkout()
        shopper.sandbox.fault(method="", path="^/v1/", action="silent")
        answer, seconds = self.timed(lambda: shopper.press_cancel(payment.order))
        assert (answer.status_code, seconds < 10) == (302, True)

    def test_a_webhook_while_stripe_is_silent(self, shopper, download):
        shopper.buy(download)
        event = shopper.told()
        shopper.sandbox.fault(method="", path="^/v1/", action="silent")
        answer, seconds = self.timed(lambda: deliver(event))
        assert (answer.status_code, seconds < 5) == (500, True)


def test_it_has_a_shorter_limit_inside_a_longer_one():
    with at_most(100), at_most(1), at_most(50):
        assert 0 < seconds_left(otherwise=7) <= 1
    assert seconds_left(otherwise=7) == 7
