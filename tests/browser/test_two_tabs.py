"""One cart in two tabs: however the two are mixed, what was seen is what is paid, and once."""

from __future__ import annotations

import re

import pytest

from orders.models import Order
from orders.status import Status


@pytest.fixture
def other(visitor):
    """A second tab, at the checkout page, beside a first one at Stripe's page."""
    visitor.put_in_cart()
    tab = visitor.new_tab("/checkout/")
    tab.sees("Checkout")
    visitor.to_checkout()
    visitor.to_payment_page()
    return tab


def test_it_leads_the_second_tab_to_the_same_payment_page(visitor, other, live_sandbox):
    other.to_payment_page()
    assert other.page.url == visitor.page.url
    visitor.pay()
    visitor.sees_it_is_paid()
    other.pay()
    other.sees_it_is_paid()
    assert Order.objects.get().status == Status.PAID
    assert live_sandbox.books()["paid"] == 5490


def test_it_leads_a_late_press_of_pay_to_the_paid_order(visitor, other, live_sandbox):
    visitor.pay()
    visitor.sees_it_is_paid()
    other.press(re.compile("^Pay"))
    other.sees(f"Order {Order.objects.get().number}")
    other.reads("This order was paid for already.")
    assert live_sandbox.books()["paid"] == 5490


def test_it_replaces_the_payment_page_when_the_cart_is_edited(visitor, other, gallery, live_sandbox):
    other.go("/cart/")
    other.sees("Your cart")
    other.change_quantity(2)
    other.reads("€98.00")
    other.to_checkout()
    other.to_payment_page()
    visitor.pay()
    visitor.sees("This payment page has expired")
    visitor.reads("Nothing has been charged.")
    other.pay()
    other.sees_it_is_paid()
    other.reads("We received €103.90.")
    assert sorted(Order.objects.values_list("status", flat=True)) == [Status.CANCELLED, Status.PAID]
    assert live_sandbox.books()["paid"] == 10390
    assert gallery.free == 8


def test_it_sells_what_the_payment_page_shows_when_the_cart_is_edited_meanwhile(visitor, other, live_sandbox):
    other.go("/cart/")
    other.change_quantity(2)
    other.reads("€98.00")
    visitor.pay()
    visitor.sees_it_is_paid()
    visitor.reads("We received €54.90.")
    assert Order.objects.get().lines.get().quantity == 1
    other.go("/cart/")
    other.sees("Your cart")
    assert other.quantity_in_cart().input_value() == "2"  # the edited cart is another wish
    assert live_sandbox.books()["paid"] == 5490
