"""Grace looks after the orders in the admin: sends, refunds and cancels them."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from orders.emails import send_due
from orders.models import Order, OutgoingMail
from orders.status import Status
from tests import people
from tests.browser.admin_pages import Staff

LISTS = [
    "index", "orders_order_changelist", "orders_shippingrate_changelist", "orders_shippingrate_add",
    "orders_outgoingmail_changelist", "payments_payment_changelist", "payments_refund_changelist",
    "payments_webhookevent_changelist", "payments_difference_changelist", "payments_dispute_changelist",
    "accounts_user_changelist",
]  # fmt: skip


@pytest.fixture
def paid_order(visitor):
    """Ada has bought a print, and her confirmation is sent."""
    visitor.goes_to_pay()
    visitor.pay()
    visitor.sees_it_is_paid()
    send_due()
    return Order.objects.get()


def test_it_refunds_an_order_after_asking_once_more(staff, visitor, paid_order, gallery, live_sandbox, mailoutbox):
    staff.open_order(paid_order)
    staff.begin("Refund in full", "Give back everything that was paid and not yet refunded?")
    assert live_sandbox.books()["refunded"] == 0
    staff.page.get_by_label("Put the units back in stock").check()
    staff.page.get_by_label("Reason").fill("The tube was crushed")
    staff.press("Refund in full")
    staff.is_told("€54.90 is going back to the shopper.")
    staff.reads("Refunded")
    staff.look()
    paid_order.refresh_from_db()
    assert (paid_order.status, paid_order.refunded_minor) == (Status.REFUNDED, 5490)
    assert live_sandbox.books()["refunded"] == 5490
    assert gallery.free == 10
    visitor.page.reload()
    visitor.follow("See your order")
    visitor.reads("All of your money was sent back.")
    assert send_due() == 1
    assert "€54.90" in mailoutbox[-1].body


def test_it_sends_an_order_with_a_tracking_number(staff, visitor, paid_order, mailoutbox):
    staff.open_order(paid_order)
    staff.begin("Mark as shipped", "Has the parcel left?")
    staff.page.get_by_label("Carrier").fill("Post")
    staff.page.get_by_label("Tracking number").fill("RR123456785DE")
    staff.press("Mark as shipped")
    staff.is_told("Marked as shipped; the shopper gets a mail.")
    assert OutgoingMail.objects.get(sent_at=None).kind == OutgoingMail.Kind.SHIPPED
    assert send_due() == 1
    assert "RR123456785DE" in mailoutbox[-1].body
    visitor.follow("See your order")
    visitor.reads("It is on its way to you.")
    visitor.reads("RR123456785DE")


def test_it_cancels_an_order_whose_payment_page_is_open(staff, visitor, gallery):
    visitor.goes_to_pay()
    order = Order.objects.get()
    assert gallery.free == 9
    staff.open_order(order)
    staff.begin("Cancel", "Close the payment page and put the units on sale again?")
    staff.press("Cancel")
    staff.is_told("Cancelled; its units are on sale again.")
    assert gallery.free == 10
    visitor.pay()
    visitor.sees("This payment page has expired")
    visitor.follow("Back to the shop")
    visitor.sees("Your cart")
    expect(visitor.quantity_in_cart()).to_have_value("1")


def test_it_refuses_to_cancel_what_was_paid_meanwhile(staff, visitor, live_sandbox):
    visitor.goes_to_pay()
    order = Order.objects.get()
    staff.open_order(order)
    staff.begin("Cancel", "Close the payment page")
    visitor.pay()
    visitor.sees_it_is_paid()
    staff.press("Cancel")
    staff.is_told("This order is paid for. Refund it instead.")
    assert live_sandbox.books()["refunded"] == 0


def test_it_is_closed_to_shoppers(visit):
    people.ada()
    somebody = visit()
    visitor = Staff(somebody.page, somebody.look_over)
    visitor.log_in("ada@shop.test", people.PASSWORD)
    expect(visitor.page.get_by_text(re.compile("Please enter the correct"))).to_be_visible()


def test_it_keeps_its_lists_accessible(staff, paid_order):
    for name in LISTS:
        staff.go(reverse(f"admin:{name}"))
        expect(staff.page.get_by_role("button", name="Log out")).to_be_visible()
        staff.look()
    staff.go(reverse("admin:index"))
    staff.follow("Payments and webhooks over time")
    staff.page.get_by_text("Payments, last 24 hours, by the hour, as a table").click()
    expect(staff.page.get_by_role("columnheader", name="Paid of those tried").first).to_be_visible()
    staff.look()
