"""What a single cell says: a number, an amount, yes or no."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from catalog.models import MAX_PRICE_MINOR, MOST_ON_HAND
from money.forms import MoneyField

TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")


class CellRefused(ValueError):
    """A cell that does not say what its column needs. The text says what to write."""


def short(cell: str, longest: int) -> str:
    if len(cell) > longest:
        raise CellRefused(_("%(here)d characters; at most %(longest)d fit.") % {"here": len(cell), "longest": longest})
    return cell


def code(cell: str, longest: int) -> str:
    """A SKU or a barcode: some programs put an apostrophe before those that look like numbers."""
    return short(cell.strip().lstrip("'"), longest)


def yes_or_no(cell: str) -> bool:
    text = cell.strip().casefold()
    if text not in TRUE + FALSE:
        raise CellRefused(_("“%s” is neither true nor false.") % cell[:40])
    return text in TRUE


def one_of(cell: str, allowed: tuple[str, ...]) -> str:
    text = cell.strip().casefold()
    if text not in allowed:
        raise CellRefused(_("“%(cell)s” is none of %(allowed)s.") % {"cell": cell[:40], "allowed": ", ".join(allowed)})
    return text


def whole(cell: str, most: int) -> int:
    text = cell.strip()
    if re.fullmatch(r"-[0-9]+", text):
        raise CellRefused(_("Negative: %s. Write 0 or more.") % text[:20])
    if not re.fullmatch(r"[0-9]{1,12}(\.0{1,3})?", text):
        raise CellRefused(_("“%s” is no whole number. Write digits only.") % cell[:40])
    number = int(text.partition(".")[0])
    if number > most:
        raise CellRefused(_("%(number)d is too many; at most %(most)d.") % {"number": number, "most": most})
    return number


def weight(cell: str) -> int:
    """In grams. What was typed in pounds or ounces has places behind the point: it is rounded."""
    units, _point, part = cell.strip().partition(".")
    if not re.fullmatch(r"[0-9]{1,12}", units) or not re.fullmatch(r"[0-9]{0,12}", part):
        return whole(cell, MOST_ON_HAND)
    return whole(str(int(units) + (part[:1] >= "5")), MOST_ON_HAND)


def amount(cell: str) -> int:
    """A price in minor units of the shop's currency: exact, or refused."""
    try:
        minor = MoneyField(maximum=MAX_PRICE_MINOR).clean(cell)
    except ValidationError as error:
        raise CellRefused(f"“{cell[:40]}”: {' '.join(error.messages)}") from None
    if minor is None:
        raise CellRefused(_("Blank. Delete the spaces or write an amount."))
    return minor
