"""Disputes: events in any order, money that is lost once and never refunded beside it, and staff who see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from threading import Barrier

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from orders.models import Order
from orders.status import Status
from payments import disputes, handlers
from payments.audit import audit
from payments.disputes import learn, left_to_refund
from payments.models import Difference, Dispute, Payment, WebhookEvent
from payments.refund import RefundRefused, refund
from payments.settle import settle
from payments.stripe_disputes import StripeDispute, to_dispute
from tests import factories
from tests.payments.shopping import deliver

DUE = datetime(2026, 12, 24, 12, tzinfo=UTC)


class Bank:
    """What Stripe has of one dispute now, in place of the call that asks for it."""

    def __init__(self, payment_intent_id: str) -> None:
        self.now = StripeDispute(
            id="dp_1", status="needs_response", reason="fraudulent", amount_minor=2400, currency="EUR",
            payment_intent_id=payment_intent_id, charge_id="ch_1", evidence_due_at=DUE, withdrawn_minor=2400,
            reinstated_minor=0, is_refundable=False,
        )  # fmt: skip

    def ask(self, _dispute_id: str) -> StripeDispute:
        return self.now

    def says(self, **changes: object) -> None:
        self.now = replace(self.now, **changes)


@pytest.fixture
def unheard(shopper) -> Payment:
    """Paid at Stripe; the shop has not heard of it."""
    return shopper.buy(factories.variant(requires_shipping=False, on_hand=5, price_minor=1200), 2)


@pytest.fixture
def bank(unheard, shopper, monkeypatch) -> Bank:
    bank = Bank(shopper.intent_of(unheard))
    monkeypatch.setattr(disputes, "retrieve_dispute", bank.ask)
    monkeypatch.setattr(handlers, "retrieve_dispute", bank.ask)
    return bank


@pytest.fixture
def paid(unheard) -> Payment:
    return settle(unheard, by="test")


def event(bank: Bank, kind: str, number: int = 1) -> dict[str, object]:
    target = {"id": "dp_1", "object": "dispute", "payment_intent": bank.now.payment_intent_id, "charge": "ch_1"}
    return {"id": f"evt_{kind}_{number}", "object": "event", "type": f"charge.dispute.{kind}", "livemode": False,
            "created": 1_790_000_000, "data": {"object": target}}  # fmt: skip


def heard(bank: Bank, kind: str = "updated", number: int = 1) -> str:
    made = event(bank, kind, number)
    assert deliver(made).status_code == 200
    return WebhookEvent.objects.get(stripe_id=made["id"]).outcome


def give_back(order: Order, amount_minor: int = 2400):
    return refund(order, amount_minor=amount_minor, reason="Asked by phone", by="grace@shop.test")


def violations() -> set[str]:
    return {name for name, result in audit().items() if result["violations"]}


@pytest.mark.case("F14")
@pytest.mark.parametrize("order", list(permutations(["created", "funds_withdrawn", "updated"])), ids="-".join)
def test_it_is_one_dispute_by_events_in_any_order_before_the_payment_too(unheard, bank, order):
    for kind in (*order, order[0]):
        assert heard(bank, kind) == "dispute needs_response"
    row = Dispute.objects.get()
    unheard.refresh_from_db()
    assert (unheard.status, row.payment, row.withdrawn_minor) == (Payment.Status.SUCCEEDED, unheard, 2400)
    assert unheard.order.events.filter(what__startswith="Dispute").count() == 1
    told = Difference.objects.get()
    assert (told.kind, told.order, told.resolved_at) == ("dispute", unheard.order, None)
    assert "fraudulent" in told.detail
    assert violations() == {"differences_are_resolved"}


@pytest.mark.case("F70")
def test_it_refuses_a_refund_while_the_dispute_is_open(shopper, paid, bank):
    heard(bank, "created")
    with pytest.raises(RefundRefused, match="disputes this payment with their bank"):
        give_back(paid.order)
    assert shopper.books()[0]["refunded"] == 0
    bank.says(status="won", reinstated_minor=2400)
    heard(bank, "closed")
    give_back(paid.order)
    assert shopper.books()[0]["refunded"] == 2400
    assert violations() == set()


@pytest.mark.case("A24")
def test_what_was_lost_is_not_refunded_again(shopper, paid, bank):
    bank.says(status="lost", amount_minor=2000)
    heard(bank, "closed")
    row = Dispute.objects.get()
    assert (row.lost_minor, left_to_refund(paid.order).minor) == (2000, 400)
    with pytest.raises(RefundRefused, match=r"4\.00 can be refunded"):
        give_back(paid.order, 401)
    give_back(paid.order, 400)
    assert left_to_refund(Order.objects.get()).minor == 0
    assert violations() == set()


def test_it_loses_no_more_than_is_left(paid, bank):
    give_back(paid.order, 1000)
    bank.says(status="lost")
    heard(bank, "closed")
    assert Dispute.objects.get().lost_minor == 1400
    assert violations() == set()


def test_an_appeal_opens_it_again_and_winning_gives_the_money_back(paid, bank):
    for status, lost, is_open in [("lost", 2400, False), ("appeal_under_review", 2400, True), ("won", 0, False)]:
        bank.says(status=status)
        heard(bank, "updated", number=lost + is_open)
        row, told = Dispute.objects.get(), Difference.objects.get()
        assert (row.lost_minor, row.closed_at is None, told.resolved_at is None) == (lost, is_open, is_open)
    assert left_to_refund(paid.order).minor == 2400
    assert [each.what.rpartition(": ")[2] for each in paid.order.events.filter(what__startswith="Dispute")] == [
        "Lost", "Appeal, being looked at", "Won",
    ]  # fmt: skip


def test_an_inquiry_that_stripe_lets_be_refunded_is_refunded(paid, bank):
    bank.says(status="warning_needs_response", is_refundable=True, withdrawn_minor=0)
    heard(bank, "created")
    give_back(paid.order)
    bank.says(status="warning_closed")
    heard(bank, "closed")
    assert Order.objects.get().status == Status.REFUNDED
    assert violations() == set()


def test_it_says_why_stripe_refused_where_the_shop_had_not_heard(shopper, paid):
    refused = {"method": "POST", "path": "^/v1/refunds$", "action": "status", "status": 400, "code": "charge_disputed"}
    shopper.sandbox.fault(**refused)
    with pytest.raises(RefundRefused, match="disputes this payment with their bank"):
        give_back(paid.order)
    assert Order.objects.get().refunded_minor == 0


def test_a_dispute_of_a_payment_that_is_not_here_is_told_to_staff(shopper, unheard, bank):
    Order.objects.all().update(cart_id="gone")
    Payment.objects.all().delete()
    assert "no such payment" in heard(bank, "created")
    told = Difference.objects.get()
    assert (told.kind, told.reference, told.order) == ("dispute_unknown", "dp_1", None)


def test_a_dispute_of_another_shop_on_the_account_is_ignored(shopper, bank, settings):
    Payment.objects.all().delete()
    settings.SITE_URL = "https://another.test"
    assert "ignored" in heard(bank, "created")
    assert not Difference.objects.exists()


def test_of_two_who_read_at_once_the_second_reads_again(paid, bank, race, monkeypatch):
    """One has read "needs_response" and books last; the other read "lost" and books first."""
    assert booked_out_of_order(paid, bank, race, monkeypatch) == "lost"


def test_without_the_version_an_old_state_would_win(paid, bank, race, monkeypatch):
    """The control."""
    real = disputes._book

    def book(payment, seen, *, version, by):
        now = Dispute.objects.filter(stripe_id=seen.id).values_list("version", flat=True).first() or 0
        return real(payment, seen, version=now, by=by)

    monkeypatch.setattr(disputes, "_book", book)
    assert booked_out_of_order(paid, bank, race, monkeypatch) == "needs_response"


def test_whoever_finds_the_same_booked_need_not_read_again(paid, bank, monkeypatch):
    """However many deliveries of one event come at once."""
    learn(paid, "dp_1", by="webhook first")

    def ask(dispute_id: str) -> StripeDispute:
        Dispute.objects.update(version=F("version") + 1)  # others, each time
        return bank.ask(dispute_id)

    monkeypatch.setattr(disputes, "retrieve_dispute", ask)
    assert learn(paid, "dp_1", by="webhook again").status == "needs_response"
    bank.says(status="lost")
    with pytest.raises(disputes.DisputeMoves):
        learn(paid, "dp_1", by="webhook late")


def booked_out_of_order(paid, bank, race, monkeypatch) -> str:
    both_read, newer_booked = Barrier(2), Barrier(2)
    asked: list[str] = []

    def learn_old() -> None:
        old = bank.now

        def ask(_dispute_id: str) -> StripeDispute:
            asked.append("old")
            if len(asked) > 1:
                return bank.now
            both_read.wait(30)
            newer_booked.wait(30)
            return old

        monkeypatch.setattr(disputes, "retrieve_dispute", ask)
        learn(paid, "dp_1", by="webhook old")

    def learn_new() -> None:
        both_read.wait(30)
        bank.says(status="lost")
        monkeypatch.setattr(disputes, "retrieve_dispute", bank.ask)
        learn(paid, "dp_1", by="webhook new")
        monkeypatch.setattr(disputes, "retrieve_dispute", bank.ask)
        newer_booked.wait(30)

    assert race(learn_old, learn_new) == [None, None]
    return Dispute.objects.get().status


def test_the_order_page_and_the_list_show_it(paid, bank, grace_client: Client):
    heard(bank, "created")
    page = grace_client.get(reverse("admin:orders_order_change", args=[paid.order_id])).content.decode()
    for shown in ("dp_1", "Needs an answer", "fraudulent", "the money was withdrawn"):
        assert shown in page
    assert "dp_1" in grace_client.get("/admin/payments/dispute/").content.decode()
    assert grace_client.get(f"/admin/payments/dispute/{Dispute.objects.get().pk}/change/").status_code == 200


def test_it_reads_what_stripe_describes():
    moved = [{"amount": -2400, "fee": 1500}, {"amount": 2400, "fee": 0}]
    said = {"id": "dp_1", "amount": 2400, "currency": "eur", "status": "won", "reason": "general", "charge": "ch_1"}
    said |= {"payment_intent": {"id": "pi_1"}, "balance_transactions": moved, "evidence_details": {"due_by": None}}
    read = to_dispute(said)
    assert (read.payment_intent_id, read.withdrawn_minor, read.reinstated_minor, read.is_closed) == ("pi_1", 2400, 2400, True)


def test_its_events_are_asked_for_when_no_webhook_comes():
    assert {kind for kind in handlers.HANDLERS if kind.startswith("charge.dispute.")} == {
        f"charge.dispute.{kind}" for kind in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
    }
