"""The races of the main job, run for real: threads, barriers, both databases. Each has a control without the guard."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from catalog import stock
from catalog.models import Variant
from orders import place, transitions
from orders.models import Order, OrderEvent, OutgoingMail
from orders.status import Status
from payments import settle as settling
from payments.audit import audit
from payments.models import Payment
from tests import factories
from tests.payments.shopping import Shopper, deliver


@pytest.fixture
def download(shopper):
    return factories.variant(requires_shipping=False, on_hand=50, price_minor=1200)


def violations() -> set[str]:
    return {name for name, result in audit().items() if result["violations"]}


def at_once_after_reading(shopper: Shopper, race: Callable[..., list[Any]], *calls: Callable[[], Any]) -> list[Any]:
    """Run the calls so that each has read Stripe's answer before any of them may book it."""
    fault = shopper.sandbox.fault(**shopper.asking, action="hold_after")

    def release() -> None:
        shopper.sandbox.wait_fault(fault, waiting=len(calls), timeout=20)
        shopper.sandbox.release(fault)

    releaser = Thread(target=release)
    releaser.start()
    outcomes = race(*calls)
    releaser.join(30)
    assert not releaser.is_alive()
    return outcomes


def both_ways_at_once(shopper: Shopper, race: Callable[..., list[Any]], payment: Payment) -> list[Any]:
    event = shopper.told()
    return at_once_after_reading(shopper, race, lambda: deliver(event), lambda: shopper.come_back(payment))


@pytest.mark.parametrize("_round", range(3))
def test_webhook_and_return_page_at_once_fulfil_once(shopper, download, race, _round):
    payment = shopper.buy(download, 2)
    answers = both_ways_at_once(shopper, race, payment)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert payment.order.events.filter(to_status=Status.PAID).count() == 1
    assert OutgoingMail.objects.count() == 1
    download.refresh_from_db()
    assert (download.stock_on_hand, download.stock_reserved) == (48, 0)
    assert violations() == set()


def test_the_same_race_fulfils_twice_without_the_guards(shopper, download, race, monkeypatch):
    """The control: with claims that look first and write later, both callers win."""

    def look_then_write(payment, session, target, **changes):
        return bool(Payment.objects.filter(pk=payment.pk).update(checked_at=timezone.now()))

    def move_unguarded(order, target, *, what, by, allowed=None, done=(), **changes):
        Order.objects.filter(pk=order.pk).update(status=target, **changes)
        OrderEvent.objects.create(order=order, to_status=target, what=what, by=by)
        order.refresh_from_db()
        return True

    def sell_unguarded(units, *, reference, by):
        for variant_id, quantity in units:
            Variant.objects.filter(pk=variant_id).update(stock_on_hand=F("stock_on_hand") - quantity)

    monkeypatch.setattr(settling, "_claim", look_then_write)
    monkeypatch.setattr(transitions, "_move", move_unguarded)
    monkeypatch.setattr(stock, "sell", sell_unguarded)
    payment = shopper.buy(download, 2)
    both_ways_at_once(shopper, race, payment)
    assert payment.order.events.filter(to_status=Status.PAID).count() == 2
    assert "sold_once" in violations()


def test_one_event_delivered_sixteen_times_at_once_has_one_effect(shopper, download, race):
    payment = shopper.buy(download)
    event = shopper.told()
    answers = race(*[lambda: deliver(event)] * 16)
    assert {answer.status_code for answer in answers} <= {200, 500}
    assert deliver(event).status_code == 200
    assert payment.order.events.filter(to_status=Status.PAID).count() == 1
    assert OutgoingMail.objects.count() == 1
    assert violations() == set()


def test_the_last_three_go_to_three_of_many_shoppers(shopper, race):
    last = factories.variant(requires_shipping=False, on_hand=3, price_minor=1200)
    shoppers = [Shopper(shopper.sandbox).put(last) for _each in range(12)]
    answers = race(*[each.press_pay for each in shoppers])
    codes = sorted(answer.status_code for answer in answers)
    last.refresh_from_db()
    assert codes == [302] * codes.count(302) + [303] * 3 + [409] * codes.count(409)
    assert (last.stock_reserved, Order.objects.filter(status=Status.PENDING).count()) == (3, 3)
    assert violations() == set()


def test_the_last_three_are_oversold_without_the_guard(shopper, race, monkeypatch):
    """The control: were looking at the stock (as the cart does) all there is, everybody would get one."""
    last = factories.variant(requires_shipping=False, on_hand=3, price_minor=1200)
    monkeypatch.setattr(place, "reserve", lambda units, **_why: {variant_id: False for variant_id, _quantity in units})
    shoppers = [Shopper(shopper.sandbox).put(last) for _each in range(6)]
    answers = race(*[each.press_pay for each in shoppers])
    assert [answer.status_code for answer in answers].count(303) > last.stock_on_hand


def test_cancel_link_and_payment_at_once_end_in_one_of_the_two(shopper, download, race):
    payment = shopper.put(download).checkout()
    race(lambda: shopper.press_cancel(payment.order), lambda: shopper.pay(payment))
    settling.settle(Payment.objects.get(pk=payment.pk), by="test")
    order = Order.objects.get(pk=payment.order_id)
    (truth,) = shopper.books()
    assert order.status == (Status.PAID if truth["paid"] else Status.CANCELLED)
    assert order.paid_minor - order.refunded_minor == truth["paid"] - truth["refunded"]
    assert violations() == set()
