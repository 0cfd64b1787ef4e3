"""What Stripe's objects say, as far as the shop reads them: plain values, made from the JSON of an answer or of a webhook."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from payments.customer import buyer_of, collected

LONGEST_ID = 255  # as payments.models has them
NO_EVENT = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError, RecursionError)


@dataclass(frozen=True)
class AddedToLine:
    """What Stripe's page took off one line of the order, and the tax in it or on top, in minor units."""

    sku: str
    discount_minor: int
    tax_minor: int


@dataclass(frozen=True)
class StripePayment:
    """What the shop reads of a Checkout Session, or of the PaymentIntent of an order that is paid without one.

    `amount_minor` in minor units of `currency` (upper case). An intent is told in the words of a session: it is complete
    when the shopper has done their part, and expired when it was cancelled.
    """

    id: str
    url: str
    status: str  # open, complete, expired
    payment_status: str  # paid, unpaid, no_payment_required
    amount_minor: int
    currency: str
    reference: str  # client_reference_id: Payment.reference
    livemode: bool
    payment_intent_id: str
    intent_status: str
    created_at: datetime
    failure: str  # why the last attempt failed, in Stripe's words for the shopper
    customer: dict[str, Any] = field(default_factory=dict)  # email, recipient, address
    shop: str = ""  # SITE_URL of the shop that made it, and perhaps more
    client_secret: str = field(default="", repr=False)  # lets a page pay: not to be stored or logged
    is_intent: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    discount_minor: int = 0  # by a promotion code of Stripe's own
    tax_minor: int = 0  # of goods and shipping, on top or included
    lines: tuple[AddedToLine, ...] = ()  # of a session that is paid and has one of both

    @property
    def is_open(self) -> bool:
        return self.status == "open"

    @property
    def is_paid(self) -> bool:
        return self.status == "complete" and self.payment_status in ("paid", "no_payment_required")

    @property
    def has_failed(self) -> bool:
        """A delayed method that did not deliver: the session stays complete, its intent wants another method."""
        return self.status == "complete" and self.intent_status in ("requires_payment_method", "canceled")

    @property
    def is_expired(self) -> bool:
        return self.status == "expired"


@dataclass(frozen=True)
class StripeRefund:
    """What the shop reads of a Refund. `reference` is Refund.reference if the shop asked for it, else empty."""

    id: str
    status: str  # pending, requires_action, succeeded, failed, canceled
    amount_minor: int
    currency: str
    payment_intent_id: str
    reference: str
    failure: str


@dataclass(frozen=True)
class Event:
    """A webhook event: what happened to which object. The object itself is read from Stripe again, never from here."""

    id: str
    type: str
    livemode: bool
    created_at: datetime
    object_id: str
    reference: str  # client_reference_id, or our metadata on a PaymentIntent
    payment_intent_id: str
    account: str = ""  # of Stripe Connect: whose event it is, if not our own account's
    signed_by: int | None = None  # which of the configured secrets, the first is 1; none: nobody delivered it


def to_session(data: dict[str, Any]) -> StripePayment:
    intent = data.get("payment_intent") or {}
    intent = intent if isinstance(intent, dict) else {"id": intent}
    return StripePayment(
        id=data["id"],
        url=data.get("url") or "",
        status=data.get("status") or "",
        payment_status=data["payment_status"],
        amount_minor=data.get("amount_total") or 0,
        currency=(data.get("currency") or "").upper(),
        reference=data.get("client_reference_id") or "",
        livemode=data["livemode"],
        payment_intent_id=intent.get("id", ""),
        intent_status=intent.get("status", ""),
        created_at=datetime.fromtimestamp(data["created"], UTC),
        failure=(intent.get("last_payment_error") or {}).get("message") or "",
        customer=collected(data),
        shop=data.get("success_url") or data.get("return_url") or "",
        client_secret=data.get("client_secret") or "",
        metadata=data.get("metadata") or {},
        discount_minor=(data.get("total_details") or {}).get("amount_discount") or 0,
        tax_minor=(data.get("total_details") or {}).get("amount_tax") or 0,
    )


def to_added(line: dict[str, Any]) -> AddedToLine:
    """Of a line item of a session."""
    sku = (line.get("metadata") or {}).get("sku", "")
    return AddedToLine(sku, line.get("amount_discount") or 0, line.get("amount_tax") or 0)


INTENT_STATES = {  # (status, payment_status) of a session that stands where the intent does
    "succeeded": ("complete", "paid"),
    "processing": ("complete", "unpaid"),
    "canceled": ("expired", "unpaid"),
}


def to_intent(data: dict[str, Any]) -> StripePayment:
    """`customer` is what the shop's own form asked and sent with it."""
    status, payment_status = INTENT_STATES.get(data["status"], ("open", "unpaid"))
    metadata = data.get("metadata") or {}
    return StripePayment(
        id=data["id"],
        url="",
        status=status,
        payment_status=payment_status,
        amount_minor=data["amount_received"] if data["status"] == "succeeded" else data["amount"],
        currency=data["currency"].upper(),
        reference=metadata.get("payment_reference", ""),
        livemode=data["livemode"],
        payment_intent_id=data["id"],
        intent_status=data["status"],
        created_at=datetime.fromtimestamp(data["created"], UTC),
        failure=(data.get("last_payment_error") or {}).get("message") or "",
        customer=buyer_of(data),
        shop=metadata.get("shop", ""),
        client_secret=data.get("client_secret") or "",
        is_intent=True,
        metadata=metadata,
    )


def to_refund(data: dict[str, Any]) -> StripeRefund:
    return StripeRefund(
        id=data["id"],
        status=data.get("status") or "pending",
        amount_minor=data["amount"],
        currency=data["currency"].upper(),
        payment_intent_id=_id(data.get("payment_intent")),
        reference=(data.get("metadata") or {}).get("refund_reference", ""),
        failure=data.get("failure_reason") or "",
    )


def to_event(data: dict[str, Any]) -> Event:
    """Raises one of NO_EVENT for what is none."""
    if not (_is_word(data["id"]) and _is_word(data["type"])):
        raise ValueError("An event has an id and a type")
    target = data["data"]["object"]
    metadata = target.get("metadata") or {}
    is_intent = target.get("object") == "payment_intent"
    return Event(
        id=data["id"],
        type=data["type"],
        livemode=bool(data["livemode"]),
        created_at=datetime.fromtimestamp(data["created"], UTC),
        object_id=_word(target.get("id")),
        reference=_word(target.get("client_reference_id") or metadata.get("payment_reference")),
        payment_intent_id=_word(target["id"]) if is_intent else _word(_id(target.get("payment_intent"))),
        account=_word(data.get("account")),
    )


def _is_word(value: Any) -> bool:
    """Fit to be an id: every database stores it, none refuses it."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID and value.isprintable()


def _word(value: Any) -> str:
    """An id, or nothing where there is none or none of ours: other shops on the account name things as they like."""
    return value if _is_word(value) else ""


def _id(value: Any) -> str:
    """The id of something that may be null, an id or an expanded object."""
    return str(value.get("id", "") if isinstance(value, dict) else value or "")
