"""The three ways to pay: the same shop behind each. What only one of them has is in test_pay_pages.py."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from threading import Thread

import pytest
from django.utils import timezone

from orders.models import Order, OutgoingMail
from orders.status import Status, Way
from orders.transitions import expire
from payments import settle as settling
from payments.audit import audit
from payments.desk_repairs import repair
from payments.expire import expire_orders
from payments.models import Difference, Payment, Refund
from payments.reconcile import reconcile
from payments.settle import settle
from tests import factories
from tests.payments.shopping import CLOSED, DECLINED, Shopper, deliver, events_of, lose_answer

NEWS = {"checkout.session.completed", "payment_intent.succeeded"}


@pytest.fixture(params=Way.values)
def payer(request, shopper, settings):
    settings.PAYMENT_WAYS, settings.STRIPE_PUBLISHABLE_KEY = list(Way.values), "pk_test_shop"
    shopper.way = request.param
    return shopper


@pytest.fixture
def print_(db):
    factories.shipping_rate()
    return factories.variant(on_hand=5, price_minor=4900)


def violations():
    return {name: result["examples"] for name, result in audit().items() if result["violations"]}


def bought(payer, variant):
    payment = payer.put(variant).checkout()
    assert payer.pay(payment)["outcome"] == "succeeded"
    return payment


def assert_bought_once(order, variant):
    order.refresh_from_db()
    variant.refresh_from_db()
    assert (order.status, order.paid_minor, order.recipient) == (Status.PAID, order.total_minor, "Ada Lovelace")
    assert (order.email, order.address["city"]) == ("ada@shop.test", "Berlin")
    assert order.events.filter(to_status=Status.PAID).count() == 1
    assert [mail.kind for mail in OutgoingMail.objects.filter(order=order)] == ["confirmed"]
    assert (variant.stock_on_hand, variant.stock_reserved) == (4, 0)
    assert violations() == {}


def test_it_fulfils_by_any_event_and_by_all_of_them_twice(payer, print_):
    payment = bought(payer, print_)
    events = events_of(payer.sandbox)
    assert NEWS & {event["type"] for event in events}
    for event in [*events, *reversed(events)]:
        assert deliver(event).status_code == 200
    assert_bought_once(payment.order, print_)
    assert payment.order.way == payer.way


def test_it_fulfils_on_the_return_page(payer, print_):
    payment = bought(payer, print_)
    for _again in range(2):
        page = payer.come_back(payment)
        assert (page.status_code, "It is yours" in page.content.decode()) == (200, True)
    assert_bought_once(payment.order, print_)
    assert payer.client.get("/cart/").context["cart"].is_empty
    assert payer.put(print_).press_pay().status_code == 303


def test_it_fulfils_without_webhook_and_return_page(payer, print_):
    payment = bought(payer, print_)
    Payment.objects.update(created_at=timezone.now() - timedelta(minutes=3), checked_at=None)
    reconcile()
    assert_bought_once(payment.order, print_)


def test_webhook_and_return_page_at_once_fulfil_once(payer, print_, race):
    payment = bought(payer, print_)
    assert both_at_once(payer, race, payment) == [200, 200]
    assert_bought_once(payment.order, print_)


def test_without_the_claim_they_fulfil_twice(payer, print_, race, monkeypatch):
    """The control."""
    payment, given = bought(payer, print_), []
    monkeypatch.setattr(settling, "_claim", lambda *_what, **_changes: True)
    monkeypatch.setattr(settling.transitions, "mark_paid", lambda order, **_how: given.append(order) or True)
    both_at_once(payer, race, payment)
    assert len(given) == 2


def both_at_once(payer, race, payment):
    """The webhook and the return page: each has read Stripe's answer before either may book it."""
    (event, *_others) = [event for event in events_of(payer.sandbox) if event["type"] in NEWS]
    fault = payer.sandbox.fault(**payer.asking, action="hold_after")

    def release():
        payer.sandbox.wait_fault(fault, waiting=2, timeout=20)
        payer.sandbox.release(fault)

    releaser = Thread(target=release)
    releaser.start()
    answers = race(lambda: deliver(event), lambda: payer.come_back(payment))
    releaser.join(30)
    return [answer.status_code for answer in answers]


def test_a_second_try_after_a_decline_is_the_same_payment(payer, print_):
    payment = payer.put(print_).checkout()
    assert payer.pay(payment, card=DECLINED)["outcome"] == "declined"
    for event in events_of(payer.sandbox):
        assert deliver(event).status_code == 200
    again = payer.checkout()
    assert (again.pk, again.stripe_id) == (payment.pk, payment.stripe_id)
    assert payer.pay(again)["outcome"] == "succeeded"
    assert_bought_once(settle(again, by="test").order, print_)


def test_an_edited_cart_never_pays_the_old_amount(payer, print_):
    first = payer.put(print_).checkout()
    second = payer.put(print_).checkout()
    assert payer.state_of(first) in CLOSED
    assert payer.pay(first)["outcome"] != "succeeded"
    assert payer.pay(second)["outcome"] == "succeeded"
    order = settle(second, by="test").order
    assert (order.status, order.paid_minor) == (Status.PAID, 2 * 4900 + order.shipping_minor)
    assert violations() == {}


@pytest.mark.parametrize(("first", "second"), list(permutations(Way.values, 2)))
def test_another_way_leaves_nothing_else_to_pay(shopper, print_, settings, first, second):
    settings.PAYMENT_WAYS, settings.STRIPE_PUBLISHABLE_KEY = list(Way.values), "pk_test_shop"
    shopper.way = first
    old = shopper.put(print_).checkout()
    shopper.way = second
    new = shopper.checkout()
    old.refresh_from_db()
    assert (old.status, old.order.status) == (Payment.Status.EXPIRED, Status.CANCELLED)
    assert shopper.state_of(old) in CLOSED
    assert shopper.pay(new)["outcome"] == "succeeded"
    assert_bought_once(settle(new, by="test").order, print_)


def test_two_ways_at_once_leave_one_thing_to_pay(payer, print_, race):
    payer.put(print_)
    twin = Shopper(payer.sandbox, client=payer.client, way=next(way for way in Way.values if way != payer.way))
    race(payer.press_pay, twin.press_pay)
    assert Order.objects.filter(status=Status.PENDING).count() <= 1
    live = Payment.objects.filter(status__in=Payment.LIVE)
    assert all(payment.order.status == Status.PENDING for payment in live)
    print_.refresh_from_db()
    assert print_.stock_reserved == Order.objects.filter(status=Status.PENDING).count()
    assert violations() == {}


def test_a_hold_that_is_over_ends_at_stripe_first(payer, print_):
    payment = payer.put(print_).checkout()
    Order.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    expire_orders()
    payment.refresh_from_db()
    assert (payment.status, payment.order.status) == (Payment.Status.EXPIRED, Status.EXPIRED)
    assert payer.state_of(payment) in CLOSED
    assert payer.pay(payment)["outcome"] != "succeeded"
    print_.refresh_from_db()
    assert (print_.stock_reserved, violations()) == (0, {})


def test_the_way_back_gives_the_hold_up(payer, print_):
    payment = payer.put(print_).checkout()
    assert payer.press_cancel(payment.order).status_code == 302
    assert payer.state_of(payment) in CLOSED
    assert Order.objects.get().status == Status.CANCELLED
    assert payer.client.get("/cart/").context["cart"].count == 1


def test_money_that_comes_too_late_goes_back(payer, print_):
    payment = payer.put(print_).checkout()
    expire(payment.order, by="test")
    assert payer.pay(payment)["outcome"] == "succeeded"
    settle(payment, by="test")
    assert Difference.objects.get().kind == Difference.Kind.PAID_TOO_LATE
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.status) == (payment.amount_minor, Refund.Status.SUCCEEDED)
    assert [mail.kind for mail in OutgoingMail.objects.all()] == ["paid_too_late"]
    assert set(violations()) == {"differences_are_resolved"}


def test_another_amount_is_flagged_and_fulfils_nothing(payer, print_):
    payment = bought(payer, print_)
    Payment.objects.update(amount_minor=1)
    payment = settle(Payment.objects.get(pk=payment.pk), by="test")
    assert (payment.status, payment.order.status) == (Payment.Status.MISMATCH, Status.PENDING)
    assert Difference.objects.get().reference == payment.stripe_id


def test_nothing_more_is_paid_while_another_amount_is_looked_into(payer, print_):
    payment = bought(payer, print_)
    Payment.objects.update(amount_minor=1)
    settle(Payment.objects.get(), by="test")
    for address in (payer.press_pay()["Location"], f"/checkout/pay/{payment.order.number}/"):
        assert "Please do not pay again." in payer.client.get(address, follow=True).text
    if payer.way == Way.ELEMENT:
        assert payer.start(payment.order).status_code == 409
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("where", ["desk", "dashboard"])
def test_another_amount_goes_back_and_the_buyer_is_told(payer, print_, where):
    payment = bought(payer, print_)
    Payment.objects.update(amount_minor=1)
    payment = settle(Payment.objects.get(), by="test")
    row = Difference.objects.get()
    if where == "dashboard":
        payer.sandbox.refund(payment.payment_intent_id)
    repair(row, "give_back", by="grace@shop.test")
    for event in events_of(payer.sandbox, "refund.created", "refund.updated", "charge.refunded") * 2:
        assert deliver(event).status_code == 200
    order = Order.objects.get()
    assert (order.paid_minor, order.refunded_minor, order.email) == (0, 0, "ada@shop.test")
    assert [(mail.kind, mail.context["amount_minor"]) for mail in order.mails.all()] == [("refunded", order.total_minor)]
    assert payer.sandbox.books()["refunded"] == order.total_minor
    assert "the money goes back to you" in payer.client.get(order.get_absolute_url()).text
    assert "the money goes back to you" in payer.come_back(payment).text
    assert set(violations()) <= {"payments_ask_the_total"}  # which this test changed
    assert Difference.objects.filter(resolved_at=None).count() == 0


def test_a_lost_answer_leaves_nothing_that_can_be_paid(payer, print_):
    """Stripe made it, and nobody heard: the units are free again and whatever was made is found and closed."""
    payer.put(print_)
    payer.sandbox.fault(**payer.making, action="drop_after")
    assert payer.press_on().status_code == 503
    payer.sandbox.clear_faults()
    assert Order.objects.get().status == Status.CANCELLED
    payment = payer.checkout()
    assert payer.pay(payment)["outcome"] == "succeeded"
    assert_bought_once(settle(payment, by="test").order, print_)


def test_a_process_killed_while_it_asked_is_found_again(payer, print_):
    """The row is there, the answer is not: the reconciler asks with the same key and gets the same thing."""
    payment = payer.put(print_).checkout()
    known = payment.stripe_id
    payment = settle(lose_answer(payment), by="test")
    assert (payment.status, payment.stripe_id) == (Payment.Status.OPEN, known)


def test_money_for_a_payment_that_is_not_here_is_told(payer, print_):
    payment = bought(payer, print_)
    Payment.objects.all().delete()
    for event in events_of(payer.sandbox):
        assert deliver(event).status_code == 200
    difference = Difference.objects.get()
    assert (difference.kind, difference.reference) == (Difference.Kind.UNMATCHED, payment.stripe_id)


def test_a_refund_made_at_stripe_is_booked(payer, print_):
    payment = settle(bought(payer, print_), by="test")
    payer.sandbox.refund(payment.payment_intent_id, amount=100)
    for event in events_of(payer.sandbox):
        assert deliver(event).status_code == 200
    assert Order.objects.get().refunded_minor == 100
    assert violations() == {}
