"""Buyers who ask their bank for the money back."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox_process import ControlError
from tests.stripe_sandbox.browser import Browser

FRAUD, NOT_RECEIVED, INQUIRY = "4000000000000259", "4000000000002685", "4000000000001976"
FEE = 1500


@pytest.fixture
def paid(new_session, box) -> str:
    """The intent of a payment of 25.00."""
    return box.pay(new_session().id)["payment_intent"]


def types(box, dispute_id: str) -> list[str]:
    """What was told of the dispute, oldest first."""
    return [event["type"].removeprefix("charge.dispute.") for event in box.events(about=dispute_id)]


@pytest.mark.parametrize(
    ("card", "reason", "status", "taken"),
    [
        (FRAUD, "fraudulent", "needs_response", 2500),
        (NOT_RECEIVED, "product_not_received", "needs_response", 2500),
        (INQUIRY, "fraudulent", "warning_needs_response", 0),
    ],
)
def test_it_brings_the_dispute_of_a_test_card(client, new_session, box, endpoint, card, reason, status, taken):
    intent = box.pay(new_session().id, card=card)["payment_intent"]
    expand = ["data.charge", "data.payment_intent"]
    (found,) = client.v1.disputes.list(params={"payment_intent": intent, "expand": expand})
    assert (found.reason, found.status, found.amount, found.charge.disputed) == (reason, status, 2500, True)
    assert found.payment_intent.status == "succeeded"
    assert box.books()["disputed"] == taken
    assert endpoint.wait("charge.dispute.created")["data"]["object"]["id"] == found.id
    assert types(box, found.id) == (["created", "funds_withdrawn"] if taken else ["created"])
    bare = client.v1.payment_intents.create(params={"amount": 700, "currency": "eur"})
    box.pay_intent(bare.id, card=card)
    assert len(client.v1.disputes.list(params={"payment_intent": bare.id})) == 1


def test_it_refuses_to_refund_what_the_bank_took(client, paid, box):
    box.dispute(paid, amount=1000, reason="duplicate")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create(params={"payment_intent": paid})
    assert caught.value.code == "charge_disputed"
    with pytest.raises(ControlError, match="disputed already"):
        box.dispute(paid)
    assert (box.books()["refunded"], box.books()["disputed"]) == (0, 1000)


def test_it_gives_the_money_back_when_the_shop_wins(client, paid, box):
    dispute = box.dispute(paid)
    closed = box.close_dispute(dispute["id"], status="won")
    assert (closed["status"], closed["is_charge_refundable"], len(closed["balance_transactions"])) == ("won", True, 2)
    assert types(box, dispute["id"]) == ["created", "funds_withdrawn", "funds_reinstated", "closed"]
    kinds = {
        entry.reporting_category: entry.net for entry in client.v1.balance_transactions.list(params={"type": "adjustment"})
    }
    assert kinds == {"dispute": -2500 - FEE, "dispute_reversal": 2500}
    client.v1.refunds.create(params={"payment_intent": paid})
    with pytest.raises(ControlError, match="won"):
        box.close_dispute(dispute["id"], status="lost")


def test_it_keeps_the_money_when_the_shop_loses_or_gives_in(client, paid, new_session, box):
    lost = box.close_dispute(box.dispute(paid)["id"], status="lost")
    given_in = client.v1.disputes.close(box.dispute(box.pay(new_session().id)["payment_intent"])["id"])
    assert (lost["status"], given_in.status) == ("lost", "lost")
    assert box.books()["disputed"] == 5000
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        client.v1.refunds.create(params={"payment_intent": paid})


def test_it_takes_evidence(client, paid, box, endpoint):
    dispute = box.dispute(paid)
    evidence = {"shipping_carrier": "Post", "uncategorized_text": "It arrived."}
    staged = client.v1.disputes.update(
        dispute["id"], params={"evidence": evidence, "submit": False, "metadata": {"order": "7"}}
    )
    assert (staged.status, staged.evidence_details.has_evidence) == ("needs_response", True)
    sent = client.v1.disputes.update(dispute["id"], params={"submit": True})
    assert (sent.status, sent.evidence_details.submission_count, sent.evidence.shipping_carrier) == ("under_review", 1, "Post")
    assert endpoint.wait("charge.dispute.updated")["data"]["previous_attributes"]["metadata"] == {}
    won = client.v1.disputes.update(dispute["id"], params={"evidence": {"uncategorized_text": "winning_evidence"}})
    assert won.status == "won"
    assert client.v1.disputes.update(dispute["id"], params={"metadata": {"order": "8"}}).metadata["order"] == "8"
    with pytest.raises(stripe.InvalidRequestError, match="closed"):
        client.v1.disputes.update(dispute["id"], params={"evidence": evidence})


def test_it_closes_or_escalates_an_inquiry(client, paid, new_session, box):
    inquiry = box.dispute(paid, inquiry=True)
    with pytest.raises(ControlError, match="closed as won"):
        box.close_dispute(inquiry["id"], status="won")
    client.v1.refunds.create(params={"payment_intent": paid})
    assert client.v1.disputes.retrieve(inquiry["id"]).status == "warning_closed"
    other = box.dispute(box.pay(new_session().id)["payment_intent"], inquiry=True)
    escalated = box.escalate_dispute(other["id"])
    assert (escalated["status"], escalated["is_charge_refundable"]) == ("needs_response", False)
    assert types(box, other["id"]) == ["created", "updated", "funds_withdrawn"]
    assert box.answer_dispute(other["id"], "losing_evidence")["status"] == "lost"


def test_it_fails_refunds_that_are_on_their_way(client, new_session, box, endpoint):
    intent = box.pay(new_session().id, card="4000000000007726")["payment_intent"]
    refund = client.v1.refunds.create(params={"payment_intent": intent, "amount": 700})
    inquiry = box.dispute(intent, inquiry=True)
    assert client.v1.refunds.retrieve(refund.id).status == "pending"
    box.escalate_dispute(inquiry["id"])
    failed = endpoint.wait("refund.failed")["data"]["object"]
    assert (failed["id"], failed["failure_reason"]) == (refund.id, "charge_for_pending_refund_disputed")
    assert (box.books()["refunded"], box.books()["disputed"]) == (0, 2500)


def test_it_moves_the_funds_alone(paid, box):
    dispute = box.dispute(paid)
    with pytest.raises(ControlError, match="already"):
        box.move_dispute_funds(dispute["id"], moved="withdrawn")
    assert box.move_dispute_funds(dispute["id"], moved="reinstated")["status"] == "needs_response"
    assert box.books()["disputed"] == 0
    box.move_dispute_funds(dispute["id"], moved="withdrawn")
    (entry,) = box.books()["sessions"]
    assert (entry["disputed"], entry["disputes"][0]["status"]) == (2500, "needs_response")


@pytest.mark.parametrize(
    ("given", "words"),
    [({"amount": 2501}, "2500"), ({"amount": 0}, "1 to"), ({"reason": "whim"}, "reason"), ({"why": "x"}, "why")],
)
def test_it_refuses_disputes_that_make_no_sense(paid, box, given, words):
    with pytest.raises(ControlError, match=words):
        box.dispute(paid, **given)
    assert box.books()["disputed"] == 0


def test_it_disputes_by_hand_in_the_dashboard(paid, box, client):
    visitor = Browser()
    act = f"{box.url}/dashboard/switches"
    visitor.post(f"{act}/dispute/{paid}", {"dispute_amount": "700", "reason": "general", "kind": "inquiry"})
    (found,) = client.v1.disputes.list()
    assert (found.amount, found.reason, found.status) == (700, "general", "warning_needs_response")
    assert "Escalate" in visitor.get(f"{box.url}/dashboard/objects/{found.id}").text
    for path, fields in (
        ("answer-dispute", {"evidence": "It arrived."}),
        ("move-dispute", {"step": "escalate"}),
        ("move-dispute", {"step": "reinstate"}),
        ("move-dispute", {"step": "withdraw"}),
        ("move-dispute", {"step": "won"}),
    ):
        assert visitor.post(f"{act}/{path}/{found.id}", fields).status == 303
    assert client.v1.disputes.retrieve(found.id).status == "won"
    assert visitor.post(f"{act}/move-dispute/{found.id}", {"step": "lost"}).status == 400
    assert visitor.post(f"{act}/answer-dispute/{found.id}", {"evidence": ""}).status == 400
