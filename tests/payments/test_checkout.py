"""payments/checkout.py: from the cart to Stripe's page, and every way in which that can go wrong."""

from __future__ import annotations

import time
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connections
from django.utils import timezone

from catalog.models import Variant
from orders.models import Order
from orders.status import Status
from payments.checkout import give_up
from payments.models import Payment
from tests import factories
from tests.payments.shopping import CLOSED, Shopper, leads_to


@pytest.fixture
def print_a3(shopper: Shopper) -> Variant:
    factories.shipping_rate(price_minor=590)
    return factories.variant(
        product=factories.product(title="Flow Field No. 7"), on_hand=3, price_minor=4900, option_values={"Size": "A3"}
    )


def free(variant: Variant) -> int:
    variant.refresh_from_db()
    return variant.stock_on_hand - variant.stock_reserved


@pytest.mark.session
def test_it_turns_the_cart_into_line_items(shopper, print_a3):
    payment = shopper.put(print_a3, 2).checkout()
    session = shopper.sandbox.session(payment.session_id)
    (line,) = shopper.sandbox.line_items(payment.session_id)
    assert (line["quantity"], line["price"]["unit_amount"], line["description"]) == (2, 4900, "Flow Field No. 7")
    assert session["amount_total"] == 2 * 4900 + 590 == payment.order.total_minor
    assert session["client_reference_id"] == payment.reference
    assert session["metadata"]["order"] == payment.order.number


@pytest.mark.session
def test_it_binds_the_hold_to_the_life_of_the_page(shopper, print_a3):
    payment = shopper.put(print_a3).checkout()
    session = shopper.sandbox.session(payment.session_id)
    assert session["expires_at"] == int(payment.order.expires_at.timestamp())
    assert free(print_a3) == 2


@pytest.mark.session
def test_it_asks_for_an_address_only_in_countries_the_rate_reaches(shopper, print_a3):
    payment = shopper.put(print_a3).checkout()
    session = shopper.sandbox.session(payment.session_id)
    assert session["shipping_address_collection"]["allowed_countries"] == ["AT", "DE", "FR", "NL"]


@pytest.mark.session
def test_it_asks_for_no_address_for_downloads(shopper):
    payment = shopper.put(factories.download()).checkout()
    session = shopper.sandbox.session(payment.session_id)
    assert session["shipping_address_collection"] is None
    assert payment.order.shipping_minor == 0


def test_it_sends_the_same_idempotency_key_for_the_same_attempt(shopper, print_a3):
    shopper.put(print_a3)
    shopper.sandbox.fault(**shopper.making, action="drop_after", count=1)
    payment = shopper.checkout()  # the SDK repeats the call
    keys = {one["idempotency_key"] for one in shopper.made()}
    assert keys == {payment.idempotency_key}
    assert len(shopper.books()) == 1


def test_it_leads_a_second_press_to_the_same_page(shopper, print_a3):
    first = shopper.put(print_a3).checkout()
    second = shopper.checkout()
    assert first == second
    assert Order.objects.count() == 1
    assert free(print_a3) == 2


def test_it_makes_one_order_of_many_presses_at_once(shopper, print_a3, race):
    shopper.put(print_a3)
    answers = race(*[shopper.press_on] * 6)
    assert len({leads_to(answer) for answer in answers}) == 1
    assert (Order.objects.count(), Payment.objects.count(), free(print_a3)) == (1, 1, 2)
    assert len(shopper.books()) == 1


def test_it_replaces_the_order_of_a_cart_that_was_edited(shopper, print_a3):
    old = shopper.put(print_a3).checkout()
    new = shopper.put(print_a3).checkout()
    old.refresh_from_db()
    assert old.order != new.order
    assert (old.status, old.order.status) == (Payment.Status.EXPIRED, Status.CANCELLED)
    assert shopper.state_of(old) in CLOSED
    assert free(print_a3) == 1


def test_it_never_blocks_shoppers_by_their_own_hold(shopper, print_a3):
    shopper.put(print_a3, 3).checkout()
    page = shopper.client.get("/cart/")
    assert free(print_a3) == 0
    assert page.context["cart"].lines[0].quantity == 3
    assert not page.context["cart"].has_changed
    shopper.client.post("/cart/update/", {"variant": print_a3.pk, "quantity": 2})
    assert shopper.checkout().order.lines.get().quantity == 2


def test_it_sells_the_snapshot_if_the_old_page_was_paid_meanwhile(shopper, print_a3):
    old = shopper.buy(print_a3)
    new = shopper.put(factories.variant(), 1).checkout()  # the shop has not heard of the payment yet
    old.order.refresh_from_db()
    assert old.order.status == Status.PAID
    assert new.order.status == Status.PENDING
    assert new.order != old.order


def test_it_does_not_sell_the_same_cart_twice_after_paying(shopper, print_a3):
    paid = shopper.buy(print_a3)
    answer = shopper.press_on()  # back button, before any webhook
    paid.order.refresh_from_db()
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"/orders/{paid.order.number}/")
    assert (paid.order.status, Order.objects.count()) == (Status.PAID, 1)
    assert shopper.client.get("/cart/").context["cart"].is_empty


def test_it_leads_a_press_on_an_old_page_to_what_was_bought(shopper, print_a3):
    paid = shopper.buy(print_a3)
    shopper.come_back(paid)  # the cart is empty from here
    answer = shopper.press_pay()
    assert (answer.status_code, answer["Location"]) == (302, f"/orders/{paid.order.number}/")


@pytest.mark.parametrize(
    "fault", [{"action": "status", "status": 500}, {"action": "status", "status": 429}, {"action": "silent"}]
)
def test_it_keeps_the_cart_and_frees_the_stock_when_stripe_is_down(shopper, print_a3, fault):
    shopper.put(print_a3)
    shopper.sandbox.fault(**shopper.making, **fault)
    began = time.monotonic()
    answer = shopper.press_on()
    assert time.monotonic() - began < 10
    assert answer.status_code == 503
    assert "Nothing was charged" in answer.content.decode()
    assert free(print_a3) == 3
    assert Order.objects.get().status == Status.CANCELLED
    assert not shopper.client.get("/cart/").context["cart"].is_empty


@pytest.mark.parametrize("edited", [False, True])
def test_it_does_not_say_that_nothing_was_charged_where_nobody_knows(shopper, print_a3, edited):
    shopper.buy(print_a3)  # in another tab; the shop has not heard of it
    if edited:
        shopper.put(print_a3)
    shopper.sandbox.fault(path="^/v1/", action="status", status=500)
    answer = shopper.press_on()
    assert answer.status_code == 503
    assert "do not pay again" in answer.content.decode()
    assert "Nothing was charged" not in answer.content.decode()


def test_it_opens_a_page_at_the_next_try_after_stripe_was_down(shopper, print_a3):
    shopper.put(print_a3)
    fault = shopper.sandbox.fault(**shopper.making, action="status", status=500)
    assert shopper.press_on().status_code == 503
    shopper.sandbox.clear_faults()
    assert fault
    assert shopper.checkout().status == Payment.Status.OPEN
    assert free(print_a3) == 2


def test_it_closes_a_page_that_opened_after_its_twin_gave_up(shopper, print_a3):
    shopper.put(print_a3)
    shopper.sandbox.fault(**shopper.making, action="drop_after")  # Stripe has the session, the shop never hears of it
    assert shopper.press_on().status_code == 503
    shopper.sandbox.clear_faults()
    lost = Payment.objects.get()
    again = shopper.checkout()
    assert lost.status == Payment.Status.FAILED
    assert again.order != lost.order
    assert free(print_a3) == 2


def test_it_asks_for_patience_where_that_page_cannot_even_be_closed(shopper, print_a3, race):
    shopper.put(print_a3)
    held = shopper.sandbox.fault(**shopper.making, action="hold_after", count=1)
    shopper.sandbox.fault(method="POST", path="/(expire|cancel)$", action="status", status=500)

    def twin() -> None:
        assert shopper.sandbox.wait_fault(held)
        give_up(Payment.objects.get(), TimeoutError("silent"))
        shopper.sandbox.release(held)

    assert race(lambda: shopper.press_on().status_code, twin) == [503, None]
    assert free(print_a3) == 3


def test_it_shows_the_cart_again_when_a_price_changed(shopper, print_a3):
    shopper.put(print_a3)
    Variant.objects.filter(pk=print_a3.pk).update(price_minor=5900)
    answer = shopper.press_pay()
    assert answer.status_code == 409
    assert "The price went from €49.00 to €59.00." in answer.content.decode()
    assert not Order.objects.exists()
    assert shopper.checkout().order.subtotal_minor == 5900  # seen, and pressed again


def test_it_tells_who_comes_too_late_for_the_last_one(shopper, print_a3):
    other = Shopper(shopper.sandbox)
    other.put(print_a3, 3)
    shopper.put(print_a3).checkout()
    answer = other.press_pay()
    assert answer.status_code == 409
    assert "Only 2 left" in answer.content.decode()


def test_it_refuses_a_total_below_stripes_minimum(shopper):
    shopper.put(factories.download(price_minor=49))
    answer = shopper.press_pay()
    assert answer.status_code == 422
    assert "The smallest amount that can be paid is €0.50." in answer.content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize("rate", ["0", "999999", "abc", "-1", "9" * 400, "\x00"])
def test_it_refuses_a_rate_that_is_not_offered(shopper, print_a3, rate):
    answer = shopper.put(print_a3).press_pay(shipping_rate=rate)
    assert answer.status_code == 422
    assert not Order.objects.exists()


def test_it_takes_the_shoppers_rate(shopper, print_a3):
    express = factories.shipping_rate(name="Express", price_minor=1490)
    answer = shopper.put(print_a3).press_pay(shipping_rate=express.pk)
    assert answer.status_code == 303
    assert Order.objects.get().shipping_minor == 1490


def test_it_ignores_prices_from_the_client(shopper, print_a3):
    shopper.put(print_a3).press_pay(price="1", total_minor="1", unit_amount="1", currency="jpy", status="paid")
    order = Order.objects.get()
    assert (order.total_minor, order.currency, order.status) == (4900 + 590, "EUR", Status.PENDING)


def test_it_sends_an_empty_cart_back(shopper):
    answer = shopper.press_pay()
    assert (answer.status_code, answer["Location"]) == (302, "/cart/")


def test_it_gives_a_new_hold_when_little_of_the_old_one_is_left(shopper, print_a3):
    old = shopper.put(print_a3).checkout()
    Order.objects.filter(pk=old.order_id).update(expires_at=timezone.now() + timedelta(minutes=1))
    new = shopper.checkout()
    assert new.order_id != old.order_id
    assert free(print_a3) == 2


class TestTheWayBack:
    def test_it_frees_the_stock_and_keeps_the_cart(self, shopper, print_a3):
        payment = shopper.put(print_a3).checkout()
        answer = shopper.press_cancel(payment.order)
        payment.order.refresh_from_db()
        assert (answer.status_code, answer["Location"]) == (302, "/cart/")
        assert (payment.order.status, free(print_a3)) == (Status.CANCELLED, 3)
        assert shopper.state_of(payment) in CLOSED
        assert shopper.client.get("/cart/").context["cart"].count == 1

    def test_it_is_harmless_twice(self, shopper, print_a3):
        payment = shopper.put(print_a3).checkout()
        shopper.press_cancel(payment.order)
        assert shopper.press_cancel(payment.order).status_code == 302
        assert free(print_a3) == 3

    def test_it_shows_the_order_if_it_was_paid_meanwhile(self, shopper, print_a3):
        payment = shopper.buy(print_a3)
        answer = shopper.press_cancel(payment.order)
        payment.order.refresh_from_db()
        assert payment.order.status == Status.PAID
        assert f"/orders/{payment.order.number}/" in answer["Location"]

    @pytest.mark.parametrize("key", ["", "wrong", "\x00", "ü", "x" * 5000])
    def test_it_needs_the_key(self, shopper, print_a3, key):
        payment = shopper.put(print_a3).checkout()
        assert shopper.client.get(f"/checkout/cancel/{payment.order.number}/", {"key": key}).status_code == 404
        payment.order.refresh_from_db()
        assert payment.order.is_open

    def test_it_lets_the_shopper_go_when_stripe_is_silent(self, shopper, print_a3):
        payment = shopper.put(print_a3).checkout()
        shopper.sandbox.fault(**shopper.asking, action="status", status=500)
        assert shopper.press_cancel(payment.order).status_code == 302
        payment.order.refresh_from_db()
        assert payment.order.is_open  # expire_orders ends it


def test_it_does_not_stand_in_its_own_way_after_a_crash(shopper, print_a3):
    """The process dies while Stripe is asked: the next look at the cart knows of the hold all the same."""
    shopper.put(print_a3, 3)
    fault = shopper.sandbox.fault(**shopper.making, action="hold_before")
    pressing = Thread(target=lambda: (shopper.press_on(), connections.close_all()))
    pressing.start()
    assert shopper.sandbox.wait_fault(fault, waiting=1, timeout=20)
    cart = shopper.client.get("/cart/").context["cart"]  # the first request has not ended
    shopper.sandbox.clear_faults()
    pressing.join(30)
    assert (cart.count, cart.has_changed, free(print_a3)) == (3, False, 0)


def test_it_keeps_what_another_tab_puts_in_while_stripe_is_asked(shopper, print_a3):
    other = factories.variant()
    shopper.put(print_a3)
    fault = shopper.sandbox.fault(**shopper.making, action="hold_before")
    pressing = Thread(target=lambda: (shopper.press_on(), connections.close_all()))
    pressing.start()
    assert shopper.sandbox.wait_fault(fault, waiting=1, timeout=20)
    shopper.put(other)
    shopper.sandbox.clear_faults()
    pressing.join(30)
    assert shopper.client.get("/cart/").context["cart"].count == 2
