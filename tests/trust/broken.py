"""Guards taken out of the shop, by name: for controls, which show that a test fails when its guard is off.

Each is put in place by tests/trust/served.py in the program that a control starts; the shop has no switch for any of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import F

BROKEN: dict[str, Callable[[], None]] = {}


def guard(function: Callable[[], None]) -> Callable[[], None]:
    BROKEN[function.__name__] = function
    return function


@guard
def claim() -> None:
    """Payments are claimed by looking first (everybody sees that nobody has) and writing later."""
    from payments import settle

    def look_then_write(payment: Any, _session: Any, _target: str, **_changes: Any) -> bool:
        return True

    settle._claim = look_then_write


@guard
def move() -> None:
    """Orders are moved by an UPDATE without a condition, and stock is sold likewise."""
    from catalog import stock
    from catalog.models import Variant
    from orders import transitions
    from orders.models import Order, OrderEvent

    def move_unguarded(
        order: Any, target: Any, *, what: str, by: str, allowed: Any = None, done: Any = (), **changes: Any
    ) -> bool:
        Order.objects.filter(pk=order.pk).update(status=target, **changes)
        OrderEvent.objects.create(order=order, to_status=target, what=what, by=by)
        order.refresh_from_db()
        return True

    def sell_unguarded(variant_id: int, quantity: int, *, reference: str) -> None:
        Variant.objects.filter(pk=variant_id).update(stock_on_hand=F("stock_on_hand") - quantity)

    transitions._move = move_unguarded
    stock.sell = sell_unguarded


@guard
def reserve() -> None:
    """Nothing is set aside: looking at the stock, as the cart does, is all there is."""
    from orders import place

    place.reserve = lambda _variant_id, _quantity: False
