"""Who buys and where it goes, where the shop asks that itself and not Stripe's page."""

from __future__ import annotations

from collections.abc import Mapping

from orders.models import Order
from orders.status import Status


def keep_buyer(order: Order, *, email: str, recipient: str, address: Mapping[str, str]) -> bool:
    """Write it down while the order waits for its payment. False, and nothing changes, if it does so no more.

    `address` as Stripe names its parts: line1, line2, postal_code, city, state, country.
    """
    buyer = {"email": email, "recipient": recipient, "address": {part: text for part, text in address.items() if text}}
    kept = Order.objects.filter(pk=order.pk, status=Status.PENDING).update(**buyer)
    order.refresh_from_db()
    return bool(kept)
