"""Webhooks as they come: again, all at once, late, early, never; over real HTTP at several processes."""

from __future__ import annotations

from functools import partial
from itertools import permutations, product

import pytest

from catalog.models import StockMovement
from orders.models import Order, OrderEvent, OutgoingMail
from orders.status import Status
from payments.models import Payment, Refund, WebhookEvent
from tests import factories
from tests.payments.shopping import CARD, events_of, one_event
from tests.sandbox_process import wait_for
from tests.trust.at_once import Calls

AT_ONCE = 16
WEBHOOK_BEGINS = "^before request POST /webhooks/stripe/"
CREATE, READ, EXPIRE = "^/v1/checkout/sessions$", "^/v1/checkout/sessions/[^/]+$", "^/v1/checkout/sessions/[^/]+/expire$"
COMPLETED, EXPIRED = "checkout.session.completed", "checkout.session.expired"
IBAN_SUCCEEDS, IBAN_FAILS = "AT611904300234573201", "AT861904300235473202"


@pytest.fixture
def download(world):
    return factories.variant(requires_shipping=False, on_hand=250, price_minor=1200)


def status(payment):
    return Order.objects.get(payments=payment).status


def is_decided(payment):
    return status(payment) != Status.PENDING


def effects():
    """Everything that an event may write apart from its own row: so many rows of each kind."""
    return {model: model.objects.count() for model in (OrderEvent, OutgoingMail, StockMovement, Refund)}


# ---- again


@pytest.mark.case("F1", "A4")
def test_every_event_again_hours_and_days_later_changes_nothing(world, ada, download):
    payment = ada.buy(download, 2)
    world.deliver(one_event(world.sandbox, COMPLETED))
    payment.refresh_from_db()
    world.sandbox.refund(payment.payment_intent_id, amount=500)
    events = events_of(world.sandbox)
    assert [world.deliver(event).status_code for event in events] == [200] * len(events)
    before = effects()
    for time in ({"seconds": 5}, {"hours": 3}, {"days": 2}):
        world.later(**time)
        assert [world.deliver(event).status_code for event in events] == [200] * len(events)
    assert effects() == before
    assert before[Refund] == 1
    assert WebhookEvent.objects.get(type=COMPLETED).deliveries == 5
    world.quiesce()
    world.check()


# ---- all at once


def deliver_at_once(world, event, *, shop=None, times=AT_ONCE):
    """The same event in so many requests that were all there before any was begun, at more than one process."""
    stops = (shop or world.shop).stops
    stop = stops.set(WEBHOOK_BEGINS, at_most=times)
    with Calls(*[lambda: world.deliver(event, shop=shop)] * times) as calls:
        processes = stop.wait(times)
        stops.clear()
    assert len(set(processes)) > 1, "all came to one process"
    return calls.outcomes


def deliver_while_coming_back(world, shopper, payment, event, *, shop=None):
    """Webhook and return page, released together when both have asked Stripe: neither knows of the other."""
    asking = world.sandbox.fault(method="GET", path=READ, action="hold_before", count=2)
    with Calls(lambda: world.deliver(event, shop=shop), lambda: shopper.come_back(payment)) as calls:
        assert world.sandbox.wait_fault(asking, waiting=2), "they did not meet"
        world.sandbox.release(asking)
    world.sandbox.clear_faults()
    return calls.outcomes


@pytest.mark.case("F2")
def test_one_event_many_times_at_once_has_one_effect(world, download, rounds):
    for _round in rounds(1, long=50):
        payment = world.shopper().buy(download)
        event = world.sandbox.event(COMPLETED, about=payment.session_id)
        statuses = {answer.status_code for answer in deliver_at_once(world, event)}
        assert statuses - {500} == {200}, "whoever waits too long for the others is sent again"
        assert world.deliver(event).status_code == 200
        assert payment.order.events.filter(to_status=Status.PAID).count() == 1
        assert WebhookEvent.objects.get(stripe_id=event["id"]).deliveries == AT_ONCE + 1
    assert world.shop.tracebacks() == []
    world.quiesce()
    world.check()
    assert OutgoingMail.objects.count() == Order.objects.count()


@pytest.mark.case("F4")
def test_the_webhook_and_the_return_page_at_the_same_instant_have_one_effect(world, download, rounds):
    for _round in rounds(5, long=100):
        ada = world.shopper()
        payment = ada.buy(download, 2)
        event = world.sandbox.event(COMPLETED, about=payment.session_id)
        webhook, page = deliver_while_coming_back(world, ada, payment, event)
        assert (webhook.status_code, page.status_code) == (200, 200)
        assert "Thank you" in page.text or "confirming your payment" in page.text
        assert payment.order.events.filter(to_status=Status.PAID).count() == 1
    world.quiesce()
    world.check()
    assert OutgoingMail.objects.count() == Order.objects.count()


@pytest.mark.case("F2", "F4")
def test_without_the_guards_the_same_has_several_effects(world, broken, download):
    with broken("claim", "move") as shop:
        payment = world.shopper(shop=shop).buy(download, 2)
        deliver_at_once(world, one_event(world.sandbox, COMPLETED), shop=shop)
        assert payment.order.events.filter(to_status=Status.PAID).count() > 1
        bob = world.shopper(shop=shop, email="bob@shop.test")
        payment = bob.buy(download)
        event = world.sandbox.event(COMPLETED, about=payment.session_id)
        deliver_while_coming_back(world, bob, payment, event, shop=shop)
        assert payment.order.events.filter(to_status=Status.PAID).count() == 2
    assert "sold_once" in world.violations()


# ---- alone, or never


@pytest.mark.case("F6")
def test_the_webhook_alone_fulfils_what_nobody_comes_back_to(world, ada, download):
    world.listen()
    payment = ada.buy(download, 2)
    wait_for(lambda: status(payment) == Status.PAID, what="the webhook's effect")
    assert "There is nothing in it yet" in ada.client.get("/cart/").text
    world.quiesce(listening=True)
    world.check()


@pytest.mark.case("F8")
def test_without_any_webhook_or_visit_the_worker_alone_finds_everything(world, download):
    world.sandbox.drop()
    paid = world.shopper().buy(download)
    refunded = world.shopper().buy(download)
    debited, bounced = (world.shopper().put(download).checkout() for _each in range(2))
    debits = ((debited, IBAN_SUCCEEDS), (bounced, IBAN_FAILS))
    intents = [world.shopper().pay(payment, iban=iban)["payment_intent"] for payment, iban in debits]
    left = world.shopper().put(download).checkout()
    world.sandbox.expire(left.session_id)
    world.later(minutes=3)
    world.shop.start_worker()
    wait_for(lambda: [status(one) for one in (debited, bounced)] == [Status.CONFIRMING] * 2, seconds=30, what="the debits")
    for intent, outcome in zip(intents, ("succeeded", "failed"), strict=True):
        world.sandbox.finish_payment(intent, outcome=outcome)
    wait_for(lambda: status(refunded) == Status.PAID, seconds=30, what="the payment")
    refunded.refresh_from_db()
    world.sandbox.refund(refunded.payment_intent_id)
    expected = {
        paid: Status.PAID,
        refunded: Status.REFUNDED,
        debited: Status.PAID,
        bounced: Status.CANCELLED,
        left: Status.EXPIRED,
    }
    wait_for(lambda: {one: status(one) for one in expected} == expected, seconds=30, what="every end")
    wait_for(lambda: not WebhookEvent.objects.filter(processed_at=None).exists(), what="every event's effect")
    world.shop.end_workers()
    world.quiesce()
    world.check()


# ---- too early


@pytest.fixture
def early(world, ada, download):
    """Ada pressed the button; Stripe made the page, she paid on it, and the shop still waits for the answer that names it."""
    ada.put(download, 2)
    held = world.sandbox.fault(method="POST", path=CREATE, action="hold_after", count=1)
    with Calls(ada.press_pay) as calls:
        assert world.sandbox.wait_fault(held), "the shop did not ask"
        (session,) = world.sandbox.books()["sessions"]
        world.sandbox.pay(session["id"], card=CARD, email="ada@shop.test", name="Ada Lovelace")
        payment = Payment.objects.get()
        assert payment.session_id is None
        yield payment, held, calls


@pytest.mark.case("F10")
@pytest.mark.parametrize("kind", [COMPLETED, "payment_intent.succeeded"])
def test_a_webhook_before_the_shop_knows_its_session_fulfils(world, early, kind):
    payment, held, calls = early
    assert world.deliver(one_event(world.sandbox, kind)).status_code == 200
    assert status(payment) == Status.PAID
    world.sandbox.release(held)
    wait_for(lambda: calls.outcomes[0], what="the shopper's answer")
    assert (calls.outcomes[0].status_code, calls.outcomes[0]["Location"]) == (302, payment.order.get_absolute_url())
    world.quiesce()
    world.check()


@pytest.mark.case("F10")
def test_a_webhook_fulfils_where_the_shop_died_before_it_knew_its_session(world, early):
    payment, _held, _calls = early
    world.shop.kill_web()
    assert world.deliver(one_event(world.sandbox, COMPLETED)).status_code == 200
    assert status(payment) == Status.PAID
    world.quiesce()
    world.check()


@pytest.mark.case("F8", "F10")
def test_with_neither_webhook_nor_answer_the_reconciler_fulfils(world, early):
    payment, _held, _calls = early
    world.shop.kill_web()
    world.quiesce()
    assert status(payment) == Status.PAID
    world.check()


# ---- in the wrong order


@pytest.mark.case("F11")
def test_stale_events_and_the_shops_own_expiry_in_any_order_end_as_stripe_has_it(world, download):
    world.shop.start_worker("--expire-every", "0.1", "--mail-every", "3600", "--reconcile-every", "3600")
    for true, steps in product([COMPLETED, EXPIRED], permutations([COMPLETED, EXPIRED, "own expiry"])):
        ada = world.shopper()
        payment = ada.put(download).checkout()
        if true == COMPLETED:
            ada.pay(payment)
        else:
            world.sandbox.expire(payment.session_id)
        event = world.sandbox.event(true, about=payment.session_id)
        for step in steps:
            if step == "own expiry":
                world.after_the_hold()
                wait_for(partial(is_decided, payment), seconds=30, what="the worker")
            else:  # the one that Stripe sent, or the stale one of another name
                name = event["id"] if step == true else f"{event['id']}_stale"
                assert world.deliver(event | {"id": name, "type": step}).status_code == 200
        assert status(payment) == (Status.PAID if true == COMPLETED else Status.EXPIRED), steps
    world.shop.end_workers()
    world.quiesce()
    world.check()


@pytest.mark.case("F11")
def test_a_payment_in_the_second_of_the_shops_own_expiry_is_kept(world, ada, download):
    payment = ada.put(download).checkout()
    world.after_the_hold()
    closing = world.sandbox.fault(method="POST", path=EXPIRE, action="hold_before")
    worker = world.shop.start_worker("--once")
    assert world.sandbox.wait_fault(closing, timeout=30), "the worker did not close the page"
    ada.pay(payment)
    completed = one_event(world.sandbox, COMPLETED)
    stale = completed | {"id": "evt_stale", "type": EXPIRED}
    world.sandbox.release(closing)
    assert [world.deliver(event).status_code for event in (stale, completed)] == [200, 200]
    assert worker.wait(30) == 0
    assert status(payment) == Status.PAID
    world.quiesce()
    world.check()


# ---- payments that take days


@pytest.mark.case("F15")
@pytest.mark.parametrize(("iban", "outcome"), [(IBAN_SUCCEEDS, "succeeded"), (IBAN_FAILS, "failed")])
def test_a_debit_of_days_keeps_the_units_until_it_is_decided(world, ada, download, iban, outcome):
    payment = ada.put(download, 2).checkout()
    intent = ada.pay(payment, iban=iban)["payment_intent"]
    assert world.deliver(one_event(world.sandbox, COMPLETED)).status_code == 200
    world.after_the_hold()
    world.later(days=3)
    world.quiesce()
    download.refresh_from_db()
    assert (status(payment), download.stock_reserved) == (Status.CONFIRMING, 2)
    assert "Your bank has taken the order to pay" in ada.come_back(payment).text
    world.check()
    world.sandbox.finish_payment(intent, outcome=outcome)
    event = one_event(world.sandbox, f"checkout.session.async_payment_{outcome}")
    assert [world.deliver(event).status_code for _again in range(2)] == [200, 200]
    download.refresh_from_db()
    ended = {"succeeded": (Status.PAID, 0, 248), "failed": (Status.CANCELLED, 0, 250)}[outcome]
    assert (status(payment), download.stock_reserved, download.stock_on_hand) == ended
    world.quiesce()
    world.check()
