"""Two presses of the button while Stripe takes its time: one page, and neither press ends the other's order."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest
from django.db import connections

from catalog.models import Variant
from orders.models import Order
from orders.status import Status
from payments import gateway
from payments.models import Payment
from tests import factories
from tests.payments.shopping import Shopper

CREATE = {"method": "POST", "path": "^/v1/checkout/sessions$"}


@pytest.fixture
def download(shopper: Shopper) -> Variant:
    return factories.variant(requires_shipping=False, on_hand=5, price_minor=1200)


def pressing(shopper: Shopper, answers: list[Any]) -> Thread:
    thread = Thread(target=lambda: (answers.append(shopper.press_pay()), connections.close_all()), daemon=True)
    thread.start()
    return thread


def test_it_leads_both_presses_to_one_page_when_stripe_takes_long(shopper, download, race):
    shopper.put(download)
    shopper.sandbox.fault(**CREATE, action="slow", seconds=3.5)
    answers = race(shopper.press_pay, shopper.press_pay)
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert (Order.objects.count(), Payment.objects.count()) == (1, 1)


def test_it_leaves_an_order_to_the_press_that_still_waits_for_stripe(shopper, download, monkeypatch):
    monkeypatch.setattr(gateway, "TWIN_PAUSES", ())  # the second press has no patience
    shopper.put(download)
    fault = shopper.sandbox.fault(**CREATE, action="hold_before")
    answers: list[Any] = []
    first = pressing(shopper, answers)
    assert shopper.sandbox.wait_fault(fault, waiting=1, timeout=20)
    assert shopper.press_pay().status_code == 503
    shopper.sandbox.clear_faults()
    first.join(30)
    assert answers[0].status_code == 303
    assert Order.objects.get().status == Status.PENDING
