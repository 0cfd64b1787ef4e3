"""The truth about money"""

from typing import Any

from ..flows.disputes import balance
from ..runtime import Sandbox
from ..store import Item
from .answering import control

COPIED = (
    "status", "payment_status", "currency", "amount_total", "client_reference_id", "metadata", "payment_intent", "created",
    "expires_at",
)  # fmt: skip


@control("GET")
def books(box: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    """Per session and per payment without one: what was paid, given back and taken back by banks, in minor units."""
    with box.store.transaction():
        sessions = box.store.select("kind = 'checkout.session'", order="seq ASC")
        owned = {item.extra["intent"] for item in sessions if item.extra.get("intent")}
        others = [i for i in box.store.select("kind = 'payment_intent'", order="seq ASC") if i.id not in owned]
        entries = [session_entry(box, item) for item in sessions]
        loose = [money(box, item.id) | {"payment_intent": item.id, "metadata": item.body["metadata"]} for item in others]
    paid = sum(entry["paid"] for entry in entries + loose)
    refunded = sum(entry["refunded"] for entry in entries + loose)
    disputed = sum(entry["disputed"] for entry in entries + loose)
    return {"sessions": entries, "other_payments": loose, "paid": paid, "refunded": refunded, "disputed": disputed}


def session_entry(box: Sandbox, session: Item) -> dict[str, Any]:
    """One session with its money."""
    body = session.body
    details = body["customer_details"] or {}
    entry = {"id": session.id} | {key: body[key] for key in COPIED}
    entry["email"] = details.get("email") or body["customer_email"]
    return entry | money(box, session.extra.get("intent"))


def money(box: Sandbox, intent_id: str | None) -> dict[str, Any]:
    """What an intent took and gave back, and what disputes hold of it now. Failed refunds do not count."""
    nothing: dict[str, Any] = {"paid": 0, "refunded": 0, "refunds": [], "disputed": 0, "disputes": [], "intent_status": None}
    intent = box.store.find("payment_intent", intent_id) if intent_id else None
    if not intent:
        return nothing
    refunds = [item.body for item in box.store.select("kind = 'refund' AND payment_intent = ?", (intent_id,), order="seq")]
    found = [item.body for item in box.store.select("kind = 'dispute' AND payment_intent = ?", (intent_id,), order="seq")]
    return {
        "paid": intent.body["amount_received"],
        "refunded": sum(refund["amount"] for refund in refunds if refund["status"] not in ("failed", "canceled")),
        "refunds": [{key: refund[key] for key in ("id", "amount", "status", "metadata")} for refund in refunds],
        "disputed": sum(balance(dispute) for dispute in found),
        "disputes": [{key: dispute[key] for key in ("id", "amount", "status", "reason")} for dispute in found],
        "intent_status": intent.body["status"],
    }
