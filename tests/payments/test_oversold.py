"""An order is paid whose units staff took away meanwhile: it is honoured, staff are told, and it can be refunded."""

from __future__ import annotations

import pytest

from catalog import stock
from orders.status import Status
from payments import checkout
from payments.models import Difference
from payments.refund import refund
from tests import factories
from tests.orders.placing import violations
from tests.payments.shopping import deliver


@pytest.fixture
def print_(shopper):
    return factories.variant(requires_shipping=False, on_hand=5, price_minor=1200)


@pytest.fixture
def oversold(shopper, print_):
    """Three units are promised and being paid for; two are lost with the others of the shelf, one is left."""
    payment = shopper.buy(print_, 3)
    stock.adjust(print_.pk, -4, by="grace@shop.test", reference="water damage", oversell=True)
    return payment


def test_it_is_paid_and_staff_are_told_once_what_is_not_there(shopper, print_, oversold):
    event = shopper.told()
    for _again in range(2):
        assert deliver(event).status_code == 200
    oversold.order.refresh_from_db()
    assert oversold.order.status == Status.PAID
    told = Difference.objects.get()
    assert (told.kind, told.order) == (Difference.Kind.OVERSOLD, oversold.order)
    assert told.detail == f"Not there: 2 × {print_.sku}. Send it later, or refund it."
    assert oversold.order.events.filter(what=told.detail).count() == 1
    assert violations().keys() == {"differences_are_resolved"}


def test_it_is_refunded_as_any_other(shopper, print_, oversold):
    deliver(shopper.told())
    refund(oversold.order, amount_minor=3600, restock=True, reason="It is lost", by="grace@shop.test")
    print_.refresh_from_db()
    assert (print_.stock_on_hand, print_.stock_reserved, print_.stock_oversold) == (1, 0, 0)
    Difference.objects.update(resolved_at=oversold.created_at)
    assert violations() == {}


def test_it_tells_of_an_order_that_cost_nothing_too(shopper, monkeypatch):
    gift = factories.variant(requires_shipping=False, on_hand=1, price_minor=0)
    mark_paid = checkout.mark_paid

    def lost_this_moment(*args, **named):
        stock.adjust(gift.pk, -1, by="grace@shop.test", reference="lost", oversell=True)
        return mark_paid(*args, **named)

    monkeypatch.setattr(checkout, "mark_paid", lost_this_moment)
    shopper.put(gift).press_pay()
    assert Difference.objects.get().detail.startswith(f"Not there: 1 × {gift.sku}.")
