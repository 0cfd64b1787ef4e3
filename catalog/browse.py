"""Lists of products: which, in what order, page by page.

Pages go by key, not by offset: a mark "rank-id" in the address names the product that the page begins after (or ends
before), so that the thousandth page costs what the first does, and nothing is shown twice while products come and go.
A rank is the position or the price; of a search by relevance it also holds the tier (catalog/selection.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from catalog.cards import Card, cards_from
from catalog.filters import RELEVANCE
from catalog.selection import TIERS, Selection

PAGE_SIZE = 24
TIER = 40  # bits of a rank that are below the tier: more than a position has

ORDERS = {  # the column that makes the rank, and whether the list goes down
    "relevance": ("position", False),
    "featured": ("position", False),
    "newest": ("", True),
    "price": ("price_minor", False),
    "price-down": ("price_minor", True),
}


class BadMark(ValueError):
    """The address names a place in the list that cannot be one."""


@dataclass(frozen=True)
class Page:
    """One page of a list. `previous` and `next` are marks for `?before=` and `?after=`; empty at the ends."""

    cards: list[Card]
    previous: str
    next: str


def page_of(selection: Selection, *, after: str = "", before: str = "", size: int = 0) -> Page:
    """One page, after or before a mark, or the first one. Raises BadMark for what is no mark."""
    size = size or PAGE_SIZE
    back = bool(before and not after)
    mark = _read_mark(after or before) if after or before else None
    found = _cards(selection, mark, back=back, limit=size + 1)
    more = len(found) > size
    shown = found[-size:] if back else found[:size]
    return Page(
        cards=shown,
        previous=_mark(shown[0]) if shown and (more if back else mark) else "",
        next=_mark(shown[-1]) if shown and (back or more) else "",
    )


def _cards(selection: Selection, mark: tuple[int, int] | None, *, back: bool, limit: int) -> list[Card]:
    down = ORDERS[selection.asked.order][1]
    sql, values = rows(selection, mark, back=back, limit=limit)
    cards = cards_from(sql, values)
    return sorted(cards, key=lambda card: (card.position, card.pk), reverse=down)


def rows(selection: Selection, mark: tuple[int, int] | None, *, back: bool, limit: int) -> tuple[str, list[Any]]:
    """SQL for (pk, position) of the listings of a page, `position` being their rank."""
    down = ORDERS[selection.asked.order][1]
    tiers = _tiers(selection, mark, back=back)
    if len(tiers) == 1:
        return _tier(selection, *tiers[0], back, limit)
    way = "DESC" if down is not back else "ASC"
    names: list[str] = []
    parts: list[str] = []
    values: list[Any] = []
    for tier, rank, pk in tiers:
        enough = " + ".join(f"(SELECT COUNT(*) FROM {name})" for name in names)  # noqa: S608
        sql, some = _tier(selection, tier, rank, pk, back, limit, only_if=f"{enough} < {limit}" if names else "")
        names.append(f"tier{tier}")
        parts.append(f"{names[-1]} AS MATERIALIZED ({sql})")
        values += some
    every = " UNION ALL ".join(f"SELECT * FROM {name}" for name in names)  # noqa: S608
    return f"WITH {', '.join(parts)} SELECT * FROM ({every}) AS tiers ORDER BY position {way}, pk {way} LIMIT {limit}", values  # noqa: S608


def _tiers(selection: Selection, mark: tuple[int, int] | None, *, back: bool) -> list[tuple[int, int | None, int]]:
    """(tier, rank within it, id) of each tier to look through, in this order; the rank is None where no mark lies in it.

    A tier is only looked through if those before it do not fill the page.
    """
    if selection.asked.order != RELEVANCE:
        return [(0, *(mark or (None, 0)))]
    every = range(1, TIERS + 1)
    if mark is None:
        return [(tier, None, 0) for tier in every]
    here, rank = mark[0] >> TIER, mark[0] & ((1 << TIER) - 1)
    if here not in every:
        raise BadMark(mark)
    way = range(here, 0, -1) if back else range(here, TIERS + 1)
    return [(tier, rank if tier == here else None, mark[1]) for tier in way]


def _tier(
    selection: Selection, tier: int, rank: int | None, pk: int, back: bool, limit: int, *, only_if: str = ""
) -> tuple[str, list[Any]]:
    column, down = ORDERS[selection.asked.order]
    conditions, values = selection.conditions(tier or TIERS, exactly=bool(tier))
    if only_if:
        conditions.append(only_if)
    columns = [f"{selection.key}.{column}", selection.product] if column else [selection.product]
    if rank is not None:
        places = ", ".join(["%s"] * len(columns))
        conditions.append(f"({', '.join(columns)}) {'<' if down is not back else '>'} ({places})")
        values += [rank, pk][-len(columns) :]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    way = " DESC" if down is not back else ""
    order = ", ".join(one + way for one in columns)
    shown = f"{tier << TIER} + {columns[0]}" if column else "0"
    chosen = f"SELECT {selection.product} AS pk, {shown} AS position FROM {selection.source()}{where}"  # noqa: S608 - no value
    return f"{chosen} ORDER BY {order} LIMIT {limit}", values


def _mark(card: Card) -> str:
    return f"{card.position}-{card.pk}"


def _read_mark(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,13})-([0-9]{1,18})", text, re.ASCII)
    if not found:
        raise BadMark(text)
    return int(found[1]), int(found[2])
