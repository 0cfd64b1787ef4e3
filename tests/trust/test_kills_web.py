"""A web process is killed at each step of the checkout, and of settling by the webhook and by the return page.

Afterwards the shopper presses the button again, comes back, or never does; Stripe delivers again; the background work runs.
"""

from __future__ import annotations

import random
import re
from functools import partial

import pytest
import requests
from django.db import connection

from orders.models import Order
from orders.status import Status
from payments.models import Payment
from payments.settle import settle
from tests import factories
from tests.trust.at_once import Calls
from tests.trust.kills import BOOKING, kill_at

CREATE = "POST /v1/checkout/sessions$"
CHECKOUT = {
    "nothing done": ["^before request POST /checkout/"],
    "half an order": ['^after INSERT INTO "orders_orderline"'],
    "an order but for the COMMIT": ['^after INSERT INTO "orders_orderevent"', "^before COMMIT"],
    "an order": ['^after INSERT INTO "orders_orderevent"', "^after COMMIT"],
    "an attempt but for the COMMIT": ['^after INSERT INTO "payments_payment"', "^before COMMIT"],
    "Stripe not asked": [f"^before call {CREATE}"],
    "Stripe has answered": [f"^after call {CREATE}"],
    "the answer is stored": [f"^after call {CREATE}", '^after UPDATE "payments_payment"'],
    "nobody answered": ["^before answer POST /checkout/"],
}
SETTLED = {
    "after COMMIT": [BOOKING, "^after COMMIT"],
    "before the webhook's answer": ["^before answer POST /webhooks/"],
    "before the page's answer": ["^before answer GET /checkout/return/"],
}


@pytest.fixture
def download(world):
    return factories.variant(requires_shipping=False, on_hand=1000, price_minor=1200)


def is_settled_by(world, shopper, payment, way):
    """A request that settles the payment: the webhook, or the page to which Stripe sends the shopper."""
    if way == "webhook":
        event = world.completed(payment)
        return lambda: world.deliver(event)
    return lambda: shopper.come_back(payment)


def one_session_each(world):
    orders = [one["metadata"]["order"] for one in world.sandbox.books()["sessions"]]
    return len(orders) == len(set(orders))


@pytest.mark.case("F35", "F36")
@pytest.mark.parametrize("place", CHECKOUT)
def test_a_checkout_that_was_killed_is_finished_by_pressing_again(world, download, rounds, place):
    for _round in rounds(1, long=50):
        ada = world.shopper().put(download, 2)
        kill_at(world.shop, ada.press_pay, *CHECKOUT[place])
        payment = ada.checkout()
        ada.pay(payment)
        assert world.deliver(world.completed(payment)).status_code == 200
        payment.order.refresh_from_db()
        assert payment.order.status == Status.PAID
    assert one_session_each(world)
    world.quiesce()
    world.check()


@pytest.mark.case("F35", "F36")
def test_a_checkout_that_was_killed_and_left_gives_its_units_back(world, download, rounds):
    for _round in rounds(1, long=6):
        for places in CHECKOUT.values():
            kill_at(world.shop, world.shopper().put(download, 2).press_pay, *places)
    assert Order.objects.filter(status=Status.PENDING).exists()
    world.after_the_hold()
    world.quiesce()
    world.check()
    download.refresh_from_db()
    assert (download.stock_reserved, download.stock_on_hand) == (0, 1000)
    assert "open" not in {one["status"] for one in world.sandbox.books()["sessions"]}, "a page without an order can be paid"


@pytest.mark.case("F35", "F36")
@pytest.mark.parametrize("action", ["hold_before", "hold_after"])
def test_a_checkout_killed_while_stripe_works_gets_the_page_of_that_call(world, download, rounds, action):
    for _round in rounds(1, long=50):
        ada = world.shopper().put(download)
        fault = world.sandbox.fault(method="POST", path="^/v1/checkout/sessions$", action=action, count=1)
        calling = world.shop.stops.set(f"^before call {CREATE}")
        with Calls(ada.press_pay) as calls:
            (pid,) = calling.wait()
            calling.release()
            assert world.sandbox.wait_fault(fault, timeout=20)
            world.shop.kill_web(pid)
        assert isinstance(calls.outcomes[0], requests.ConnectionError)
        world.sandbox.clear_faults()
        ada.pay(ada.checkout())
    assert one_session_each(world)
    world.quiesce()
    world.check()
    assert set(Order.objects.values_list("status", flat=True)) == {Status.PAID}


def buy_on_a_page_that_the_shop_was_not_told_of(world, download, *, shop):
    """The process dies between Stripe's answer and storing it; the page is paid all the same, and the event comes."""
    ada = world.shopper(shop=shop).put(download)
    kill_at(shop, ada.press_pay, f"^after call {CREATE}")
    session = world.sandbox.books()["sessions"][0]["id"]
    world.sandbox.pay(session, card="4242424242424242", email=ada.email, name="Ada")
    world.deliver(world.sandbox.event("checkout.session.completed", about=session), shop=shop)
    return Order.objects.get()


@pytest.mark.case("F36", "F10")
def test_money_on_a_page_that_nobody_was_told_of_finds_its_order(world, download):
    assert buy_on_a_page_that_the_shop_was_not_told_of(world, download, shop=world.shop).status == Status.PAID
    world.quiesce()
    world.check()


@pytest.mark.case("F30", "F35")
@pytest.mark.parametrize(("place", "refunded"), [pytest.param("before", 0, marks=pytest.mark.long), ("after", 1200)])
def test_a_refund_killed_in_the_hands_of_staff_goes_out_once(world, download, place, refunded):
    """The worker is away for days meanwhile: Stripe has forgotten the idempotency key by then."""
    order, staff = world.sold(download), world.staff()
    asking = {"amount_minor": 1200, "reason": "A scratch"}
    asked = partial(staff.post, f"/admin/orders/order/{order.pk}/do/refund/", asking)
    kill_at(world.shop, asked, f"^{place} call POST /v1/refunds$")
    assert world.sandbox.books()["sessions"][0]["refunded"] == refunded
    world.later(days=2)
    world.quiesce()
    world.check()
    assert world.sandbox.books()["sessions"][0]["refunded"] == 1200
    calls = [call for call in world.sandbox.requests() if (call["method"], call["path"]) == ("POST", "/v1/refunds")]
    assert len(calls) == 1


def statements_of_booking(payment):
    """The statements of the transaction that books a payment, each once, in order, as Django writes them."""
    seen = {}

    def note(execute, sql, *rest):
        if connection.in_atomic_block and "SAVEPOINT" not in sql:
            seen[sql] = True
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        settle(payment, by="rehearsal")
    return list(seen)


@pytest.mark.case("F35")
@pytest.mark.parametrize("way", ["webhook", "return page"])
def test_settling_that_is_killed_between_two_statements_has_done_nothing(world, download, rounds, way):
    statements = [f"^after {re.escape(sql)}" for sql in statements_of_booking(world.shopper().buy(download))]
    assert len(statements) >= 8, statements
    random.Random(way).shuffle(statements)
    for number in rounds(3, long=50):
        ada = world.shopper()
        payment = ada.buy(download, 2)
        settling = is_settled_by(world, ada, payment, way)
        kill_at(world.shop, settling, BOOKING, (["^before COMMIT", *statements])[number % (len(statements) + 1)])
        payment.refresh_from_db()
        assert (payment.status, payment.order.status) == (Payment.Status.OPEN, Status.PENDING)
        assert settling().status_code == 200
        payment.order.refresh_from_db()
        assert payment.order.status == Status.PAID
    world.quiesce()
    world.check()


@pytest.mark.case("F35")
@pytest.mark.parametrize("place", SETTLED)
def test_settling_that_is_killed_before_its_answer_has_done_everything(world, download, rounds, place):
    for number in rounds(1, long=50):
        ada = world.shopper()
        payment = ada.buy(download, 2)
        by_page = "page" in place or ("COMMIT" in place and number % 2)
        settling = is_settled_by(world, ada, payment, "return page" if by_page else "webhook")
        kill_at(world.shop, settling, *SETTLED[place])
        assert Order.objects.get(pk=payment.order_id).status == Status.PAID
        assert settling().status_code == 200
        assert payment.order.events.filter(to_status=Status.PAID).count() == 1
    world.quiesce()
    world.check()


@pytest.mark.case("F35")
@pytest.mark.long
def test_everybody_goes_on_after_a_power_cut(world, download, rounds):
    places = ["^before request POST /checkout/", f"^before call {CREATE}", f"^after call {CREATE}", "^before answer POST /"]
    for _round in rounds(1, long=10):
        shoppers = [world.shopper().put(download) for _each in places]
        stops = [world.shop.stops.set(place) for place in places]
        with Calls(*[shopper.press_pay for shopper in shoppers]) as calls:
            for stop in stops:
                stop.wait()
            world.shop.restart()
        assert all(isinstance(outcome, requests.ConnectionError) for outcome in calls.outcomes)
        world.shop.stops.clear()
        for shopper in shoppers:
            shopper.pay(shopper.checkout())
    world.quiesce()
    world.check()
    assert set(Order.objects.values_list("status", flat=True)) == {Status.PAID}


@pytest.mark.case("F35", "F36")
def test_without_the_order_of_steps_the_same_kills_lose_money(world, broken, download):
    """The attempt is written after the call; and settling is not one transaction."""
    with broken("written_first", "one_transaction") as shop:
        lost = buy_on_a_page_that_the_shop_was_not_told_of(world, download, shop=shop)
        assert (lost.status, lost.paid_minor) == (Status.PENDING, 0)
        assert "differences_are_resolved" in world.violations()
        ada = world.shopper(shop=shop)
        half = ada.buy(download, 2)
        event = world.completed(half)
        kill_at(shop, lambda: world.deliver(event, shop=shop), BOOKING, '^after UPDATE "payments_payment"')
        assert world.deliver(event, shop=shop).status_code == 200
    world.quiesce()
    assert Order.objects.get(pk=half.order_id).status == Status.PENDING
    assert "paid_is_what_came" in world.violations()
