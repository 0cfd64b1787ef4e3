"""Taking, holding and giving back units. A verb is one conditional UPDATE per variant, so it is safe under any race.

Variants are locked in one order, or two callers could deadlock on PostgreSQL. A verb that raises may have changed some of
its variants: its caller's transaction rolls them back. The movements of a call are one INSERT of the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest

from catalog.models import MOST_ON_HAND, StockMovement, Variant

Kind = StockMovement.Kind
Units = Iterable[tuple[int, int]]  # (variant id, how many > 0), a variant as often as need be


class Change(NamedTuple):
    """What a movement does to a variant's counts; `missing` of the units sold were not there."""

    variant_id: int
    on_hand: int = 0
    reserved: int = 0
    missing: int = 0


class OutOfStock(Exception):
    """Fewer units are free than asked for. `available` is what was seen to be left (0 if the variant is gone)."""

    def __init__(self, variant_id: int, *, wanted: int, available: int) -> None:
        super().__init__(f"Variant {variant_id}: {wanted} wanted, {available} available")
        self.variant_id, self.wanted, self.available = variant_id, wanted, available


class StockConflict(Exception):
    """The books do not allow this change: less is reserved or on hand than it would take."""


class StockMoved(Exception):
    """The stock on hand is not what whoever counted it was shown."""


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
    held = [Change(variant_id, reserved=quantity) for variant_id, quantity in wanted if counted[variant_id]]
    _record(Kind.RESERVATION, held, reference=reference, by=by)
    return counted


def release(units: Units, *, reference: str, by: str) -> None:
    """Take back promises. Raises StockConflict if fewer are reserved."""
    ended = in_lock_order(units)
    for variant_id, quantity in ended:
        held = Variant.objects.filter(pk=variant_id, stock_reserved__gte=quantity)
        if not held.update(stock_reserved=F("stock_reserved") - quantity, **_fewer_missing(quantity)):
            raise StockConflict(f"Variant {variant_id}: {quantity} to release, fewer are reserved")
    _record(Kind.RELEASE, [Change(pk, reserved=-quantity) for pk, quantity in ended], reference=reference, by=by)


def sell(units: Units, *, reference: str, by: str) -> dict[int, int]:
    """Turn promises into sales. Raises StockConflict if fewer are reserved.

    Answers the units, by variant, that are sold and not there: staff took them away while they were promised.
    """
    changes = [
        Change(variant_id, -quantity, -quantity, _sell_one(variant_id, quantity))
        for variant_id, quantity in in_lock_order(units)
    ]
    _record(Kind.SALE, changes, reference=reference, by=by)
    return {change.variant_id: change.missing for change in changes if change.missing}


def put_back(units: Units, *, reference: str, by: str) -> None:
    """Put sold units on the shelf again. Does nothing for a variant that is gone."""
    back = [
        Change(variant_id, quantity)
        for variant_id, quantity in in_lock_order(units)
        if _add(Variant.objects.filter(pk=variant_id), quantity)
    ]
    _record(Kind.RETURN, back, reference=reference, by=by)


@transaction.atomic
def adjust(variant_id: int, delta: int, *, by: str, reference: str = "", kind: str = "", oversell: bool = False) -> None:
    """Correct the stock on hand by `delta`. Raises StockConflict below what is reserved, unless `oversell` allows that.

    `kind`: a restock if units came, else an adjustment, unless named; an oversell where promised units were taken.
    """
    rows = Variant.objects.filter(pk=variant_id)
    if oversell:
        rows.select_for_update().first()  # what the first UPDATE refuses is still so for the second
    if delta > 0:
        moved = _add(rows, delta)
    else:
        moved = rows.filter(stock_on_hand__gte=F("stock_reserved") - delta).update(stock_on_hand=F("stock_on_hand") + delta)
    if not moved and oversell:
        left = F("stock_on_hand") + delta
        kind, moved = Kind.OVERSELL, rows.update(stock_on_hand=left, stock_oversold=F("stock_reserved") - left)
    if not moved:
        raise StockConflict(f"Variant {variant_id}: {delta:+d} would leave fewer than are reserved")
    kind = kind or (Kind.RESTOCK if delta > 0 else Kind.ADJUSTMENT)
    _record(kind, [Change(variant_id, delta)], reference=reference, by=by)


@transaction.atomic
def count(variant_id: int, counted: int, *, seen: int, by: str, reference: str, oversell: bool = False) -> None:
    """Make `counted` the stock on hand, by a difference to `seen`, which was shown to whoever counted.

    Raises StockMoved if it is not what is on hand now: nobody can tell whether what moved was counted. Else as `adjust`.
    """
    on_hand = Variant.objects.select_for_update().values_list("stock_on_hand", flat=True).get(pk=variant_id)
    if on_hand != seen:
        raise StockMoved(f"Variant {variant_id}: {on_hand} on hand, {seen} were shown")
    if counted != seen:
        kind = Kind.ADJUSTMENT
        adjust(variant_id, counted - seen, by=by, reference=reference, kind=kind, oversell=oversell)


@transaction.atomic
def adjust_all(variant_ids: Iterable[int], delta: int, *, by: str, reference: str) -> dict[int, int]:
    """Correct the stock on hand of each by `delta`, by three statements. Answers what is on hand now, by variant.

    Not in the answer, and untouched: those gone or not counted, and where fewer would be left than are reserved, or more
    than can be counted.
    """
    rows = Variant.objects.filter(pk__in=list(variant_ids), stock_tracked=True, stock_on_hand__lte=MOST_ON_HAND - delta)
    if delta < 0:
        rows = rows.filter(stock_on_hand__gte=F("stock_reserved") - delta)
    locked = rows.select_for_update(no_key=True).order_by("pk")
    left = {pk: on_hand + delta for pk, on_hand in locked.values_list("pk", "stock_on_hand")}
    chosen = Variant.objects.filter(pk__in=list(left))
    if delta > 0:
        _add(chosen, delta)
    else:
        chosen.update(stock_on_hand=F("stock_on_hand") + delta)
    kind = Kind.RESTOCK if delta > 0 else Kind.ADJUSTMENT
    _record(kind, [Change(pk, delta) for pk in left], reference=reference, by=by)
    return left


def take_in(deltas: Iterable[tuple[Variant, int]], *, reference: str, by: str) -> None:
    """Book what an import counted, without a condition, by two statements for each two hundred variants.

    The caller has locked the variants, or made them in this transaction, and has seen that what is promised will be there.
    """
    deltas = list(deltas)
    for variant, delta in deltas:
        variant.stock_on_hand += delta
        variant.stock_oversold = 0
    Variant.objects.bulk_update((variant for variant, _delta in deltas), ["stock_on_hand", "stock_oversold"], batch_size=200)
    _record(Kind.IMPORT, [Change(variant.pk, delta) for variant, delta in deltas], reference=reference, by=by)


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


def _sell_one(variant_id: int, quantity: int) -> int:
    """Answers how many of the units were not there. What is reserved is on hand, or counted as oversold."""
    promised = Variant.objects.filter(pk=variant_id, stock_reserved__gte=quantity)
    taken = {"stock_reserved": F("stock_reserved") - quantity, "stock_on_hand": F("stock_on_hand") - quantity}
    if promised.filter(stock_on_hand__gte=quantity).update(**taken):
        return 0
    if not promised.update(**taken):
        raise StockConflict(f"Variant {variant_id}: {quantity} to sell, fewer are reserved")
    left = Variant.objects.values_list("stock_on_hand", flat=True).get(pk=variant_id)
    return max(min(quantity, -left), 0)


def _add(rows: QuerySet[Variant], quantity: int) -> int:
    return rows.update(stock_on_hand=F("stock_on_hand") + quantity, **_fewer_missing(quantity))


def _fewer_missing(quantity: int) -> dict[str, Any]:
    return {"stock_oversold": Greatest(F("stock_oversold") - quantity, 0)}


def _record(kind: str, changes: list[Change], *, reference: str, by: str) -> None:
    """Write into the books, by one statement."""
    StockMovement.objects.bulk_create(
        StockMovement(
            variant_id=change.variant_id,
            kind=kind,
            delta=change.on_hand,
            reserved_delta=change.reserved,
            missing=change.missing,
            reference=reference,
            by=by,
        )
        for change in changes
    )
