"""Taking, holding and giving back units. Every verb is one conditional UPDATE per variant, so it is safe under any race.

Callers that touch several variants in one transaction go through `in_lock_order`, or two of them could deadlock on
PostgreSQL. A movement row is written by the same transaction for every change of the stock on hand.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F

from catalog.models import StockMovement, Variant


class OutOfStock(Exception):
    """Fewer units are free than asked for. `available` is what was seen to be left (0 if the variant is gone)."""

    def __init__(self, variant_id: int, *, wanted: int, available: int) -> None:
        super().__init__(f"Variant {variant_id}: {wanted} wanted, {available} available")
        self.variant_id, self.wanted, self.available = variant_id, wanted, available


class StockConflict(Exception):
    """The books do not allow this change: less is reserved or on hand than it would take."""


def in_lock_order(quantities: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Add up (variant id, quantity) pairs per variant, in the one order in which rows are ever locked."""
    sums: dict[int, int] = {}
    for variant_id, quantity in quantities:
        sums[variant_id] = sums.get(variant_id, 0) + quantity
    return sorted(sums.items())


def reserve(variant_id: int, quantity: int) -> bool:
    """Promise `quantity` (> 0) free units to an order. Raises OutOfStock and then changes nothing.

    False: this variant's stock is not counted, nothing was reserved and nothing must be released.
    """
    free = Variant.objects.filter(
        pk=variant_id, is_active=True, stock_tracked=True, stock_on_hand__gte=F("stock_reserved") + quantity
    )
    if free.update(stock_reserved=F("stock_reserved") + quantity):
        return True
    variant = Variant.objects.filter(pk=variant_id, is_active=True).first()
    if variant and not variant.stock_tracked:
        return False
    raise OutOfStock(variant_id, wanted=quantity, available=(variant and variant.available) or 0)


def release(variant_id: int, quantity: int) -> None:
    """Take back a promise of `quantity` units. Raises StockConflict if fewer are reserved."""
    held = Variant.objects.filter(pk=variant_id, stock_reserved__gte=quantity)
    if not held.update(stock_reserved=F("stock_reserved") - quantity):
        raise StockConflict(f"Variant {variant_id}: {quantity} to release, fewer are reserved")


def sell(variant_id: int, quantity: int, *, reference: str) -> None:
    """Turn a promise of `quantity` units into a sale. Raises StockConflict if fewer are reserved."""
    held = Variant.objects.filter(pk=variant_id, stock_reserved__gte=quantity, stock_on_hand__gte=quantity)
    if not held.update(stock_reserved=F("stock_reserved") - quantity, stock_on_hand=F("stock_on_hand") - quantity):
        raise StockConflict(f"Variant {variant_id}: {quantity} to sell, fewer are reserved")
    _record(variant_id, StockMovement.Kind.SALE, -quantity, reference=reference)


def put_back(variant_id: int, quantity: int, *, reference: str, by: str = "") -> None:
    """Put sold units on the shelf again. Does nothing for a variant that is gone."""
    if Variant.objects.filter(pk=variant_id).update(stock_on_hand=F("stock_on_hand") + quantity):
        _record(variant_id, StockMovement.Kind.RETURN, quantity, reference=reference, by=by)


@transaction.atomic
def adjust(variant_id: int, delta: int, *, by: str, reference: str = "") -> None:
    """Correct the stock on hand by `delta`, as staff counted it. Raises StockConflict below what is reserved."""
    enough = Variant.objects.filter(pk=variant_id, stock_on_hand__gte=F("stock_reserved") - delta)
    if not enough.update(stock_on_hand=F("stock_on_hand") + delta):
        raise StockConflict(f"Variant {variant_id}: {delta:+d} would leave fewer than are reserved")
    kind = StockMovement.Kind.SUPPLY if delta > 0 else StockMovement.Kind.ADJUSTMENT
    _record(variant_id, kind, delta, reference=reference, by=by)


def _record(variant_id: int, kind: str, delta: int, *, reference: str = "", by: str = "") -> None:
    StockMovement.objects.create(variant_id=variant_id, kind=kind, delta=delta, reference=reference, by=by)
