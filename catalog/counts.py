"""How many listings of a list have what: counted exactly in a small shop and where little is left.

Of a large shop two thousand listings from all over it are looked at: if fifty of them belong to the list, what they have is
"at least" what all have. Only otherwise all that belong to it are asked for, up to a thousand. Values of options that none of
these has are looked for by themselves (catalog/choices.py).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2s
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from catalog.choices import examples
from catalog.index import index
from catalog.selection import IN_STOCK, Selection, where
from catalog.spread import extent, spread
from catalog.terms import value_token

COUNTED = 1_000
LOOKED_AT = 2_000  # listings, before the index is asked for all
ENOUGH = 50  # of these tell what the list is like
MOST_GROUPS = 8  # that are counted without themselves
ALL, STOCK, CATEGORY = "", "in stock", "category"


class Counted(NamedTuple):
    """What so many listings have: how many of them each value, each category, a unit in stock; and their prices' range.

    Not `exact`: there may be more. `complete`: nothing of the list was left out, be it longer than what is told exactly.
    """

    exact: bool
    complete: bool
    listings: int
    choices: dict[str, Counter[str]]
    categories: Counter[int]
    in_stock: int
    lowest: int | None
    highest: int | None


def counted(selection: Selection) -> dict[str, Counted]:
    """The selection, and what it would be without each group that is on: two statements at most.

    None where it was counted within settings.COUNT_CACHE_SECONDS. Of narrowed lists only what says "at least" is kept: it
    speaks of some thousand of them anyway.
    """
    asked = replace(selection.asked, q="", sort="")
    about = (settings.SHOP_CURRENCY, selection.category_id, selection.also_category_id, selection.words, asked)
    key = f"counts:{blake2s(repr(about).encode()).hexdigest()}"
    found = cache.get(key)
    if found is None:
        found = _read(selection)
        if not found[ALL].exact or not _is_narrowed(selection):
            cache.set(key, found, settings.COUNT_CACHE_SECONDS)
    return found


def _is_narrowed(selection: Selection) -> bool:
    return bool(selection.words or selection.asked.is_filtered)


def _read(selection: Selection) -> dict[str, Counted]:
    parts = dict(_parts(selection))
    if _is_narrowed(selection) and not index().ROWS_KNOW:
        return _read_on(parts, _read_all(parts), few=[])
    found = _read_near(parts)
    return _read_on(parts, found, few=[name for name, near in found.items() if not near.exact and near.listings < ENOUGH])


def _read_on(parts: dict[str, Selection], found: dict[str, Counted], *, few: list[str]) -> dict[str, Counted]:
    """Count all of those parts of which too few were looked at; of what is longer than that, see what else there is."""
    places = list(enumerate(parts.items()))
    again = [_some(place, part) for place, (name, part) in places if name in few]
    more = [sql for place, (name, part) in places for sql in _more(len(parts) + place, name, part, found[name])]
    rows = _rows("", [], again + more) if again or more else {}
    read = {name: _count_all(rows.get(place, [])) if name in few else found[name] for place, (name, _part) in places}
    others = {name: _count_rows(rows.get(len(parts) + place, [])) for place, (name, _part) in places}
    prices = not _is_narrowed(parts[ALL])
    return {name: one if one.complete else _and_more(one, others[name], prices=prices) for name, one in read.items()}


def _more(place: int, name: str, part: Selection, found: Counted) -> Iterator[tuple[str, list[Any]]]:
    """SQL for listings with what was not found yet: values of options, and of a whole list its lowest and highest price."""
    if found.complete or name in (STOCK, CATEGORY):
        return
    counted, currency = _counted_columns(place, part)
    known = [value_token(option, value) for option, counts in found.choices.items() for value in counts]
    chosen = [option for option, _values in part.asked.options]
    names = ("1 = 1", chosen)
    if name != ALL:
        names = ("name = %s", [name.removeprefix("option.")])
    elif chosen:
        names = (f"name NOT IN ({', '.join(['%s'] * len(chosen))})", chosen)
    sql, values = examples(part, counted, names=names, but_not=known)
    yield sql, [*values, *currency]
    if name == ALL and not _is_narrowed(part):
        within, values = part.bounds(by_price=False)
        for way in ("ASC", "DESC"):
            end = f"{where(within)} ORDER BY {part.key}.price_minor {way} LIMIT 1"
            yield f"SELECT {counted} FROM {part.source(whole=True)}{end}", [*currency, *values]  # noqa: S608


def _and_more(counted: Counted, more: Counted, *, prices: bool) -> Counted:
    """With the values that only others have, and with the range of all `prices` if it is known."""
    names = {*counted.choices, *more.choices}
    choices = {
        name: Counter({**dict.fromkeys(more.choices.get(name, ()), 1), **counted.choices.get(name, {})}) for name in names
    }
    lowest, highest = (more.lowest, more.highest) if prices else (None, None)
    return counted._replace(choices=choices, lowest=lowest, highest=highest)


def _read_near(parts: dict[str, Selection]) -> dict[str, Counted]:
    """Among some listings of the shop, or of the category of the page: exact if there are no others."""
    (total, values), (some, more) = extent(parts[ALL], of=LOOKED_AT), spread(parts[ALL], of=LOOKED_AT)
    seen = "SELECT -1, (SELECT total FROM extent), choices, categories, 1 = 1 FROM spread LIMIT 1"
    statements = [(seen, []), *(_some_near(place, part) for place, part in enumerate(parts.values()))]
    rows = _rows(f"WITH {total}, {some} ", [*values, *more], statements)
    all_seen = all(row[0] <= LOOKED_AT for row in rows.get(-1, []))
    return {name: _count_rows(rows.get(place, []), all_seen=all_seen) for place, name in enumerate(parts)}


def _read_all(parts: dict[str, Selection]) -> dict[str, Counted]:
    """Among all listings."""
    rows = _rows("", [], [_some(place, part) for place, part in enumerate(parts.values())])
    return {name: _count_all(rows.get(place, [])) for place, name in enumerate(parts)}


def _rows(before: str, known: list[Any], statements: list[tuple[str, list[Any]]]) -> dict[int, list[tuple[Any, ...]]]:
    """What these statements answer, by the number that each puts first."""
    values = [*known, *(value for _sql, some in statements for value in some)]
    each = (f"SELECT * FROM ({sql}) AS part{place}" for place, (sql, _values) in enumerate(statements))  # noqa: S608
    found: dict[int, list[tuple[Any, ...]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(before + " UNION ALL ".join(each), values)
        for place, *row in cursor.fetchall():
            found.setdefault(place, []).append(tuple(row))
    return found


def _some(place: int, part: Selection) -> tuple[str, list[Any]]:
    """SQL for what is counted of up to 1 001 of a selection."""
    columns = "l.product_id, l.price_minor, l.choices, l.categories"
    counted, currency = _counted_columns(place, part)
    conditions, wanted = part.of_all().conditions()
    stock, also = part.of_all().stock()
    last = f"{where(stock)} LIMIT {COUNTED + 1}"
    # Planned as if it were read to its end: else PostgreSQL would count on a thousand to be found soon, and read all in vain.
    whole = f"SELECT {columns} FROM catalog_listing l{where(conditions)}"  # noqa: S608
    return f"WITH l AS {index().ALL_OF_IT} ({whole}) SELECT {counted} FROM l{last}", [*wanted, *currency, *also]  # noqa: S608


def _some_near(place: int, part: Selection) -> tuple[str, list[Any]]:
    """The same of those looked at, which are in the category of the page."""
    part = replace(part, category_id=None)
    counted, currency = _counted_columns(place, part)
    (sql, values), (stock, also) = part.conditions(), part.stock()
    return f"SELECT {counted} FROM spread l{where([*sql, *stock])}", [*currency, *values, *also]  # noqa: S608


def _counted_columns(place: int, part: Selection) -> tuple[str, list[Any]]:
    stocked, currency = IN_STOCK.format(product="l.product_id"), [settings.SHOP_CURRENCY]
    if part.asked.in_stock:
        stocked, currency = "1 = 1", []  # they all are
    return f"{place} AS part, l.price_minor, l.choices, l.categories, {stocked} AS stocked", currency


def _count_all(rows: list[tuple[Any, ...]]) -> Counted:
    """Count rows that end at one more than is counted."""
    return _count_rows(rows, all_seen=len(rows) <= COUNTED)


def _count_rows(rows: list[tuple[Any, ...]], *, all_seen: bool = True) -> Counted:
    """Count rows of (price, choices, categories, in stock). Most say the same JSON as others: each text is read once."""
    choices: dict[str, Counter[str]] = {}
    for text, times in Counter(row[1] for row in rows).items():
        for name, values in json.loads(text).items():
            counts = choices.setdefault(name, Counter())
            for value in values:
                counts[value] += times
    categories: Counter[int] = Counter()
    for text, times in Counter(row[2] for row in rows).items():
        for category in json.loads(text):
            categories[category] += times
    prices = [row[0] for row in rows]
    return Counted(
        exact=all_seen and len(rows) <= COUNTED,
        complete=all_seen,
        listings=len(rows),
        choices=choices,
        categories=categories,
        in_stock=sum(bool(row[3]) for row in rows),
        lowest=min(prices, default=None),
        highest=max(prices, default=None),
    )


def _parts(selection: Selection) -> Iterable[tuple[str, Selection]]:
    yield ALL, selection
    asked = selection.asked
    for name, _values in asked.options[:MOST_GROUPS]:
        yield f"option.{name}", replace(selection, asked=asked.without_option(name))
    if asked.in_stock:
        yield STOCK, replace(selection, asked=replace(asked, in_stock=False))
    if asked.category:
        yield CATEGORY, replace(selection, also_category_id=None)
