"""What of an order goes to Stripe in metadata, so that an order whose database was lost can be made again from its payment.

Stripe keeps 50 keys of 500 characters (docs.stripe.com/api/metadata, 2026). An order too large for that goes without.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orders.models import Order

KEY, LONGEST, MOST = "snapshot", 500, 20


def snapshot(order: Order) -> dict[str, str]:
    """Metadata with the lines and the shipping of the order; nothing if they do not fit."""
    lines = [[line.sku, line.quantity, line.unit_price_minor, line.discount_minor] for line in order.lines.all()]
    told = {"lines": lines, "way": order.way, "parcel": order.requires_shipping, "by": order.shipping_name}
    told |= {"code": order.discount_code} if order.discount_code else {}
    told |= {"user": order.user_id} if order.user_id else {}
    text = json.dumps(told | {"shipping": order.shipping_minor}, separators=(",", ":"), ensure_ascii=False)
    parts = [text[at : at + LONGEST] for at in range(0, len(text), LONGEST)]
    return {f"{KEY}_{place}": part for place, part in enumerate(parts)} if len(parts) <= MOST else {}


def read_snapshot(metadata: Mapping[str, str]) -> dict[str, Any] | None:
    """The snapshot in the metadata of something at Stripe; None if there is none."""
    text = "".join(metadata.get(f"{KEY}_{place}", "") for place in range(MOST))
    try:
        told = json.loads(text)
        lines = [(str(sku), int(quantity), int(price), int(off)) for sku, quantity, price, off in told["lines"]]
        return {
            "lines": lines,
            "way": str(told["way"]),
            "parcel": bool(told["parcel"]),
            "by": str(told["by"])[:100],
            "code": str(told.get("code", ""))[:40],
            "user": int(told.get("user", 0)),  # the number of the account, 0 for a guest
            "shipping": int(told["shipping"]),
        }
    except (ValueError, TypeError, LookupError):
        return None
