"""Disputes without a bank"""

from typing import Any

from ..flows import disputes, refunds
from ..runtime import Sandbox
from .answering import BadRequest, control, take

ENDS = ("won", "lost", "warning_closed")


@control("POST")
def create(box: Sandbox, given: dict[str, Any], intent_id: str) -> dict[str, Any]:
    """The buyer disputes a payment: all of it or `amount`, for a `reason`; `inquiry`: the bank only asks."""
    values = take(given, amount=int, reason=str, inquiry=bool)
    return disputes.create(box, refunds.charge_of(box, intent_id), **values)


@control("POST")
def close(box: Sandbox, given: dict[str, Any], dispute_id: str) -> dict[str, Any]:
    """The bank decides: `status` won, lost or (an inquiry) warning_closed."""
    status = take(given, status=str).get("status")
    if status not in ENDS:
        raise BadRequest(f"status: one of {', '.join(ENDS)}")
    return disputes.close(box, disputes.load_open(box, dispute_id), status)


@control("POST")
def escalate(box: Sandbox, given: dict[str, Any], dispute_id: str) -> dict[str, Any]:
    """An inquiry becomes a dispute that takes the money."""
    found = disputes.load_open(box, dispute_id)
    disputes.escalate(box, found)
    return found.body


@control("POST")
def answer(box: Sandbox, given: dict[str, Any], dispute_id: str) -> dict[str, Any]:
    """The shop sends words (`text`) to the bank as its evidence."""
    text = take(given, text=str).get("text", "")
    if not 1 <= len(text) <= 20_000:
        raise BadRequest("text: from 1 to 20000 characters")
    found = disputes.load_open(box, dispute_id)
    disputes.submit(box, found, {"uncategorized_text": text})
    return found.body


@control("POST")
def funds(box: Sandbox, given: dict[str, Any], dispute_id: str) -> dict[str, Any]:
    """The money goes (`withdrawn`) or comes back (`reinstated`), whatever the status."""
    way = take(given, moved=str).get("moved")
    if way not in ("withdrawn", "reinstated"):
        raise BadRequest("moved: withdrawn or reinstated")
    found = disputes.load(box, dispute_id)
    (disputes.withdraw if way == "withdrawn" else disputes.reinstate)(box, found)
    return found.body
