"""The page after Stripe's: what is true now, before any webhook and for those who did not pay; nothing to strangers."""

from __future__ import annotations

import pytest

from orders.access import order_key
from orders.models import Order, OrderEvent, OutgoingMail
from orders.status import Status
from tests import factories, people
from tests.payments.shopping import one_event
from tests.trust.visitors import visitor

COMPLETED = "checkout.session.completed"
READ = "^/v1/checkout/sessions/[^/]+$"
LONGEST = 3  # seconds, whatever Stripe does
PAID, CONFIRMING, NOT_PAID = "Thank you. It is yours.", "We are confirming your payment", "This order was not paid"


@pytest.fixture
def download(world):
    return factories.variant(requires_shipping=False, on_hand=50, price_minor=1200)


def status(payment):
    return Order.objects.get(payments=payment).status


def state(world):
    return list(Order.objects.values_list("number", "status")), OrderEvent.objects.count(), len(world.sandbox.requests())


def look(shopper, payment, expected):
    """Come back: the page says this, and soon."""
    page = shopper.come_back(payment)
    assert page.status_code == 200
    assert page.seconds < LONGEST
    assert {text for text in (PAID, CONFIRMING, NOT_PAID) if text in page.text} == {expected}
    return page


# ---- before the webhook


@pytest.mark.case("F5")
def test_it_knows_of_the_payment_before_any_webhook(world, ada, download):
    payment = ada.buy(download, 2)
    look(ada, payment, PAID)
    assert world.deliver(one_event(world.sandbox, COMPLETED)).status_code == 200
    look(ada, payment, PAID)
    assert payment.order.events.filter(to_status=Status.PAID).count() == 1
    assert OutgoingMail.objects.count() == 1
    assert "There is nothing in it yet" in ada.client.get("/cart/").text
    world.quiesce()
    world.check()


@pytest.mark.case("F5")
def test_it_does_not_wait_for_a_stripe_that_fails(world, ada, download):
    payment = ada.buy(download)
    for action in ("status", "drop_before", "silent"):
        world.sandbox.fault(method="GET", path=READ, action=action)
        look(ada, payment, CONFIRMING)
        assert status(payment) == Status.PENDING
        world.sandbox.clear_faults()
    look(ada, payment, PAID)
    assert world.shop.tracebacks() == []
    world.quiesce()
    world.check()


# ---- without a payment


@pytest.mark.case("F7")
def test_an_open_page_is_not_paid_and_keeps_its_units(world, ada, download):
    payment = ada.put(download, 2).checkout()
    assert "We have not seen the money yet" in look(ada, payment, CONFIRMING).text
    assert ada.pay(payment, card="4000000000000002")["outcome"] == "declined"
    look(ada, payment, CONFIRMING)
    download.refresh_from_db()
    assert (status(payment), download.stock_reserved, download.stock_on_hand) == (Status.PENDING, 2, 50)
    assert ada.pay(payment)["outcome"] == "succeeded"
    look(ada, payment, PAID)
    world.quiesce()
    world.check()


@pytest.mark.case("F7")
def test_an_expired_page_is_not_paid_and_gives_its_units_back(world, ada, download):
    payment = ada.put(download, 2).checkout()
    world.sandbox.expire(payment.session_id)
    for _again in range(2):
        look(ada, payment, NOT_PAID)
    download.refresh_from_db()
    assert (status(payment), download.stock_reserved, download.stock_on_hand) == (Status.EXPIRED, 0, 50)
    world.quiesce()
    world.check()


# ---- of somebody else


@pytest.mark.case("A14")
def test_somebody_elses_session_shows_and_changes_nothing(world, ada, download):
    victims = ada.buy(download)
    mallory = world.shopper(email="mallory@shop.test")
    own = mallory.put(download).checkout()
    before = state(world)
    session = mallory.client.cookies["sessionid"]
    params = [
        {"session_id": victims.session_id},
        {"session_id": victims.session_id, "key": ""},
        {"session_id": victims.session_id, "key": order_key(own.order)},
        {"session_id": victims.session_id, "key": victims.reference},
        {"session_id": [own.session_id, victims.session_id]},
        {"session_id": victims.session_id, "order": victims.order.number, "number": own.order.number},
    ]
    answers = [mallory.client.get("/checkout/return/", each) for each in params]
    answers.append(visitor(world.shop.url, user=people.mallory()).get("/checkout/return/", params[0]))
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert not any(secret in answer.text for answer in answers for secret in (victims.order.number, "ada@shop.test", "12.00"))
    assert mallory.client.cookies["sessionid"] == session, "a log-in"
    assert state(world) == before, "somebody else's page asked Stripe, or changed something"
    world.quiesce()
    world.check()


@pytest.mark.case("A14")
def test_the_session_of_one_order_with_the_key_of_another_pays_for_neither(world, ada, download):
    """The key opens the order that it is made for, the session names the payment: only both together show anything."""
    paid, mallory = ada.buy(download), world.shopper(email="mallory@shop.test")
    unpaid = mallory.put(download, 3).checkout()
    answer = mallory.client.get("/checkout/return/", {"session_id": paid.session_id, "key": order_key(unpaid.order)})
    assert answer.status_code == 404
    look(mallory, unpaid, CONFIRMING)
    assert (status(paid), status(unpaid)) == (Status.PENDING, Status.PENDING)
    answer = world.client().get("/checkout/return/", {"session_id": paid.session_id, "key": order_key(paid.order)})
    assert PAID in answer.text, "the buyer in another browser"
    assert (status(paid), status(unpaid)) == (Status.PAID, Status.PENDING)
    world.quiesce()
    world.check()
