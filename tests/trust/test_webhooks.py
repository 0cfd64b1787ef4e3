"""Webhooks as they come: again, all at once, late, early, never; over real HTTP at several processes."""

from __future__ import annotations

import pytest

from orders.models import OutgoingMail
from orders.status import Status
from payments.models import WebhookEvent
from tests import factories
from tests.payments.shopping import one_event
from tests.trust.at_once import Calls

AT_ONCE = 16
WEBHOOK_BEGINS = "^before request POST /webhooks/stripe/"


@pytest.fixture
def download(world):
    return factories.variant(requires_shipping=False, on_hand=50, price_minor=1200)


def deliver_at_once(world, event, *, shop=None, times=AT_ONCE):
    """The same event in so many requests that were all there before any was begun, at more than one process."""
    stops = (shop or world.shop).stops
    stop = stops.set(WEBHOOK_BEGINS, at_most=times)
    with Calls(*[lambda: world.deliver(event, shop=shop)] * times) as calls:
        processes = stop.wait(times)
        stop.release()
    assert len(set(processes)) > 1, "all came to one process"
    return calls.outcomes


@pytest.mark.case("F2")
def test_one_event_many_times_at_once_has_one_effect(world, ada, download):
    payment = ada.buy(download, 2)
    event = one_event(world.sandbox, "checkout.session.completed")
    answers = deliver_at_once(world, event)
    assert [answer.status_code for answer in answers] == [200] * AT_ONCE
    assert world.deliver(event).status_code == 200
    assert payment.order.events.filter(to_status=Status.PAID).count() == 1
    assert OutgoingMail.objects.count() == 1
    assert WebhookEvent.objects.get().deliveries == AT_ONCE + 1
    world.quiesce()
    world.check()


@pytest.mark.case("F2")
def test_without_the_guards_the_same_has_several_effects(world, broken, download):
    with broken("claim", "move") as shop:
        ada = world.shopper(shop=shop)
        payment = ada.buy(download, 2)
        deliver_at_once(world, one_event(world.sandbox, "checkout.session.completed"), shop=shop)
    assert payment.order.events.filter(to_status=Status.PAID).count() > 1
    assert "sold_once" in world.violations()
