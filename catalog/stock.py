"""Taking, holding and giving back units. Every verb is one conditional UPDATE per variant, so it is safe under any race.

Variants are locked in one order, or two callers could deadlock on PostgreSQL. A verb that raises may have changed some of
its variants: its caller's transaction rolls them back. The movements of a call are one INSERT of the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F

from catalog.models import StockMovement, Variant

Kind = StockMovement.Kind
Units = Iterable[tuple[int, int]]  # (variant id, how many > 0), a variant as often as need be


class OutOfStock(Exception):
    """Fewer units are free than asked for. `available` is what was seen to be left (0 if the variant is gone)."""

    def __init__(self, variant_id: int, *, wanted: int, available: int) -> None:
        super().__init__(f"Variant {variant_id}: {wanted} wanted, {available} available")
        self.variant_id, self.wanted, self.available = variant_id, wanted, available


class StockConflict(Exception):
    """The books do not allow this change: less is reserved or on hand than it would take."""


def in_lock_order(units: Units) -> list[tuple[int, int]]:
    """Add up the units per variant, in the one order in which rows are ever locked."""
    sums: dict[int, int] = {}
    for variant_id, quantity in units:
        sums[variant_id] = sums.get(variant_id, 0) + quantity
    return sorted(sums.items())


def reserve(units: Units, *, reference: str, by: str) -> dict[int, bool]:
    """Promise free units to an order. Raises OutOfStock at the first variant that has too few.

    Answers by variant: False where stock is not counted, nothing was reserved and nothing must be released.
    """
    wanted = in_lock_order(units)
    counted = {variant_id: _hold(variant_id, quantity) for variant_id, quantity in wanted}
    held = [(variant_id, 0, quantity) for variant_id, quantity in wanted if counted[variant_id]]
    _record(Kind.RESERVATION, held, reference=reference, by=by)
    return counted


def release(units: Units, *, reference: str, by: str) -> None:
    """Take back promises. Raises StockConflict if fewer are reserved."""
    ended = in_lock_order(units)
    for variant_id, quantity in ended:
        held = Variant.objects.filter(pk=variant_id, stock_reserved__gte=quantity)
        if not held.update(stock_reserved=F("stock_reserved") - quantity):
            raise StockConflict(f"Variant {variant_id}: {quantity} to release, fewer are reserved")
    _record(Kind.RELEASE, [(variant_id, 0, -quantity) for variant_id, quantity in ended], reference=reference, by=by)


def sell(units: Units, *, reference: str, by: str) -> None:
    """Turn promises into sales. Raises StockConflict if fewer are reserved."""
    sold = in_lock_order(units)
    for variant_id, quantity in sold:
        held = Variant.objects.filter(pk=variant_id, stock_reserved__gte=quantity, stock_on_hand__gte=quantity)
        if not held.update(stock_reserved=F("stock_reserved") - quantity, stock_on_hand=F("stock_on_hand") - quantity):
            raise StockConflict(f"Variant {variant_id}: {quantity} to sell, fewer are reserved")
    _record(Kind.SALE, [(variant_id, -quantity, -quantity) for variant_id, quantity in sold], reference=reference, by=by)


def put_back(units: Units, *, reference: str, by: str) -> None:
    """Put sold units on the shelf again. Does nothing for a variant that is gone."""
    back = [
        (variant_id, quantity, 0)
        for variant_id, quantity in in_lock_order(units)
        if Variant.objects.filter(pk=variant_id).update(stock_on_hand=F("stock_on_hand") + quantity)
    ]
    _record(Kind.RETURN, back, reference=reference, by=by)


@transaction.atomic
def adjust(variant_id: int, delta: int, *, by: str, reference: str = "", kind: str = "") -> None:
    """Correct the stock on hand by `delta`, as staff counted it. Raises StockConflict below what is reserved.

    `kind`: a restock if units came, else an adjustment, unless named.
    """
    enough = Variant.objects.filter(pk=variant_id, stock_on_hand__gte=F("stock_reserved") - delta)
    if not enough.update(stock_on_hand=F("stock_on_hand") + delta):
        raise StockConflict(f"Variant {variant_id}: {delta:+d} would leave fewer than are reserved")
    kind = kind or (Kind.RESTOCK if delta > 0 else Kind.ADJUSTMENT)
    _record(kind, [(variant_id, delta, 0)], reference=reference, by=by)


def _hold(variant_id: int, quantity: int) -> bool:
    """Reserve free units of one variant; False if its stock is not counted. Raises OutOfStock."""
    free = Variant.objects.filter(
        pk=variant_id, is_active=True, stock_tracked=True, stock_on_hand__gte=F("stock_reserved") + quantity
    )
    if free.update(stock_reserved=F("stock_reserved") + quantity):
        return True
    variant = Variant.objects.filter(pk=variant_id, is_active=True).first()
    if variant and not variant.stock_tracked:
        return False
    raise OutOfStock(variant_id, wanted=quantity, available=(variant and variant.available) or 0)


def _record(kind: str, changes: list[tuple[int, int, int]], *, reference: str, by: str) -> None:
    """Write (variant, change on hand, change of what is reserved) into the books, by one statement."""
    StockMovement.objects.bulk_create(
        StockMovement(variant_id=variant_id, kind=kind, delta=delta, reserved_delta=reserved, reference=reference, by=by)
        for variant_id, delta, reserved in changes
    )
