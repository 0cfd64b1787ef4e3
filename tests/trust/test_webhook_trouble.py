"""Webhooks that are none of the shop's business, that are signed with another secret, or whose handler fails."""

from __future__ import annotations

import json

import pytest

from catalog.models import StockMovement
from orders.models import Order, OrderEvent, OutgoingMail
from orders.status import Status
from payments.models import Payment, WebhookEvent
from payments.reconcile import reconcile
from tests import factories
from tests.payments.shopping import one_event
from tests.sandbox_process import wait_for
from tests.trust.strangers import strange_session

COMPLETED = "checkout.session.completed"
NEW_SECRET, OLD_SECRET, OTHER_SECRET = "whsec_new_one_0123456789", "whsec_old_one_0123456789", "whsec_of_another_endpoint"
LIVE_SHOP = {
    "STRIPE_SECRET_KEY": "sk_live_only_for_tests_0123456789",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_only_for_tests_0123456789",
    "STRIPE_API_BASE": "",
    "SITE_URL": "https://shop.test",
}
# Each is met while a payment is booked.
PLACES = [
    '^before INSERT INTO "payments_webhookevent"',
    "^before COMMIT",
    '^before UPDATE "payments_payment"',
    '^after UPDATE "payments_payment"',
    '^before UPDATE "orders_order"',
    '^after UPDATE "orders_order"',
    '^before INSERT INTO "orders_orderevent"',
    '^before UPDATE "catalog_variant"',
    '^before INSERT INTO "catalog_stockmovement"',
    '^before INSERT .*INTO "orders_outgoingmail"',
    '^after INSERT .*INTO "orders_outgoingmail"',
]


@pytest.fixture
def download(world):
    return factories.variant(requires_shipping=False, on_hand=50, price_minor=1200)


def status(payment):
    return Order.objects.get(payments=payment).status


def written():
    """What a payment changes, all of it."""
    rows = [Order.objects.values_list("number", "status", "paid_minor"), Payment.objects.values_list("reference", "status")]
    return [list(each) for each in rows] + [model.objects.count() for model in (OrderEvent, OutgoingMail, StockMovement)]


# ---- of others


@pytest.mark.case("F16")
def test_sessions_of_another_shop_on_the_account_are_accepted_and_ignored(world, ada, download):
    payment = ada.put(download).checkout()
    before = written()
    world.listen()
    strangers = [
        strange_session(world.sandbox, amount_minor=1200),
        strange_session(world.sandbox, amount_minor=1200, reference=payment.order.number, metadata={"order": "1"}),
        strange_session(world.sandbox, amount_minor=1200, metadata={"order": payment.order.number, "order_id": "1"}),
    ]
    assert world.sandbox.wait_delivered()
    tries = [one["status"] for delivery in world.sandbox.deliveries() for one in delivery["tries"]]
    assert tries == [200] * len(tries), "Stripe will go on trying"
    assert WebhookEvent.objects.filter(type=COMPLETED, outcome__startswith="ignored").count() == len(strangers)
    unknown = world.sandbox.event(COMPLETED, about=strangers[0]) | {"id": "evt_unknown"}
    unknown["data"]["object"]["id"] = "cs_test_nobody_knows"
    assert world.deliver(unknown).status_code == 200
    assert written() == before
    world.quiesce(listening=True)
    world.check(foreign=strangers)


@pytest.mark.case("F17", "A8")
def test_events_of_the_other_mode_or_another_account_change_nothing(world, broken, ada, download):
    ada.buy(download)
    before = written()
    event = one_event(world.sandbox, COMPLETED)
    assert world.deliver(event | {"livemode": True}).status_code == 200
    assert "live and test" in WebhookEvent.objects.get().outcome
    with broken(**LIVE_SHOP) as live:
        other = event | {"id": "evt_test_at_a_live_shop"}
        answer = world.deliver(other, shop=live, **{"X-Forwarded-Proto": "https"})
        assert answer.status_code == 200
    assert "live and test" in WebhookEvent.objects.get(stripe_id=other["id"]).outcome
    theirs = event | {"id": "evt_of_an_account", "account": "acct_1OfSomebodyElse"}
    theirs["data"] = {"object": event["data"]["object"] | {"id": "cs_test_of_that_account", "client_reference_id": "1"}}
    assert world.deliver(theirs).status_code == 200
    assert written() == before
    world.quiesce()
    world.check()


@pytest.mark.case("F20")
def test_an_unknown_type_is_accepted_counted_and_does_nothing(world, ada, download):
    ada.buy(download)
    before = written()
    event = one_event(world.sandbox, COMPLETED) | {"type": "invoice.will_be_invented", "id": "evt_unknown_type"}
    assert [world.deliver(event).status_code for _again in range(2)] == [200, 200]
    row = WebhookEvent.objects.get()
    assert (row.type, row.deliveries, row.outcome.startswith("ignored")) == ("invoice.will_be_invented", 2, True)
    assert written() == before
    world.quiesce()
    world.check()


# ---- the secret


@pytest.mark.case("F22")
def test_either_of_two_secrets_is_accepted_while_one_is_replaced(world, broken, download):
    with broken(STRIPE_WEBHOOK_SECRETS=f"{NEW_SECRET}, {OLD_SECRET}") as shop:
        endpoint = f"{shop.url}/webhooks/stripe/"
        world.sandbox.configure(webhook_url=endpoint, webhook_secrets=[OLD_SECRET, NEW_SECRET], delivery="auto")
        payment = world.shopper(shop=shop).buy(download)
        assert world.sandbox.wait_delivered()
        assert status(payment) == Status.PAID
        body = json.dumps(one_event(world.sandbox, COMPLETED)).encode()
        keys = (OLD_SECRET, NEW_SECRET, OTHER_SECRET)
        assert [world.post_signed(body, secret=key, shop=shop).status_code for key in keys] == [200, 200, 400]
    world.quiesce()
    world.check()


@pytest.mark.case("F8", "F22")
def test_with_the_wrong_secret_the_reconciler_saves_the_orders(world, ada, download):
    world.sandbox.configure(webhook_url=f"{world.shop.url}/webhooks/stripe/", webhook_secrets=[OTHER_SECRET], delivery="auto")
    payment = ada.buy(download)
    event = one_event(world.sandbox, COMPLETED)["id"]

    def tries():
        return [one["status"] for delivery in world.sandbox.deliveries(event=event) for one in delivery["tries"]]

    wait_for(lambda: len(tries()) > 1, what="another try")
    assert set(tries()) == {400}
    assert (status(payment), WebhookEvent.objects.count()) == (Status.PENDING, 0)
    assert "Webhook refused: No configured secret signed this body" in world.shop.text
    world.quiesce()
    assert status(payment) == Status.PAID
    world.check()
    world.later(minutes=11)
    assert "mend the endpoint or STRIPE_WEBHOOK_SECRETS" in world.client().get("/readyz").text


# ---- a handler that fails


@pytest.mark.case("F24")
def test_whichever_statement_fails_everything_is_rolled_back_and_tried_again(world, ada, download):
    payment = ada.buy(download, 2)
    before = written()
    event = one_event(world.sandbox, COMPLETED)
    for place in PLACES:
        stop = world.shop.stops.set(place, fails=True)
        assert world.deliver(event).status_code == 500, place
        assert stop.held(), place
        assert written() == before, place
        stop.release()
    row = WebhookEvent.objects.get()
    assert (row.processed_at, "OperationalError" in row.last_error) == (None, True)
    assert world.deliver(event).status_code == 200
    assert status(payment) == Status.PAID
    world.quiesce()
    world.check()


@pytest.mark.case("F24")
def test_an_event_that_always_fails_is_on_a_list_and_stops_no_other(world, ada, download):
    poisoned, bobs = ada.buy(download), world.shopper(email="bob@shop.test").buy(download)
    world.sandbox.fault(path=poisoned.session_id, action="status", status=500)
    events = [world.sandbox.event(COMPLETED, about=payment.session_id) for payment in (poisoned, bobs)]
    assert [world.deliver(event).status_code for event in events] == [500, 200]
    assert world.shop.tracebacks() == [], "Stripe's failures are no errors of ours"
    carols = world.shopper(email="carol@shop.test").buy(download)  # her webhook is lost
    reconcile()
    assert [status(payment) for payment in (poisoned, bobs, carols)] == [Status.PENDING, Status.PAID, Status.PAID]
    staff, inbox = world.staff(), "/admin/payments/webhookevent/"
    failed = staff.get(inbox, {"state": "failed"}).text
    assert poisoned.session_id in failed
    assert "GatewayDown" in failed
    assert bobs.session_id not in failed
    rows = WebhookEvent.objects.filter(processed_at=None).values_list("pk", flat=True)
    press = {"action": "process_again", "_selected_action": list(rows)}
    assert staff.post(inbox, press).status_code == 302
    assert status(poisoned) == Status.PENDING
    world.sandbox.clear_faults()
    assert [staff.post(inbox, press).status_code for _again in range(2)] == [302, 302]
    assert status(poisoned) == Status.PAID
    world.quiesce()
    world.check()
