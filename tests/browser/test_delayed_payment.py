"""A bank debit is ordered at once and arrives, or fails, days later. The page says so and changes by itself."""

from __future__ import annotations

import pytest

from orders.models import Order, OutgoingMail
from orders.status import Status
from tests.browser.shop_pages import DEBIT_FAILS, DEBIT_SUCCEEDS


@pytest.fixture
def orders_a_debit(visitor, live_sandbox):
    """Ada orders her bank to pay, from one account or the other, and comes back to the shop; returns the payment's id."""

    def order(iban):
        visitor.goes_to_pay()
        visitor.give_address()
        visitor.give_account(iban)
        visitor.press_pay()
        visitor.sees("We are confirming your payment")
        visitor.reads("Your bank has taken the order to pay.")
        visitor.reads("Payment on its way")
        assert Order.objects.get().status == Status.CONFIRMING
        (session,) = live_sandbox.books()["sessions"]
        return live_sandbox.object(session["id"])["payment_intent"]

    return order


def test_it_says_by_itself_that_the_money_arrived(orders_a_debit, visitor, gallery, live_sandbox):
    intent = orders_a_debit(DEBIT_SUCCEEDS)
    live_sandbox.finish_payment(intent)
    visitor.sees_it_is_paid()
    order = Order.objects.get()
    assert (order.status, order.paid_minor) == (Status.PAID, 5490)
    gallery.a4.refresh_from_db()
    assert (gallery.a4.stock_on_hand, gallery.a4.stock_reserved) == (9, 0)


def test_it_says_by_itself_that_the_bank_refused(orders_a_debit, visitor, gallery, live_sandbox):
    intent = orders_a_debit(DEBIT_FAILS)
    live_sandbox.finish_payment(intent, outcome="failed")
    visitor.sees("This order was not paid")
    visitor.reads("Nothing was charged, and the pieces are free again.")
    assert gallery.free == 10
    assert OutgoingMail.objects.get().kind == OutgoingMail.Kind.PAYMENT_FAILED


def test_it_sells_nothing_more_while_the_money_is_on_its_way(orders_a_debit, visitor):
    orders_a_debit(DEBIT_SUCCEEDS)
    visitor.finds_cart_empty()


def test_it_waits_on_the_order_page_too(orders_a_debit, visitor, live_sandbox):
    intent = orders_a_debit(DEBIT_SUCCEEDS)
    visitor.follow("See your order")
    visitor.sees(f"Order {Order.objects.get().number}")
    visitor.reads("Your bank is sending the money; that can take a few days.")
    live_sandbox.finish_payment(intent)
    visitor.reads("Your payment is here.")
