"""payments/order_tools.py: what staff do where no money is left to refund."""

from __future__ import annotations

from threading import Event, Thread

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from orders.emails import queue_mail, render
from orders.models import Order
from orders.status import Status
from orders.transitions import ship
from payments import disputes, order_tools
from payments.audit import audit
from payments.desk_sweep import sweep
from payments.models import Dispute, Payment
from payments.refund import refund
from payments.refund_lines import Units
from payments.settle import settle
from promotions.models import Promotion
from tests import factories
from tests.payments.shopping import deliver, events_of

LIST = "/admin/orders/order/"


@pytest.fixture
def paid(shopper) -> Payment:
    factories.shipping_rate()
    return settle(shopper.buy(factories.variant(on_hand=5), 2), by="test")


def offered(client: Client, order: Order) -> list[str]:
    return [tool.name for tool in client.get(reverse("admin:orders_order_change", args=[order.pk])).context["tools"]]


def press(client: Client, order: Order, name: str) -> str:
    address = reverse("admin:orders_order_do", args=[order.pk, name])
    if name in offered(client, order):
        assert client.get(address).status_code == 200
    return " ".join(str(message) for message in client.post(address, follow=True).context["messages"])


def on_hand(order: Order) -> int:
    return order.lines.get().variant.stock_on_hand


def violations() -> set[str]:
    return {name for name, result in audit().items() if result["violations"]}


def hear(shopper) -> None:
    for event in events_of(shopper.sandbox):
        assert deliver(event).status_code == 200


def lose(shopper, payment: Payment) -> None:
    shopper.sandbox.close_dispute(shopper.sandbox.dispute(payment.payment_intent_id)["id"], status="lost")


@pytest.mark.parametrize("how", ["dashboard", "lost"])
def test_it_puts_units_back_once_where_the_money_went_without_the_shop(shopper, paid, grace_client, how):
    if how == "lost":
        lose(shopper, paid)
    else:
        shopper.sandbox.refund(paid.payment_intent_id)
    hear(shopper)
    assert (offered(grace_client, paid.order), on_hand(paid.order)) == (
        {"lost": ["ship", "put_back", "check"], "dashboard": ["put_back", "check"]}[how], 3,
    )  # fmt: skip
    assert "on sale again" in press(grace_client, paid.order, "put_back")
    assert "Nothing was changed" in press(grace_client, paid.order, "put_back")
    assert (offered(grace_client, paid.order), on_hand(paid.order)) == (["check"], 5)
    sweep()
    assert not grace_client.get(LIST, {"attention": "yes"}).context["cl"].result_list
    assert violations() == set()


def test_it_puts_nothing_back_while_money_is_left(grace_client, paid):
    assert "put_back" not in offered(grace_client, paid.order)
    assert "Nothing was changed" in press(grace_client, paid.order, "put_back")
    assert on_hand(paid.order) == 3


def test_it_leaves_out_what_a_refund_of_units_kept_away(grace_client, paid):
    line = paid.order.lines.get()
    refund(paid.order, amount_minor=4900, units=[Units(line.pk, 1)], reason="Torn", by="grace@shop.test")
    refund(paid.order, amount_minor=4900 + 590, reason="Late", by="grace@shop.test")
    assert Order.objects.get().status == Status.REFUNDED
    press(grace_client, paid.order, "put_back")
    assert on_hand(paid.order) == 4
    assert violations() == set()


@pytest.fixture
def free(shopper) -> Order:
    factories.promotion(code="GIFT", percent=100, most_uses=1)
    shopper.put(factories.variant(requires_shipping=False, on_hand=5), 2)
    shopper.client.post("/cart/code/", {"code": "GIFT"})
    assert shopper.press_pay().status_code == 302
    order = Order.objects.get(total_minor=0)
    Order.objects.filter(pk=order.pk).update(email="ada@shop.test")
    queue_mail(order, "confirmed")
    return order


def test_it_cancels_what_cost_nothing_once(shopper, free, grace_client):
    assert offered(grace_client, free) == ["ship", "cancel_free"]
    assert "Cancelled" in press(grace_client, free, "cancel_free")
    assert "nothing was changed" in press(grace_client, free, "cancel_free")
    free.refresh_from_db()
    assert (free.status, on_hand(free), Promotion.objects.get().uses) == (Status.REFUNDED, 5, 0)
    assert (free.get_status_display(), Order(status="refunded", total_minor=1).get_status_display()) == (
        "Cancelled",
        "Refunded",
    )
    assert [mail.kind for mail in free.mails.order_by("id")] == ["confirmed", "cancelled"]
    assert "had cost nothing" in render(free.mails.get(kind="cancelled")).body
    assert offered(grace_client, free) == []
    assert "It was cancelled. It had cost nothing." in shopper.client.get(free.get_absolute_url()).content.decode()
    assert violations() == set()


def test_it_cancels_nothing_that_was_paid_for_or_shipped(paid, free, grace_client):
    assert "cannot be cancelled" in press(grace_client, paid.order, "cancel_free")
    ship(free, by="grace@shop.test")
    assert "cannot be cancelled" in press(grace_client, free, "cancel_free")
    assert offered(grace_client, free) == ["put_back"]
    assert set(Order.objects.values_list("status", flat=True)) == {Status.PAID, Status.SHIPPED}


def test_a_parcel_waits_for_the_dispute_that_is_being_booked(shopper, paid, monkeypatch):
    told = shipped_while_a_dispute_is_booked(shopper, paid, monkeypatch, beside=0.3)
    assert "disputes this payment with their bank" in told
    assert Order.objects.get().status == Status.PAID


@pytest.mark.only_on("postgres")  # SQLite has one writer at a time
def test_without_waiting_it_is_shipped_beside_it(shopper, paid, monkeypatch):
    """The control."""
    monkeypatch.setattr(order_tools, "_wait_for_bookings", lambda _order: None)
    assert "Marked as shipped" in shipped_while_a_dispute_is_booked(shopper, paid, monkeypatch, beside=30)


def shipped_while_a_dispute_is_booked(shopper, paid: Payment, monkeypatch, *, beside: float) -> str:
    """What staff are told who press the button in the middle of the booking, which waits `beside` seconds for them."""
    dispute = shopper.sandbox.dispute(paid.payment_intent_id)["id"]
    is_booking, told = Event(), []
    real = disputes._count_lost

    def press() -> None:
        assert is_booking.wait(30)
        try:
            told.append(order_tools.TOOLS["ship"].act(Order.objects.get(), {"carrier": "", "tracking_number": ""}, "grace"))
        except order_tools.NotDone as error:
            told.append(str(error))
        finally:
            connections.close_all()

    def count_lost(row: Dispute) -> None:
        is_booking.set()
        pressing.join(beside)
        real(row)

    monkeypatch.setattr(disputes, "_count_lost", count_lost)
    pressing = Thread(target=press, daemon=True)
    pressing.start()
    disputes.learn(paid, dispute, by="test")
    pressing.join(30)
    return told[0]


def test_it_says_so_where_others_book_what_stripe_says_of_a_dispute(shopper, paid, grace_client, monkeypatch):
    shopper.sandbox.dispute(paid.payment_intent_id)
    monkeypatch.setattr(disputes, "_book", lambda *_what, **_how: None)
    assert "is being done right now" in press(grace_client, paid.order, "check")
