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

# Templates of Django 5.2, in django/contrib/admin/templates/admin: search_form.html labels its field by a picture, whose
# text the first rule does not count; edit_inline/tabular.html has columns for its own use, without a heading.
DJANGOS_OWN = ["label-title-only", "empty-table-header"]
LISTS = [
    "index", "orders_order_changelist", "orders_shippingrate_changelist", "orders_shippingrate_add",
    "orders_outgoingmail_changelist", "payments_payment_changelist", "payments_refund_changelist",
    "payments_webhookevent_changelist", "payments_difference_changelist", "accounts_user_changelist",
]  # fmt: skip


def look_over(staff):
    staff.look_over(staff.page, without=DJANGOS_OWN)


def log_in(somebody, email):
    somebody.page.get_by_label("E-mail").fill(email)
    somebody.page.get_by_label("Password").fill(people.PASSWORD)
    somebody.press("Log in")


@pytest.fixture
def staff(visit):
    """Grace, logged in."""
    people.grace()
    staff = visit()
    staff.go(reverse("admin:index"))
    log_in(staff, "grace@shop.test")
    expect(staff.page.get_by_role("button", name="Log out")).to_be_visible()
    return staff


@pytest.fixture
def paid_order(visitor):
    """Ada has bought a print, and her confirmation is sent."""
    visitor.goes_to_pay()
    visitor.pay()
    visitor.sees_it_is_paid()
    send_due()
    return Order.objects.get()


def open_order(staff, order):
    """From the admin's front page, by searching for the number."""
    staff.go(reverse("admin:index"))
    staff.page.get_by_role("rowheader", name="Orders").get_by_role("link").click()
    look_over(staff)
    staff.page.get_by_role("textbox", name="Search").fill(order.number)
    staff.press("Search")
    staff.page.get_by_role("link", name=order.number).click()
    expect(staff.page.get_by_role("heading", name=order.number)).to_be_visible()
    look_over(staff)


def test_it_refunds_an_order_after_asking_once_more(staff, visitor, paid_order, gallery, live_sandbox, mailoutbox):
    open_order(staff, paid_order)
    staff.page.get_by_role("link", name="Refund in full").click()
    staff.reads("Give back everything that was paid and not yet refunded?")
    look_over(staff)
    assert live_sandbox.books()["refunded"] == 0
    staff.page.get_by_label("Put the units back in stock").check()
    staff.page.get_by_label("Reason").fill("The tube was crushed")
    staff.press("Refund in full")
    expect(staff.page.get_by_text("€54.90 is going back to the shopper.")).to_be_visible()
    staff.reads("Refunded")
    look_over(staff)
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
    open_order(staff, paid_order)
    staff.page.get_by_role("link", name="Mark as shipped").click()
    staff.reads("Has the parcel left?")
    look_over(staff)
    staff.page.get_by_label("Carrier").fill("Post")
    staff.page.get_by_label("Tracking number").fill("RR123456785DE")
    staff.press("Mark as shipped")
    expect(staff.page.get_by_text("Marked as shipped; the shopper gets a mail.")).to_be_visible()
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
    open_order(staff, order)
    staff.page.get_by_role("link", name="Cancel", exact=True).click()
    staff.reads("Close the payment page and put the units on sale again?")
    look_over(staff)
    staff.press("Cancel")
    expect(staff.page.get_by_text("Cancelled; its units are on sale again.")).to_be_visible()
    assert gallery.free == 10
    visitor.pay()
    visitor.sees("This payment page has expired")
    visitor.follow("Back to the shop")
    visitor.sees("Your cart")
    expect(visitor.quantity_in_cart()).to_have_value("1")


def test_it_refuses_to_cancel_what_was_paid_meanwhile(staff, visitor, live_sandbox):
    visitor.goes_to_pay()
    order = Order.objects.get()
    open_order(staff, order)
    staff.page.get_by_role("link", name="Cancel", exact=True).click()
    staff.reads("Close the payment page")
    visitor.pay()
    visitor.sees_it_is_paid()
    staff.press("Cancel")
    expect(staff.page.get_by_text("This order is paid for. Refund it instead.")).to_be_visible()
    assert live_sandbox.books()["refunded"] == 0


def test_it_is_closed_to_shoppers(visit):
    people.ada()
    visitor = visit()
    visitor.go(reverse("admin:index"))
    visitor.sees("Log in")
    log_in(visitor, "ada@shop.test")
    expect(visitor.page.get_by_text(re.compile("Please enter the correct"))).to_be_visible()


def test_it_keeps_its_lists_accessible(staff, paid_order):
    for name in LISTS:
        staff.go(reverse(f"admin:{name}"))
        expect(staff.page.get_by_role("button", name="Log out")).to_be_visible()
        look_over(staff)
