"""Ada buys as a guest: the whole way, and what may come between her and her print."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from orders.emails import send_due
from orders.models import Order, OutgoingMail
from orders.status import Status
from payments.models import Payment
from tests import shelf
from tests.browser.conftest import PHONE
from tests.browser.gallery import TITLE
from tests.browser.shop_pages import ASKS_THE_BANK, DECLINES

PAY_BUTTON = re.compile("^Pay")


def the_order():
    """The only order there is, read now."""
    return Order.objects.get()


def assert_paid_once(gallery, live_sandbox, *, total_minor=5490):
    """One order, paid in full, one charge at Stripe, one print gone."""
    order = the_order()
    assert (order.status, order.paid_minor, order.total_minor) == (Status.PAID, total_minor, total_minor)
    assert [payment.status for payment in order.payments.all()] == [Payment.Status.SUCCEEDED]
    assert live_sandbox.books()["paid"] == total_minor
    assert gallery.free == 9


def test_it_sells_a_print_to_a_guest(visitor, gallery, live_sandbox):
    visitor.go("/")
    visitor.sees("Prints drawn by algorithms")
    visitor.page.get_by_role("navigation", name="Categories").get_by_role("link", name="Flow fields").click()
    visitor.sees("Flow fields")
    visitor.follow(TITLE)
    visitor.sees(TITLE)
    visitor.page.get_by_label("A2").check()
    visitor.fill({"Quantity": "2"})
    visitor.press("Add to cart")
    visitor.sees("Your cart")
    visitor.reads(f"“{TITLE} · A2” is in your cart.")
    visitor.reads("€178.00")
    visitor.to_checkout()
    visitor.to_payment_page(rate="Express")
    visitor.reads(re.compile("^A2$"))
    visitor.reads("190.90 EUR")
    visitor.pay()
    visitor.sees_it_is_paid()
    visitor.reads("We received €190.90. A confirmation is on its way to ada@shop.test.")
    number = visitor.reads_order_number()
    visitor.follow("See your order")
    visitor.sees(f"Order {number}")
    visitor.reads("12 Invalidenstraße")
    gallery.a2.refresh_from_db()
    assert (gallery.a2.stock_on_hand, gallery.a2.stock_reserved) == (1, 0)
    assert live_sandbox.books()["paid"] == 19090
    visitor.finds_cart_empty()


def test_it_sends_a_mail_whose_link_opens_the_order_anywhere(visitor, visit, mailoutbox):
    visitor.goes_to_pay()
    visitor.pay()
    visitor.sees_it_is_paid()
    assert OutgoingMail.objects.get(sent_at=None).kind == OutgoingMail.Kind.CONFIRMED
    assert send_due() == 1
    (mail,) = mailoutbox
    assert mail.to == ["ada@shop.test"]
    elsewhere = visit()
    elsewhere.go(re.search(r"http\S+key=\S+", mail.body)[0])
    elsewhere.sees(f"Order {the_order().number}")
    elsewhere.reads("Your payment is here.")


def test_it_sells_on_a_phone_in_the_dark(visit, gallery, live_sandbox):
    visitor = visit(**PHONE, color_scheme="dark")
    visitor.goes_to_pay()
    visitor.pay()
    visitor.sees_it_is_paid()
    assert_paid_once(gallery, live_sandbox)


def test_it_sells_without_scripts(visit, gallery, live_sandbox):
    visitor = visit(java_script_enabled=False)
    visitor.goes_to_pay()
    visitor.pay()
    visitor.sees_it_is_paid()
    assert_paid_once(gallery, live_sandbox)


def test_it_takes_another_card_after_a_decline(visitor, gallery, live_sandbox):
    visitor.goes_to_pay()
    visitor.pay(DECLINES)
    visitor.is_warned("Your card was declined.")
    visitor.sees("Pay your order")
    assert the_order().status == Status.PENDING
    visitor.give_card()
    visitor.press_pay()
    visitor.sees_it_is_paid()
    assert_paid_once(gallery, live_sandbox)


def test_it_sells_when_the_bank_is_content(visitor, gallery, live_sandbox):
    visitor.goes_to_pay()
    visitor.pay(ASKS_THE_BANK)
    visitor.sees("Is this payment yours?")
    visitor.press("Complete authentication")
    visitor.sees_it_is_paid()
    assert_paid_once(gallery, live_sandbox)


def test_it_takes_another_card_when_the_bank_is_not_content(visitor, gallery, live_sandbox):
    visitor.goes_to_pay()
    visitor.pay(ASKS_THE_BANK)
    visitor.sees("Is this payment yours?")
    visitor.press("Fail authentication")
    visitor.is_warned("We are unable to authenticate your payment method.")
    visitor.sees("Pay your order")
    assert the_order().status == Status.PENDING
    visitor.pay()
    visitor.sees_it_is_paid()
    assert_paid_once(gallery, live_sandbox)


def test_it_gives_the_print_free_when_the_shopper_turns_back(visitor, gallery, live_sandbox):
    visitor.goes_to_pay()
    assert gallery.free == 9
    visitor.follow("Back to the shop")
    visitor.sees("Your cart")
    visitor.reads("Nothing was charged. Your cart is as you left it.")
    expect(visitor.quantity_in_cart()).to_have_value("1")
    assert gallery.free == 10
    assert the_order().status == Status.CANCELLED
    visitor.to_checkout()
    visitor.to_payment_page()
    visitor.pay()
    visitor.sees_it_is_paid()
    assert gallery.free == 9
    assert sorted(Order.objects.values_list("status", flat=True)) == [Status.CANCELLED, Status.PAID]
    assert live_sandbox.books()["paid"] == 5490


def test_it_makes_one_order_of_a_double_click(visitor, gallery, live_sandbox):
    visitor.put_in_cart()
    visitor.to_checkout()
    visitor.page.get_by_role("button", name=PAY_BUTTON).dblclick()
    visitor.sees("Pay your order")
    visitor.give_address()
    visitor.give_card()
    visitor.page.get_by_role("button", name=re.compile(r"^Pay .*\d")).dblclick()
    visitor.sees_it_is_paid()
    assert_paid_once(gallery, live_sandbox)
    assert len(live_sandbox.books()["sessions"]) == 1


def test_it_makes_one_order_of_a_double_click_while_stripe_is_slow(visitor, gallery, live_sandbox):
    visitor.put_in_cart()
    visitor.to_checkout()
    slow = live_sandbox.fault(method="POST", path="/v1/checkout/sessions$", action="slow", seconds=3, count=1)
    place = visitor.page.get_by_role("button", name=PAY_BUTTON).bounding_box()
    middle = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    visitor.page.mouse.click(*middle)  # a locator would wait for the next page before it clicks again
    assert live_sandbox.wait_fault(slow)
    visitor.page.mouse.click(*middle)
    expect(visitor.page.get_by_role("heading", name="Pay your order")).to_be_visible(timeout=10_000)
    visitor.pay()
    visitor.sees_it_is_paid()
    assert_paid_once(gallery, live_sandbox)


def test_it_sells_nothing_twice_by_the_back_button(visitor, gallery, live_sandbox):
    visitor.goes_to_pay()
    visitor.pay()
    visitor.sees_it_is_paid()
    visitor.page.go_back()
    visitor.sees("You have paid already")
    visitor.page.go_back()
    visitor.sees("Your cart")
    visitor.reads("Your cart is empty: there is nothing to pay for.")
    assert_paid_once(gallery, live_sandbox)


def test_it_tells_a_new_price_before_money_is_asked_for(visitor, gallery, live_sandbox, allow):
    visitor.put_in_cart()
    visitor.to_checkout()
    gallery.a4.price_minor = 5900
    gallery.a4.save()
    allow("409")
    visitor.press(PAY_BUTTON)
    visitor.is_warned("Your cart has changed. Please look it over again.")
    visitor.sees("Checkout")
    visitor.reads("The price went from €49.00 to €59.00.")
    assert not Order.objects.exists()
    visitor.to_payment_page()
    visitor.pay()
    visitor.sees_it_is_paid()
    assert_paid_once(gallery, live_sandbox, total_minor=6490)


def test_it_tells_that_the_last_print_went_to_somebody_else(visitor, gallery, allow):
    visitor.put_in_cart(edition="A2", quantity=3)
    visitor.to_checkout()
    assert shelf.reserve(gallery.a2.pk, 1)
    allow("409")
    visitor.press(PAY_BUTTON)
    visitor.is_warned("Your cart has changed. Please look it over again.")
    visitor.sees("Checkout")
    visitor.reads("Only 2 left: we changed the quantity.")
    assert not Order.objects.exists()


def test_it_keeps_the_cart_when_stripe_does_not_answer(visitor, gallery, live_sandbox, allow):
    visitor.put_in_cart()
    visitor.to_checkout()
    live_sandbox.fault(method="POST", path="/v1/checkout/sessions", action="status", status=500)
    allow("503")
    visitor.press(PAY_BUTTON)
    visitor.is_warned("The payment page cannot be reached right now.")
    visitor.sees("Checkout")
    assert gallery.free == 10
    live_sandbox.clear_faults()
    visitor.to_payment_page()
    visitor.pay()
    visitor.sees_it_is_paid()
    assert live_sandbox.books()["paid"] == 5490
