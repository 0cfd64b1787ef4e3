"""What somebody has ordered, newest first, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.models import User

PAGE_SIZE = 20


@dataclass(frozen=True)
class OrdersPage:
    """One page of orders. `older` is the number to go on with, empty on the last page."""

    orders: list[Any]
    older: str


def orders_of(user: User, *, before: str = "") -> OrdersPage | None:
    """The orders older than the one numbered `before`, or the newest. None if `before` is no order of theirs.

    The next page is found by key, so it costs the same however far back one goes.
    """
    orders = user.orders.for_shopper().prefetch_related("lines")
    if before:
        last = user.orders.filter(number=before).first() if before.isprintable() else None
        if last is None:
            return None
        orders = orders.filter(pk__lt=last.pk)
    found = list(orders[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return OrdersPage(shown, older=shown[-1].number if len(found) > PAGE_SIZE else "")
