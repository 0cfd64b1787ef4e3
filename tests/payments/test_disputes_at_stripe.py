"""Disputes as the stand-in makes them: its own events, its own objects, its own refusals."""

from __future__ import annotations

from itertools import permutations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from orders.models import Order
from orders.status import Status
from payments.audit import audit
from payments.desk_repairs import repair
from payments.desk_sweep import sweep
from payments.disputes import left_to_refund
from payments.models import Difference, Dispute, Payment, Refund
from payments.order_tools import NotDone
from payments.reconcile import reconcile
from payments.refund import RefundRefused, refund
from payments.settle import settle
from tests import factories
from tests.payments.shopping import deliver, events_of


@pytest.fixture
def paid(shopper) -> Payment:
    return settle(shopper.buy(factories.variant(requires_shipping=False, on_hand=5, price_minor=1200), 2), by="test")


def news(shopper) -> list[dict]:
    return [event for event in events_of(shopper.sandbox) if event["type"].startswith("charge.dispute.")]


def hear(shopper, *types: str) -> None:
    for event in events_of(shopper.sandbox, *types):
        assert deliver(event).status_code == 200


def violations() -> set[str]:
    return {name for name, result in audit().items() if result["violations"]}


@pytest.mark.case("F14", "F70")
@pytest.mark.parametrize(("status", "lost"), [("won", 0), ("lost", 2400)])
def test_it_ends_as_stripe_says_whatever_the_order_of_its_events(shopper, paid, status, lost):
    dispute = shopper.sandbox.dispute(paid.payment_intent_id)["id"]
    shopper.sandbox.answer_dispute(dispute, "It was delivered")
    shopper.sandbox.close_dispute(dispute, status=status)
    events = news(shopper)
    assert {event["type"] for event in events} >= {"charge.dispute.created", "charge.dispute.closed"}
    for order in list(permutations(events))[::7][:4]:
        for event in order:
            assert deliver(event).status_code == 200
    row = Dispute.objects.get()
    assert (row.status, row.lost_minor, row.amount_minor, row.closed_at is None) == (status, lost, 2400, False)
    assert Difference.objects.get().resolved_at is not None
    assert violations() == set()


def test_it_is_found_without_any_webhook_and_followed_by_the_desk(shopper, paid):
    dispute = shopper.sandbox.dispute(paid.payment_intent_id)["id"]
    reconcile()
    row = Dispute.objects.get()
    assert (row.stripe_id, row.withdrawn_minor >= 2400, row.evidence_due_at is None) == (dispute, True, False)
    shopper.sandbox.close_dispute(dispute, status="lost")
    told = Difference.objects.get()
    assert "They agree now" in repair(told, "ask", by="grace@shop.test")
    assert Dispute.objects.get().lost_minor == 2400


def test_the_timeline_says_once_when_money_was_withdrawn_and_given_back(shopper, paid):
    dispute = shopper.sandbox.dispute(paid.payment_intent_id)["id"]
    hear(shopper)
    shopper.sandbox.move_dispute_funds(dispute, moved="reinstated")
    for _twice in range(2):
        hear(shopper, "charge.dispute.funds_reinstated", "charge.dispute.funds_withdrawn")
    told = paid.order.events.filter(what__contains=dispute, what__startswith="Money").order_by("id")
    assert [each.what.partition(" was ")[2] for each in told] == ["withdrawn", "given back to the shop"]


def test_stripe_refuses_a_refund_of_which_the_shop_has_not_heard(shopper, paid):
    shopper.sandbox.dispute(paid.payment_intent_id)
    with pytest.raises(RefundRefused, match="disputes this payment with their bank"):
        refund(paid.order, amount_minor=2400, reason="Asked by phone", by="grace@shop.test")
    assert Order.objects.get().refunded_minor == 0


def test_it_says_what_stripe_said_once_a_part_was_lost_and_leaves_nothing_open(shopper, paid):
    dispute = shopper.sandbox.dispute(paid.payment_intent_id, amount=1000)["id"]
    with pytest.raises(RefundRefused, match="disputes this payment"):  # the shop has not heard
        refund(paid.order, amount_minor=500, reason="Torn", by="grace@shop.test")
    shopper.sandbox.close_dispute(dispute, status="lost")
    hear(shopper)
    first = Difference.objects.get(kind="refund_failed")
    with pytest.raises(NotDone, match="has been charged back"):
        repair(first, "refund_again", by="grace@shop.test")
    again = Difference.objects.filter(kind="refund_failed").latest("id")
    assert (again.resolved_by, again.resolved_at is None, "charged back" in again.note) == ("grace@shop.test", False, True)
    sweep()
    assert not Difference.objects.filter(resolved_at=None).exists()
    assert (left_to_refund(Order.objects.get()).minor, violations()) == (1400, set())


def test_an_inquiry_may_be_refunded(shopper, paid):
    shopper.sandbox.dispute(paid.payment_intent_id, inquiry=True)
    reconcile()
    assert Dispute.objects.get().is_inquiry
    refund(paid.order, amount_minor=2400, reason="Asked by phone", by="grace@shop.test")
    assert Order.objects.get().refunded_minor == 2400


def test_a_refund_that_fails_after_the_dispute_was_lost_leaves_nothing_to_refund(shopper):
    """The bank took what was on its way back: the refund is heard to have failed when the dispute is long closed."""
    payment = shopper.put(factories.variant(requires_shipping=False, price_minor=2400)).checkout()
    shopper.pay(payment, card="4000000000007726")
    payment = settle(payment, by="test")
    (back,) = refund(payment.order, amount_minor=1000, reason="Torn", by="grace@shop.test")
    assert back.status == Refund.Status.PENDING
    dispute = shopper.sandbox.dispute(payment.payment_intent_id)["id"]
    shopper.sandbox.close_dispute(dispute, status="lost")
    hear(shopper, "charge.dispute.created", "charge.dispute.closed")
    hear(shopper, "refund.failed")
    sweep()
    assert (Dispute.objects.get().lost_minor, left_to_refund(Order.objects.get()).minor) == (2400, 0)
    assert Difference.objects.get(kind="refund_failed").note == "Its money was lost in a dispute"
    assert violations() == set()


@pytest.fixture
def parcel(shopper) -> Payment:
    factories.shipping_rate()
    return settle(shopper.buy(factories.variant(on_hand=5)), by="test")


def press_ship(client: Client, order: Order) -> str:
    answer = client.post(reverse("admin:orders_order_do", args=[order.pk, "ship"]), {"tracking_number": "JD01"}, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


@pytest.mark.case("F70")
def test_a_parcel_waits_until_the_dispute_is_won(shopper, parcel, grace_client):
    page = reverse("admin:orders_order_change", args=[parcel.order_id])
    dispute = shopper.sandbox.dispute(parcel.payment_intent_id)["id"]
    hear(shopper)
    why = "can be shipped once the dispute is won or closed"
    assert why in grace_client.get(page).content.decode()
    assert why in grace_client.get(f"{page[: -len('change/')]}do/ship/", follow=True).content.decode()
    assert why in press_ship(grace_client, parcel.order)
    assert Order.objects.get().status == Status.PAID
    shopper.sandbox.close_dispute(dispute, status="won")
    hear(shopper)
    assert why not in grace_client.get(page).content.decode()
    assert "Marked as shipped" in press_ship(grace_client, parcel.order)


def test_a_parcel_whose_money_was_lost_needs_attention_and_stays(shopper, parcel, grace_client):
    dispute = shopper.sandbox.dispute(parcel.payment_intent_id)["id"]
    shopper.sandbox.close_dispute(dispute, status="lost")
    hear(shopper)
    other = factories.order(status=Status.PAID)
    for query, orders in ({"attention": "yes"}, [parcel.order]), ({}, [other, parcel.order]):
        listed = list(grace_client.get("/admin/orders/order/", query).context["cl"].result_list)
        assert (listed, [each.attention for each in listed][-1]) == (orders, True)
    assert "was lost in a dispute" in press_ship(grace_client, parcel.order)
    assert Order.objects.get(pk=parcel.order_id).status == Status.PAID


def test_a_parcel_is_shipped_beside_an_inquiry_or_when_a_part_was_lost(shopper, parcel, grace_client):
    shopper.sandbox.dispute(parcel.payment_intent_id, inquiry=True)
    hear(shopper)
    Dispute.objects.create(payment=parcel, stripe_id="du_2", amount_minor=100, lost_minor=100, status="lost", closed_at=now())
    assert list(grace_client.get("/admin/orders/order/", {"attention": "yes"}).context["cl"].result_list) == [parcel.order]
    Difference.objects.update(resolved_at=now())
    assert not grace_client.get("/admin/orders/order/", {"attention": "yes"}).context["cl"].result_list
    assert "Marked as shipped" in press_ship(grace_client, parcel.order)
