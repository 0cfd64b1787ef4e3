"""Buyers who ask their bank for the money back, and how it ends (docs.stripe.com/disputes)."""

import copy
from typing import Any

from ..emit import emit
from ..errors import ApiError, missing, unexpected_state
from ..money import check_steps
from ..objects import payment
from ..objects.dispute import dispute as new_dispute
from ..objects.dispute import network_code
from ..runtime import Sandbox
from ..store import Item
from . import refund_ends

REASONS = (
    "bank_cannot_process", "check_returned", "credit_not_processed", "customer_initiated", "debit_not_authorized",
    "duplicate", "fraudulent", "general", "incorrect_account_details", "insufficient_funds", "noncompliant",
    "product_not_received", "product_unacceptable", "subscription_canceled", "unrecognized",
)  # fmt: skip
CLOSED = ("won", "lost", "warning_closed", "prevented")
WATCHED = ("evidence", "evidence_details", "intended_submission_method", "metadata", "status")
FEE = 1500  # of each dispute that is not an inquiry, in minor units
# What a test writes as `uncategorized_text` to end a dispute (docs.stripe.com/testing#disputes).
ENDINGS = {"winning_evidence": "won", "losing_evidence": "lost"}
ESCALATES = "escalate_inquiry_evidence"


def load(box: Sandbox, dispute_id: str) -> Item:
    """The dispute. Raises ApiError (404)."""
    found = box.store.find("dispute", dispute_id)
    if not found:
        raise missing("dispute", dispute_id, param="dispute")
    return found


def load_open(box: Sandbox, dispute_id: str) -> Item:
    """The dispute, if it has not ended. Raises ApiError."""
    found = load(box, dispute_id)
    if found.body["status"] in CLOSED:
        raise unexpected_state(f"This dispute is closed: its status is {found.body['status']}.")
    return found


def of_charge(box: Sandbox, charge_id: str) -> Item | None:
    """The latest dispute of a charge."""
    return next(iter(box.store.select("kind = 'dispute' AND charge = ?", (charge_id,), limit=1)), None)


def create(
    box: Sandbox, charge: Item, *, amount: int | None = None, reason: str = "fraudulent", inquiry: bool = False
) -> dict[str, Any]:
    """A new dispute about a charge, all of it or an amount. Raises ApiError."""
    body = charge.body
    if body["status"] != "succeeded":
        raise unexpected_state(f"Charge {charge.id} is not successful and cannot be disputed.")
    if reason not in REASONS:
        raise ApiError(f"Invalid reason: must be one of {', '.join(REASONS)}", param="reason")
    amount = body["amount"] if amount is None else amount
    if not 1 <= amount <= body["amount"]:
        raise ApiError(f"The amount must be from 1 to {body['amount']}.", param="amount")
    check_steps(amount, body["currency"], "amount")
    with box.store.transaction():
        old = of_charge(box, charge.id)
        if old and old.body["status"] not in CLOSED:
            raise unexpected_state(f"Charge {charge.id} is disputed already.", code="charge_disputed")
        found = box.store.add(new_dispute(body, amount=amount, reason=reason, inquiry=inquiry))
        body["disputed"] = True
        box.store.save(charge)
        emit(box, "charge.dispute.created", found.body)
        if not inquiry:
            withdraw(box, found)
        return found.body


def from_card(box: Sandbox, charge_id: str) -> None:
    """The dispute that the test card of a charge brings with it."""
    charge = box.store.find("charge", charge_id)
    kind = charge.extra.get("dispute") if charge else None
    if charge and kind:
        create(box, charge, reason="fraudulent" if kind == "inquiry" else kind, inquiry=kind == "inquiry")


def move(box: Sandbox, found: Item, *, amount: int, fee: int, category: str) -> None:
    """Write the dispute's money on the balance."""
    booking = payment.balance_transaction(found.body, amount=amount, fee=fee, kind="adjustment")
    booking |= {"reporting_category": category, "description": f"Dispute of {found.body['charge']}"}
    booking["fee_details"] = [detail | {"description": "Dispute fee"} for detail in booking["fee_details"]]
    box.store.add(booking)
    found.body["balance_transactions"].append(booking)
    box.store.save(found)


def balance(found: dict[str, Any]) -> int:
    """What the dispute holds of the shop's money now, in minor units."""
    return -sum(booking["amount"] for booking in found["balance_transactions"])


def withdraw(box: Sandbox, found: Item) -> None:
    """Take the money off the balance, and the fee. Raises ApiError when it is gone already."""
    with box.store.transaction():
        if balance(found.body):
            raise unexpected_state("The funds of this dispute are withdrawn already.")
        refund_ends.fail_pending(box, found.body["charge"])
        move(box, found, amount=-found.body["amount"], fee=FEE, category="dispute")
        emit(box, "charge.dispute.funds_withdrawn", found.body)


def reinstate(box: Sandbox, found: Item) -> None:
    """Give the money back to the shop. Raises ApiError when none is withdrawn."""
    with box.store.transaction():
        held = balance(found.body)
        if not held:
            raise unexpected_state("No funds of this dispute are withdrawn.")
        move(box, found, amount=held, fee=0, category="dispute_reversal")
        emit(box, "charge.dispute.funds_reinstated", found.body)


def answer(box: Sandbox, found: Item, evidence: dict[str, Any], *, submit: bool) -> None:
    """Keep the shop's evidence, and send it to the bank with `submit`. Changes the item and saves it."""
    details = found.body["evidence_details"]
    found.body["evidence"] |= {key: value or None for key, value in evidence.items()}
    details["has_evidence"] = any(value for value in found.body["evidence"].values())
    if submit and details["has_evidence"]:
        details |= {"submission_count": details["submission_count"] + 1, "submission_method": "manual"}
        found.body["status"] = found.body["status"].replace("needs_response", "under_review")
    box.store.save(found)


def submit(box: Sandbox, found: Item, evidence: dict[str, Any]) -> None:
    """Send evidence to the bank."""
    with box.store.transaction():
        before = copy.deepcopy({key: found.body[key] for key in WATCHED})
        answer(box, found, evidence, submit=True)
        tell_update(box, found, before)


def tell_update(box: Sandbox, found: Item, before: dict[str, Any]) -> None:
    """Send the event about what has changed, and let the bank read new evidence."""
    previous = {key: value for key, value in before.items() if found.body[key] != value}
    if previous:
        emit(box, "charge.dispute.updated", found.body, previous)
    if "evidence" in previous or "evidence_details" in previous:
        after_answer(box, found)


def after_answer(box: Sandbox, found: Item) -> None:
    """What the bank makes at once of evidence with a magic word."""
    word = found.body["evidence"]["uncategorized_text"]
    if not found.body["evidence_details"]["submission_count"]:
        return
    if word == ESCALATES:
        escalate(box, found)
    elif word in ENDINGS:
        warned = found.body["status"].startswith("warning_")
        close(box, found, "warning_closed" if warned else ENDINGS[word])


def escalate(box: Sandbox, found: Item) -> None:
    """An inquiry becomes a dispute that takes money. Raises ApiError for any other."""
    if not found.body["status"].startswith("warning_") or found.body["status"] == "warning_closed":
        raise unexpected_state("Only an open inquiry can be escalated.")
    with box.store.transaction():
        before = {"status": found.body["status"], "is_charge_refundable": True}
        found.body |= {"status": "needs_response", "is_charge_refundable": False}
        code = network_code(found.body["reason"], inquiry=False)
        found.body["network_reason_code"] = code
        if "payment_method_details" in found.body:
            found.body["payment_method_details"]["card"] |= {"case_type": "chargeback", "network_reason_code": code}
        box.store.save(found)
        emit(box, "charge.dispute.updated", found.body, before)
        withdraw(box, found)


def close(box: Sandbox, found: Item, status: str) -> dict[str, Any]:
    """The end: won, lost or, of an inquiry, warning_closed. Raises ApiError when that cannot be."""
    inquiry = found.body["status"].startswith("warning_")
    if found.body["status"] in CLOSED or (status == "warning_closed") != inquiry:
        raise unexpected_state(f"A dispute that is {found.body['status']} cannot be closed as {status}.")
    with box.store.transaction():
        found.body |= {"status": status, "is_charge_refundable": status != "lost"}
        box.store.save(found)
        if status == "won" and balance(found.body):
            reinstate(box, found)
        emit(box, "charge.dispute.closed", found.body)
        return found.body


def check_refundable(box: Sandbox, charge: Item) -> None:
    """Refuse a refund of what the bank has taken back or may take. Raises ApiError."""
    found = of_charge(box, charge.id)
    if found and not found.body["is_charge_refundable"]:
        message = f"Charge {charge.id} has been charged back; cannot issue a refund."
        raise unexpected_state(message, code="charge_disputed")


def after_refund(box: Sandbox, charge: Item) -> None:
    """A refund in full ends an inquiry."""
    found = of_charge(box, charge.id)
    if found and charge.body["refunded"] and found.body["status"] in ("warning_needs_response", "warning_under_review"):
        close(box, found, "warning_closed")
