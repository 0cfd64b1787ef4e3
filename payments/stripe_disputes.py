"""What Stripe says of disputes: buyers who ask their bank for the money back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from payments.stripe_client import ask, client, every

CLOSED = frozenset({"won", "lost", "warning_closed", "prevented"})


@dataclass(frozen=True)
class StripeDispute:
    """What the shop reads of a Dispute. Amounts in minor units: `amount_minor` of `currency`, the funds of the account's own.

    `status` is Stripe's word; an inquiry (warning_…) is a question of the bank, and no money is gone.
    """

    id: str
    status: str
    reason: str
    amount_minor: int
    currency: str
    payment_intent_id: str
    charge_id: str
    evidence_due_at: datetime | None
    withdrawn_minor: int
    reinstated_minor: int
    is_refundable: bool

    @property
    def is_closed(self) -> bool:
        return self.status in CLOSED


def retrieve_dispute(dispute_id: str) -> StripeDispute:
    return to_dispute(ask(lambda: client().v1.disputes.retrieve(dispute_id)).to_dict())


def list_disputes(payment_intent_id: str) -> list[StripeDispute]:
    """All disputes of one payment, the latest first."""
    params: Any = {"payment_intent": payment_intent_id, "limit": 100}
    return [to_dispute(one.to_dict()) for one in ask(lambda: client().v1.disputes.list(params=params)).data]


def list_disputes_since(since: datetime) -> Iterator[StripeDispute]:
    """Disputes made since then, newest first, of whatever payments of the account."""
    params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
    return (to_dispute(one.to_dict()) for one in every(lambda: client().v1.disputes.list(params=params)))


def to_dispute(data: dict[str, Any]) -> StripeDispute:
    """Written from docs.stripe.com/api/disputes/object (2026-10-28.endive)."""
    moved = [each["amount"] for each in data.get("balance_transactions") or []]
    due = (data.get("evidence_details") or {}).get("due_by")
    return StripeDispute(
        id=data["id"],
        status=data["status"],
        reason=data.get("reason") or "",
        amount_minor=data["amount"],
        currency=data["currency"].upper(),
        payment_intent_id=_id(data.get("payment_intent")),
        charge_id=_id(data.get("charge")),
        evidence_due_at=datetime.fromtimestamp(due, UTC) if due else None,
        withdrawn_minor=-sum(amount for amount in moved if amount < 0),
        reinstated_minor=sum(amount for amount in moved if amount > 0),
        is_refundable=bool(data.get("is_charge_refundable")),
    )


def _id(value: Any) -> str:
    """The id of something that may be null, an id or an expanded object."""
    return str(value.get("id", "") if isinstance(value, dict) else value or "")
