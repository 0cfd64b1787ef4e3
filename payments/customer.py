"""What Stripe's page asked the buyer, as an order keeps it."""

from __future__ import annotations

from typing import Any

LONGEST_EMAIL, LONGEST_NAME = 254, 200  # as orders.models.Order has them


def collected(session: dict[str, Any]) -> dict[str, Any]:
    """`email`, `recipient` and `address` of a Checkout Session; what was not asked for is empty.

    What the columns cannot hold is dropped, never refused: the money is here, and no text may stop its order.
    """
    details = session.get("customer_details") or {}
    shipping = (session.get("collected_information") or {}).get("shipping_details") or {}
    return _kept(details.get("email"), shipping.get("name") or details.get("name"), shipping)


def buyer_of(intent: dict[str, Any]) -> dict[str, Any]:
    """The same of a PaymentIntent, as the shop sent it."""
    shipping = intent.get("shipping") or {}
    return _kept(intent.get("receipt_email"), shipping.get("name"), shipping)


def _kept(email: str | None, name: str | None, shipping: dict[str, Any]) -> dict[str, Any]:
    address = {part: _storable(value) for part, value in (shipping.get("address") or {}).items()}
    email = _storable(email)
    return {
        "email": email if len(email) <= LONGEST_EMAIL and email.isprintable() else "",  # no line of it forges one
        "recipient": _storable(name)[:LONGEST_NAME],
        "address": {part: value for part, value in address.items() if value},
    }


def _storable(text: str | None) -> str:
    """Without NUL, which PostgreSQL refuses, and without halves of characters, which are no Unicode text."""
    return (text or "").replace("\0", "").encode(errors="ignore").decode()
