"""How refunds end, and what they do to the charge and the balance."""

from typing import Any

from ..emit import emit
from ..errors import missing, unexpected_state
from ..objects import payment
from ..runtime import Sandbox
from ..store import Item
from ..timers import clear_timer

FINISH = "finish_refund"


def count(box: Sandbox, charge: Item, amount: int) -> None:
    """Add to (or, negative, take from) what is refunded of a charge."""
    charge.body["amount_refunded"] += amount
    charge.body["refunded"] = charge.body["amount_refunded"] == charge.body["amount"]
    box.store.save(charge)


def book(box: Sandbox, refund: Item, *, amount: int, kind: str) -> None:
    """Write the refund, or its failure, on the balance."""
    booking = box.store.add(payment.balance_transaction(refund.body, amount=amount, fee=0, kind=kind))
    refund.body["balance_transaction" if kind == "refund" else "failure_balance_transaction"] = booking.id
    box.store.save(refund)


def finish(box: Sandbox, refund_id: str, *, succeeded: bool, why: str = "expired_or_canceled_card") -> dict[str, Any]:
    """A pending refund succeeds, or a pending or successful one fails: `why`. Raises ApiError otherwise."""
    with box.store.transaction():
        refund = box.store.find("refund", refund_id)
        if not refund:
            raise missing("refund", refund_id, param="refund")
        before = refund.body["status"]
        if before not in (("pending",) if succeeded else ("pending", "succeeded")):
            raise unexpected_state(f"The refund is {before}.")
        clear_timer(box, FINISH, refund_id)
        refund.body["status"] = "succeeded" if succeeded else "failed"
        previous: dict[str, Any] = {"status": before}
        refund.body.pop("pending_reason", None)
        if not succeeded:
            refund.body["failure_reason"] = why
            book(box, refund, amount=refund.body["amount"], kind="refund_failure")
            count(box, box.store.get("charge", refund.body["charge"]), -refund.body["amount"])
            emit(box, "refund.failed", refund.body)
        box.store.save(refund)
        emit(box, "refund.updated", refund.body, previous)
        return refund.body


def finish_when_due(box: Sandbox, refund_id: str) -> None:
    """The timer's version: ends the refund as its card says, if it has not ended otherwise."""
    refund = box.store.find("refund", refund_id)
    wanted = refund.extra.get("later") if refund else None
    if refund and wanted and refund.body["status"] != wanted and refund.body["status"] != "failed":
        finish(box, refund_id, succeeded=wanted == "succeeded")


def fail_pending(box: Sandbox, charge_id: str) -> None:
    """What is still on its way to the buyer stays here, when their bank takes the money instead."""
    for refund in box.store.select("kind = 'refund' AND charge = ? AND status = 'pending'", (charge_id,)):
        finish(box, refund.id, succeeded=False, why="charge_for_pending_refund_disputed")
