"""Lists of products: which, in what order, page by page.

Pages go by key, not by offset: a mark "rank-id" in the address names the product that the page begins after (or ends
before), so that the thousandth page costs what the first does, and nothing is shown twice while products come and go.
A rank is the position or the price; of a search by relevance it also holds the tier (catalog/selection.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from catalog.cards import Card, cards_from
from catalog.filters import RELEVANCE
from catalog.selection import TIERS, Selection, where
from catalog.spread import extent, spread

PAGE_SIZE = 24
NEAR = 1_000  # listings that are looked through before the index of words is asked
NEAR_OF_FILTERED = 5_000  # the same where only filters narrow a list, of which more passes
SAMPLE = 2_000  # listings from all over the list that tell whether much belongs to it
MUCH = 8  # of these: then it is quicker to walk on than to find all and sort them
EVERY = 1_000_000_000  # more than there are
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
    """SQL for (pk, position) of the listings of a page, `position` being their rank.

    Where not every listing belongs to the list, the next NEAR of its order are looked through first. If they do not fill the
    page, the walk goes on where a sample says that much belongs to the list; else all that belongs to it is found and sorted.
    So no guess of the database at how many there are costs much.
    """
    way = "DESC" if ORDERS[selection.asked.order][1] is not back else "ASC"
    parts: list[str] = []
    values: list[Any] = []
    found = ""
    for tier, rank, pk in _tiers(selection, mark, back=back):
        mark_here = (rank, pk) if rank is not None else None
        walk = _Walk(selection, tier, mark_here, way, limit)
        if not (walk.conditions[0] or walk.stock[0]):
            return walk.whole()
        all_of_it = replace(walk, selection=selection.of_all())
        steps = {"near": walk.near, "on": walk.on, "far": all_of_it.far}
        if selection.words:  # of these the index tells how few there are
            del steps["on"]
        if not parts:
            parts, values = walk.known()
        for name, step in steps.items():
            sql, some = step(found)
            parts.append(f"{name}{tier} AS MATERIALIZED ({sql})")
            values += some
            found = _joined(found, f"{name}{tier}")
    return f"WITH {', '.join(parts)} SELECT * FROM ({found}) AS found ORDER BY position {way}, pk {way} LIMIT {limit}", values  # noqa: S608


def _joined(found: str, name: str) -> str:
    """A union, for what is near is found again among all."""
    more = f"SELECT pk, position FROM {name}"  # noqa: S608
    return f"{found} UNION {more}" if found else more


@dataclass(frozen=True)
class _Walk:
    """A tier in the order of its list, from a mark on."""

    selection: Selection
    tier: int
    mark: tuple[int, int] | None
    way: str
    limit: int

    @cached_property
    def conditions(self) -> tuple[list[str], list[Any]]:
        return self.selection.conditions(self.tier or TIERS, exactly=bool(self.tier))

    @cached_property
    def stock(self) -> tuple[list[str], list[Any]]:
        return self.selection.stock()

    @cached_property
    def start(self) -> tuple[list[str], list[Any]]:
        """Where the walk begins, and what the index that it follows knows."""
        sql, values = self.selection.bounds(by_price="price_minor" in self.columns[0])
        if self.mark is None:
            return sql, values
        places = ", ".join(["%s"] * len(self.columns))
        beyond = f"({', '.join(self.columns)}) {'<' if self.way == 'DESC' else '>'} ({places})"
        return [*sql, beyond], [*values, *self.mark[-len(self.columns) :]]

    @cached_property
    def columns(self) -> list[str]:
        column = ORDERS[self.selection.asked.order][0]
        return [f"{self.selection.key}.{column}", self.selection.product] if column else [self.selection.product]

    def whole(self) -> tuple[str, list[Any]]:
        """All that is there, as far as a page."""
        sql, values = self.start
        return f"{self._chosen(self.selection.source())}{where(sql)} {self._order(self.columns)} LIMIT {self.limit}", values

    def near(self, found: str) -> tuple[str, list[Any]]:
        """What belongs to the list of the next few; nothing if the page is full."""
        (start, values), (sql, more) = self.start, self.conditions
        table, key = self.selection.table, self.selection.key
        few = f"(SELECT * FROM {table} {key}{where(start)} {self._order(self.columns)} LIMIT {self._most}) {key}"  # noqa: S608
        source = self.selection.source().replace(f"{table} {key}", few, 1)
        stock, currency = self.stock
        passing = where([*sql, *stock, *self._unless_full(found)])
        order = self._order(self.columns)
        return f"{self._chosen(source)}{passing} {order} LIMIT {self.limit}", [*values, *more, *currency]

    def known(self) -> tuple[list[str], list[Any]]:
        """Tables for WITH: how much there is, and without words whether `much` of it belongs to the list."""
        table, values = extent(self.selection, of=SAMPLE)
        if self.selection.words:
            return [table], values
        some, more = spread(self.selection, of=SAMPLE)
        here = replace(self.selection, category_id=None)
        (sql, asked), (stock, currency) = here.conditions(), here.stock()
        much = f"SELECT COUNT(*) >= {MUCH} AS much FROM spread l{where([*sql, *stock])}"  # noqa: S608
        return [table, some, f"sample AS MATERIALIZED ({much})"], [*values, *more, *asked, *currency]

    def on(self, found: str) -> tuple[str, list[Any]]:
        """What belongs to the list, however far it is to walk; nothing if the page is full or it is not much."""
        (start, values), (sql, more), (stock, currency) = self.start, self.conditions, self.stock
        passing = where([*self._unless_done(found), "(SELECT much FROM sample)", *start, *sql, *stock])
        order = self._order(self.columns)
        return f"{self._chosen(self.selection.source())}{passing} {order} LIMIT {self.limit}", [*values, *more, *currency]

    def far(self, found: str) -> tuple[str, list[Any]]:
        """The same of all, sorted, for no index of the order is of use; nothing if the page is full, or was walked to.

        Stock is looked up in the order of the list, no further than the page.
        """
        (start, values), (sql, more), (stock, currency) = self.start, self.conditions, self.stock
        first, *others = self.columns
        by_hand = [f"{first} + 0", *others]
        shown = ", ".join(f"{sql} AS {name.partition('.')[2]}" for sql, name in zip(by_hand, self.columns, strict=True))
        unless_much = [] if self.selection.words else ["NOT (SELECT much FROM sample)"]
        passing = where([*self._unless_done(found), *unless_much, *start, *sql])
        most = EVERY if stock else self.limit
        every = f"(SELECT {shown} FROM {self.selection.source()}{passing} {self._order(by_hand)} LIMIT {most}) l"  # noqa: S608
        order = self._order(self.columns)
        return f"{self._chosen(every)}{where(stock)} {order} LIMIT {self.limit}", [*values, *more, *currency]

    @property
    def _most(self) -> int:
        return NEAR if self.selection.words else NEAR_OF_FILTERED

    def _unless_done(self, found: str) -> list[str]:
        """The page is full, or what is near is all there is."""
        return [f"(SELECT total > {min(self._most, SAMPLE)} FROM extent)", *self._unless_full(found)]  # noqa: S608

    def _unless_full(self, found: str) -> list[str]:
        return [f"(SELECT COUNT(*) FROM ({found}) AS found) < {self.limit}"] if found else []  # noqa: S608

    def _chosen(self, source: str) -> str:
        rank = f"{self.tier << TIER} + {self.columns[0]}" if len(self.columns) > 1 else "0"
        return f"SELECT {self.selection.product} AS pk, {rank} AS position FROM {source}"  # noqa: S608

    def _order(self, columns: list[str]) -> str:
        return f"ORDER BY {', '.join(f'{column} {self.way}' for column in columns)}"


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


def _mark(card: Card) -> str:
    return f"{card.position}-{card.pk}"


def _read_mark(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,13})-([0-9]{1,18})", text, re.ASCII)
    if not found:
        raise BadMark(text)
    return int(found[1]), int(found[2])
