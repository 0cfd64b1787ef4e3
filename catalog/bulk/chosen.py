"""What a confirmation page sends back: ids, and where it matters what it showed beside each. Never a filter, read again."""

from __future__ import annotations

import re

MOST_PRODUCTS = 1_000  # at once: a page of them can still be read
MOST_VARIANTS = 5_000
_ONE = re.compile(r"[0-9]{1,18}(?::[0-9]{0,12})*", re.ASCII)


class Unreadable(ValueError):
    """This was not written by a page of ours."""


def pack(pk: int, *shown: int | None) -> str:
    """ "12:1900:" is number 12, at 1900 and nothing."""
    return ":".join([str(pk), *("" if each is None else str(each) for each in shown)])


def unpack(text: str) -> dict[int, tuple[int | None, ...]]:
    """What `pack` wrote, with commas between; each number once. Raises Unreadable, also for more than anybody may choose."""
    parts = text.split(",") if text else []
    if len(parts) > MOST_VARIANTS or not all(_ONE.fullmatch(part) for part in parts):
        raise Unreadable(text[:100])
    found = {}
    for part in parts:
        pk, *shown = part.split(":")
        found[int(pk)] = tuple(int(each) if each else None for each in shown)
    return found
