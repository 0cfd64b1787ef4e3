"""Units added to or taken from the stock of many variants. A difference to each: no sale meanwhile is overwritten."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.throttle import Limit, TooOften
from catalog.bulk.chosen import pack
from catalog.bulk.rows import Done, Row, variants_in_order
from catalog.history import log_variants, told
from catalog.models import MOST_ON_HAND, Variant
from catalog.stock import adjust_all

ONCE = Limit("bulk-stock", times=1, seconds=7 * 24 * 3600)  # for each page that asks


class DoneBefore(Exception):
    """This page's change was booked already: a double click, or a page sent again. Nothing was booked now."""


def rows(ids: Iterable[int], delta: int) -> list[Row]:
    return [_row(variant, delta) for variant in variants_in_order(ids)]


def _row(variant: Variant, delta: int) -> Row:
    on_hand = variant.stock_on_hand
    if why := _refused(variant, delta):
        return Row(variant, str(on_hand) if variant.stock_tracked else "–", why=why)
    return Row(variant, str(on_hand), str(on_hand + delta), packed=pack(variant.pk))


def _refused(variant: Variant, delta: int) -> str:
    if not variant.stock_tracked:
        return _("Its stock is not counted.")
    left, about = variant.stock_on_hand + delta, {"reserved": variant.stock_reserved, "most": MOST_ON_HAND}
    if delta < 0 and left < variant.stock_reserved:
        return _("%(reserved)s are promised to orders.") % about if variant.stock_reserved else _("There are not so many.")
    return _("At most %(most)s can be counted.") % about if left > MOST_ON_HAND else ""


@transaction.atomic
def change_stock(ids: Iterable[int], delta: int, *, reason: str, page: str, by: Any) -> Done:
    """Add `delta` units to each of these, or take them away, once for each `page`. Raises DoneBefore.

    Where units are promised, and where stock is not counted (any more), nothing is done: those are named.
    """
    try:
        ONCE.count(page)
    except TooOften:
        raise DoneBefore from None
    ids = list(ids)
    left = adjust_all(ids, delta, by=by.get_username(), reference=reason)
    found = {variant.pk: variant for variant in variants_in_order(ids)}
    done = Done(changed=len(left))
    for pk in ids:
        variant = found.get(pk)
        if pk not in left:
            why = _refused(variant, delta) or _("It changed meanwhile") if variant else _("Deleted meanwhile")
            done.leave(why, variant)
    words = {pk: [told("Stock", on_hand - delta, on_hand) + (f" ({reason})" if reason else "")] for pk, on_hand in left.items()}
    log_variants(((found[pk], words[pk]) for pk in left), by=by)
    return done
