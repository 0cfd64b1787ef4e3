"""Calls to Stripe whose answer is lost, whose key is refused, or whose object is not what was asked for."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import reverse

from orders.access import order_key
from orders.models import Order
from orders.status import Status
from payments.models import Difference, Payment, Refund, WebhookEvent
from tests import factories
from tests.payments.shopping import CARD, one_event
from tests.trust.at_once import Calls
from tests.trust.http_client import HttpClient
from tests.trust.strangers import strange_session

COMPLETED = "checkout.session.completed"
CREATE, READ = "^/v1/checkout/sessions$", "^/v1/checkout/sessions/[^/]+$"
REVOKED = "sk_test_revoked_0123456789"
LONGEST = 10  # seconds for a checkout, whatever Stripe does
FLAGGED = {"differences_are_resolved"}


@pytest.fixture
def download(world):
    return factories.variant(requires_shipping=False, on_hand=50, price_minor=1200)


def status(payment):
    return Order.objects.get(payments=payment).status


def way_back(payment):
    """What Stripe's page sends its shopper back with."""
    return {"session_id": payment.session_id, "key": order_key(payment.order)}


def is_turned_away(world, answer, variant):
    """The shopper is told, nothing is held, nothing was charged, the cart is as it was."""
    variant.refresh_from_db()
    assert (answer.status_code, variant.stock_reserved) == (503, 0)
    assert "Nothing was charged" in answer.text
    assert answer.seconds < LONGEST
    assert not any(one["paid"] for one in world.sandbox.books()["sessions"])
    return True


def made_up(payment):
    """An event that Stripe never sent."""
    event = {"id": f"evt_{payment.reference}", "object": "event", "type": COMPLETED, "api_version": "2026-10-28.endive"}
    return {**event, "created": int(payment.created_at.timestamp()), "livemode": False, "pending_webhooks": 1, "request": None}


# ---- the answer is lost


@pytest.mark.case("F25", "F26")
@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_a_lost_answer_to_a_checkout_is_asked_for_again_and_gives_one_page(world, ada, download, action):
    world.sandbox.fault(method="POST", path=CREATE, action=action, count=1)
    payment = ada.buy(download, 2)
    assert [one["client_reference_id"] for one in world.sandbox.books()["sessions"]] == [payment.reference]
    world.quiesce()
    assert status(payment) == Status.PAID
    world.check()


@pytest.mark.case("F25", "F26")
@pytest.mark.parametrize("action", ["drop_before", "drop_after", pytest.param("silent", marks=pytest.mark.long)])
def test_a_checkout_without_any_answer_holds_nothing_and_can_be_tried_again(world, ada, download, action):
    lost = world.sandbox.fault(method="POST", path=CREATE, action=action)
    assert is_turned_away(world, ada.put(download, 2).press_pay(), download)
    assert world.sandbox.fault_state(lost)["hits"] <= 3, "a storm of calls"
    world.sandbox.clear_faults()
    payment = ada.checkout()
    assert ada.pay(payment)["outcome"] == "succeeded"
    world.quiesce()
    assert (status(payment), Order.objects.count()) == (Status.PAID, 2)
    references = [one["client_reference_id"] for one in world.sandbox.books()["sessions"]]
    assert len(references) == len(set(references)) == (2 if action == "drop_after" else 1)
    world.check()


@pytest.mark.case("F26")
def test_money_on_the_page_of_a_lost_answer_goes_back(world, ada, download):
    """Nobody has seen that page. Should it be paid all the same, then no order is made of it, and nothing is kept."""
    world.sandbox.fault(method="POST", path=CREATE, action="drop_after")
    assert is_turned_away(world, ada.put(download, 2).press_pay(), download)
    (session,) = world.sandbox.books()["sessions"]
    world.sandbox.pay(session["id"], card=CARD, email="ada@shop.test", name="Ada Lovelace")
    world.quiesce(listening=True)
    (session,) = world.sandbox.books()["sessions"]
    assert (session["paid"], session["refunded"]) == (2400, 2400)
    assert Difference.objects.get().kind == Difference.Kind.PAID_TOO_LATE
    world.check(flagged=FLAGGED)


@pytest.mark.case("F26", "F30")
@pytest.mark.parametrize("action", ["drop_after", pytest.param("drop_before", marks=pytest.mark.long)])
def test_a_refund_whose_answer_is_lost_is_made_once_however_often_it_is_asked_for(world, ada, download, action):
    order = ada.buy(download, 2).order
    world.quiesce()
    world.sandbox.fault(method="POST", path="^/v1/refunds$", action=action)
    staff, button = world.staff(), reverse("admin:orders_order_do", args=[order.pk, "refund"])
    assert staff.get(button).status_code == 200
    answers = [staff.post(button, {"amount_minor": 2400, "reason": "Asked by phone"}) for _again in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    refund = Refund.objects.get()
    order.refresh_from_db()
    assert (refund.status, order.refunded_minor) == (Refund.Status.REQUESTED, 2400)
    world.quiesce()
    refund.refresh_from_db()
    assert (refund.status, status(refund.payment)) == (Refund.Status.SUCCEEDED, Status.REFUNDED)
    (session,) = world.sandbox.books()["sessions"]
    assert [one["amount"] for one in session["refunds"]] == [2400]
    world.check()


# ---- the key is refused


@pytest.mark.case("F33")
def test_with_a_revoked_key_nobody_is_charged_and_nothing_is_forgotten(world, broken, ada, download):
    paid = ada.buy(download)
    event = one_event(world.sandbox, COMPLETED)
    with broken(STRIPE_SECRET_KEY=REVOKED) as shop:
        bob = world.shopper(shop=shop, email="bob@shop.test")
        answer = bob.put(download).press_pay()
        assert (answer.status_code, "Nothing was charged" in answer.text) == (503, True)
        assert world.deliver(event, shop=shop).status_code == 500, "Stripe must send it again"
        page = HttpClient(shop.url).get("/checkout/return/", way_back(paid))
        assert (page.status_code, "We are confirming your payment" in page.text) == (200, True)
        worker = shop.start_worker("--once")
        assert worker.wait(60) == 0
        assert "refuses our key, mend STRIPE_SECRET_KEY" in shop.text
        assert REVOKED not in shop.text
        assert "mend STRIPE_SECRET_KEY" in HttpClient(shop.url).get("/readyz").text
    download.refresh_from_db()
    assert download.stock_reserved == 1, "Ada's alone"
    assert (status(paid), Payment.objects.exclude(pk=paid.pk).get().status) == (Status.PENDING, Payment.Status.FAILED)
    world.quiesce()
    assert status(paid) == Status.PAID
    assert WebhookEvent.objects.get(stripe_id=event["id"]).last_error == ""
    world.check()


# ---- the object is another


@pytest.mark.case("F67")
def test_what_an_event_says_about_money_is_not_believed(world, ada, download):
    """Signed, but not what Stripe says when it is asked."""
    unpaid = ada.put(download).checkout()
    event = {**made_up(unpaid), "data": {"object": world.sandbox.session(unpaid.session_id)}}
    event["data"]["object"] |= {"status": "complete", "payment_status": "paid", "amount_total": 1200}
    assert world.deliver(event).status_code == 200
    assert status(unpaid) == Status.PENDING
    ada.pay(unpaid)
    event = one_event(world.sandbox, COMPLETED)
    event["data"]["object"] |= {"amount_total": 1, "currency": "jpy", "payment_status": "unpaid"}
    assert world.deliver(event).status_code == 200
    order = Order.objects.get()
    assert (order.status, order.paid_minor, order.currency) == (Status.PAID, 1200, "EUR")
    world.quiesce()
    world.check()


@pytest.mark.case("F67", "A9")
@pytest.mark.parametrize(
    ("amount", "currency"), [(1199, "eur"), (1200, "usd"), pytest.param(1201, "eur", marks=pytest.mark.long)]
)
def test_another_amount_or_currency_is_flagged_and_not_fulfilled(world, ada, download, amount, currency):
    """The session names our payment, and the shop does not know its own yet: only the money tells them apart."""
    asking = world.sandbox.fault(method="POST", path=CREATE, action="hold_before", count=1)
    ada.put(download)
    with Calls(ada.press_pay) as calls:
        assert world.sandbox.wait_fault(asking)
        payment = Payment.objects.get()
        metadata = {"order": payment.order.number, "payment_reference": payment.reference}
        other = strange_session(
            world.sandbox,
            amount_minor=amount,
            currency=currency,
            reference=payment.reference,
            metadata=metadata,
            site=settings.SITE_URL,
        )
        assert world.deliver(world.sandbox.event(COMPLETED, about=other)).status_code == 200
        world.sandbox.release(asking)
    assert calls.outcomes[0].status_code == 409
    payment.refresh_from_db()
    assert (payment.status, status(payment)) == (Payment.Status.MISMATCH, Status.PENDING)
    found = Difference.objects.get()
    assert (found.kind, found.order, found.reference) == (Difference.Kind.AMOUNT, payment.order, other)
    assert "We are looking into your payment" in world.client().get("/checkout/return/", way_back(payment)).text
    assert found.detail in world.staff().get("/admin/payments/difference/").text
    world.after_the_hold()
    world.quiesce()
    assert status(payment) == Status.EXPIRED
    world.check(flagged=FLAGGED)


@pytest.mark.case("A9")
def test_an_attackers_own_paid_session_pays_for_nobody_else(world, ada, download):
    victim = ada.put(download, 40).checkout()
    metadata = {"order": victim.order.number, "payment_reference": victim.reference}
    world.listen()
    forged = strange_session(
        world.sandbox, amount_minor=100, reference=victim.reference, metadata=metadata, site=settings.SITE_URL
    )
    assert world.sandbox.wait_delivered()
    mallory = world.shopper(email="mallory@shop.test")
    cheap = mallory.buy(download)
    assert world.sandbox.wait_delivered()
    event = world.sandbox.event(COMPLETED, about=cheap.session_id) | {"id": "evt_forged"}
    event["data"]["object"] |= {"client_reference_id": victim.reference, "metadata": metadata}
    assert world.deliver(event).status_code == 200
    victim.refresh_from_db()
    assert (status(victim), victim.status) == (Status.PENDING, Payment.Status.OPEN)
    assert status(cheap) == Status.PAID
    unmatched = Difference.objects.filter(kind=Difference.Kind.UNMATCHED).values_list("reference", flat=True)
    assert forged in unmatched
    ada.pay(victim)
    world.quiesce(listening=True)
    assert status(victim) == Status.PAID
    world.check(flagged=FLAGGED)
