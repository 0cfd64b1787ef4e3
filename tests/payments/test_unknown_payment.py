"""Money on its way of which Stripe knows nothing any more: staff are told, and a person may end the order; nothing else."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from orders.models import Order
from orders.status import Status
from payments.expire import expire_orders
from payments.gateway import GatewayRefused
from payments.models import Difference, Payment
from payments.reconcile import reconcile
from payments.settle import settle
from tests import factories
from tests.payments.shopping import IBAN_SUCCEEDS

OLD = "of_the_old_account"


@pytest.fixture
def variant(shopper):
    return factories.variant(requires_shipping=False, on_hand=5, price_minor=1200)


@pytest.fixture
def on_its_way(shopper, variant) -> Payment:
    payment = shopper.put(variant).checkout()
    shopper.pay(payment, iban=IBAN_SUCCEEDS)
    return settle(payment, by="test")


@pytest.fixture
def unknown(on_its_way, shopper) -> Payment:
    """The account was changed for another one: same key settings, no such session, and nothing that happened."""
    shopper.sandbox.reset()
    field = "payment_intent_id" if on_its_way.is_intent else "session_id"
    Payment.objects.filter(pk=on_its_way.pk).update(**{field: OLD}, checked_at=None)
    on_its_way.refresh_from_db()
    return on_its_way


def do(grace, order: Order, name: str) -> str:
    client = Client()
    client.force_login(grace)
    answer = client.post(reverse("admin:orders_order_do", args=[order.pk, name]), follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def tools(grace, order: Order) -> set[str]:
    client = Client()
    client.force_login(grace)
    return {tool.name for tool in client.get(reverse("admin:orders_order_change", args=[order.pk])).context["tools"]}


def test_it_is_shown_to_staff_and_stays_as_it_is(unknown):
    Order.objects.update(expires_at=unknown.order.placed_at)
    with pytest.raises(GatewayRefused):
        settle(unknown, by="test")
    assert expire_orders() == 0
    unknown.refresh_from_db()
    assert (unknown.status, unknown.order.status) == (Payment.Status.PROCESSING, Status.CONFIRMING)
    assert Difference.objects.get().reference == OLD


def test_it_is_asked_for_again_only_now_and_then(unknown, shopper):
    Payment.objects.update(created_at=unknown.order.placed_at.replace(year=2020))
    for _again in range(3):
        reconcile()
    asked = [one for one in shopper.sandbox.requests() if one["path"].endswith(f"/{OLD}")]
    assert len(asked) == 1


def test_it_can_be_ended_by_staff_who_were_told(unknown, grace, variant):
    assert "end" not in tools(grace, unknown.order)
    assert "Stripe refused" in do(grace, unknown.order, "cancel")
    assert "end" in tools(grace, unknown.order)
    assert "Ended" in do(grace, unknown.order, "end")
    unknown.refresh_from_db()
    variant.refresh_from_db()
    order = Order.objects.get()
    assert (unknown.status, order.status, variant.stock_reserved) == (Payment.Status.FAILED, Status.CANCELLED, 0)
    assert order.events.last().by == "grace@shop.test"
    assert Difference.objects.get().resolved_at is None
    assert "had ended already" in do(grace, unknown.order, "end")


def test_it_is_not_ended_while_stripe_knows_it(on_its_way, grace):
    assert "wait until it is decided" in do(grace, on_its_way.order, "end")
    assert Order.objects.get().status == Status.CONFIRMING


def test_it_is_not_ended_while_stripe_cannot_be_asked(unknown, grace, shopper):
    shopper.sandbox.fault(**shopper.asking, action="status", status=500)
    assert "does not answer" in do(grace, unknown.order, "end")
    assert Order.objects.get().status == Status.CONFIRMING
