"""Grace gives a part of the money back, and looks after what does not agree with Stripe."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from orders.models import Order
from payments.models import Difference, WebhookEvent


@pytest.fixture
def paid_order(visitor):
    visitor.goes_to_pay()
    visitor.pay()
    visitor.sees_it_is_paid()
    return Order.objects.get()


def test_she_refunds_a_line_and_mends_a_disagreement(staff, paid_order, gallery, live_sandbox):
    line = paid_order.lines.get()
    staff.open_order(paid_order)
    staff.page.get_by_role("link", name="Refund a part", exact=True).click()
    staff.look()
    staff.page.get_by_label(f"Units of {line.title} to refund").fill("1")
    staff.page.get_by_label(f"Put {line.title} back in stock").check()
    staff.page.get_by_label("Reason").fill("Torn")
    staff.press("Continue")
    staff.reads("Give €49.00 back to the shopper?")
    staff.look()
    staff.page.get_by_role("button", name="Refund", exact=True).click()
    staff.is_told("€49.00 is going back to the shopper.")
    assert (live_sandbox.books()["refunded"], gallery.free) == (4900, 10)
    dispute = live_sandbox.dispute(paid_order.payments.get().payment_intent_id, amount=590)["id"]
    assert live_sandbox.wait_delivered()
    staff.open_order(paid_order)
    staff.page.get_by_role("link", name="Refund a part", exact=True).click()
    staff.is_told("The buyer disputes this payment with their bank")
    staff.open_list("Payment desk")
    staff.go(reverse("admin:payments_difference_change", args=[Difference.objects.get().pk]))
    staff.reads("The buyer asked their bank for the money back.")
    staff.look()
    live_sandbox.close_dispute(dispute, status="won")
    assert live_sandbox.wait_delivered()
    staff.press("Ask Stripe again")
    staff.is_told("It was resolved before, by webhook")
    event = WebhookEvent.objects.filter(type__startswith="charge.dispute").first()
    staff.go(reverse("admin:payments_webhookevent_change", args=[event.pk]))
    staff.look()
    staff.press("Dry run")
    staff.is_told("Nothing would change")
    expect(staff.page.get_by_text(event.stripe_id).first).to_be_visible()
