"""What a list can be narrowed by, and how much would be left: counted exactly up to a thousand, "at least" beyond.

A group of values is counted as if none of its own were chosen, so that others of it can be added.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from catalog.index import index
from catalog.models import Category
from catalog.selection import IN_STOCK, Selection
from catalog.tree import CategoryTree
from money import Money

COUNTED = 1_000
MOST_GROUPS = 8  # that are counted without themselves
ALL, STOCK, CATEGORY = "", "in stock", "category"


class Counted(NamedTuple):
    """What so many listings have: how many of them each value, each category, a unit in stock; and their prices' range."""

    listings: int
    choices: dict[str, Counter[str]]
    categories: Counter[int]
    in_stock: int
    lowest: int | None
    highest: int | None


@dataclass(frozen=True)
class Value:
    """`count` is in words: "12", or "12+" where there may be more."""

    text: str
    value: str
    count: str
    chosen: bool


@dataclass(frozen=True)
class Group:
    name: str
    parameter: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Facets:
    """Compares by what it shows: its form is rendered once for all pages of a list (templates/catalog/_filters.html)."""

    total: str
    exact: bool
    groups: tuple[Group, ...]
    categories: tuple[Value, ...]
    in_stock: str
    lowest: Money | None
    highest: Money | None


def facets(selection: Selection, tree: CategoryTree) -> Facets:
    """Count what the selection holds. One statement, or none where it was counted within settings.COUNT_CACHE_SECONDS.

    Of narrowed lists only what says "at least" is kept: it speaks of some thousand of them anyway.
    """
    return _facets(selection, _counted(selection), tree)


def _counted(selection: Selection) -> dict[str, Counted]:
    asked = replace(selection.asked, q="", sort="")
    about = (settings.SHOP_CURRENCY, selection.category_id, selection.also_category_id, selection.words, asked)
    key = f"counts:{blake2s(repr(about).encode()).hexdigest()}"
    found = cache.get(key)
    if found is None:
        found = _read(selection)
        if found[ALL].listings > COUNTED or not (selection.words or asked.is_filtered):
            cache.set(key, found, settings.COUNT_CACHE_SECONDS)
    return found


def _facets(selection: Selection, counted: dict[str, Counted], tree: CategoryTree) -> Facets:
    shown, asked = counted[ALL], selection.asked
    exact = shown.listings <= COUNTED
    chosen = dict(asked.options)
    names = sorted({*shown.choices, *chosen})
    stocked = counted.get(STOCK, shown)
    return Facets(
        total=_count(shown.listings),
        exact=exact,
        groups=tuple(_group(name, counted.get(f"option.{name}", shown), chosen.get(name, ())) for name in names),
        categories=_categories(counted.get(CATEGORY, shown), tree, selection),
        in_stock=_words(stocked.in_stock, stocked),
        lowest=Money(shown.lowest, settings.SHOP_CURRENCY) if shown.lowest is not None and exact else None,
        highest=Money(shown.highest, settings.SHOP_CURRENCY) if shown.highest is not None and exact else None,
    )


def _group(name: str, counted: Counted, chosen: tuple[str, ...]) -> Group:
    counts: Counter[str] = counted.choices.get(name, Counter())
    values = sorted({*counts, *chosen}, key=_natural)
    words = [Value(one, one, _words(counts[one], counted), one in chosen) for one in values]
    return Group(name, f"option.{name}", tuple(words))


def _categories(counted: Counted, tree: CategoryTree, selection: Selection) -> tuple[Value, ...]:
    """The categories one can go down to: below the one of the page, else the top ones."""
    here = tree.get(selection.category_id)
    offered: list[Category] = tree.children(here) if here else tree.top
    counts = counted.categories
    return tuple(
        Value(one.name, one.path, _words(counts[one.pk], counted), one.path == selection.asked.category)
        for one in offered
        if counts[one.pk] or one.path == selection.asked.category
    )


def _words(count: int, counted: Counted) -> str:
    return f"{count}+" if counted.listings > COUNTED else str(count)


def _count(found: int) -> str:
    return f"{COUNTED}+" if found > COUNTED else str(found)


def _natural(text: str) -> list[Any]:
    """A4 before A10."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d{1,18})", text) if part]


def _read(selection: Selection) -> dict[str, Counted]:
    """Count up to 1 001 rows of the selection, and of what it would be without each group that is on."""
    parts = list(_parts(selection))
    statements = [_some(place, part) for place, (_name, part) in enumerate(parts)]
    values = [value for _sql, some in statements for value in some]
    statement = " UNION ALL ".join(f"SELECT * FROM ({sql}) AS part{place}" for place, (sql, _values) in enumerate(statements))  # noqa: S608
    found: dict[str, list[tuple[Any, ...]]] = {name: [] for name, _part in parts}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        for place, *row in cursor.fetchall():
            found[parts[place][0]].append(tuple(row))
    return {name: _count_rows(rows) for name, rows in found.items()}


def _some(place: int, part: Selection) -> tuple[str, list[Any]]:
    """SQL for what is counted of up to 1 001 of a selection."""
    columns, currency = "l.product_id, l.price_minor, l.choices, l.categories", [settings.SHOP_CURRENCY]
    stocked = IN_STOCK.format(product="l.product_id")
    if part.asked.in_stock:
        stocked, currency = "1 = 1", []  # they all are
    counted = f"{place} AS part, l.price_minor, l.choices, l.categories, {stocked} AS stocked"
    conditions, wanted = part.of_all().conditions()
    stock, also = part.of_all().stock()
    last = f"{' WHERE ' + stock[0] if stock else ''} LIMIT {COUNTED + 1}"
    if part.category_id and not part.asked.is_filtered and not part.words:
        sql, known = part.bounds(by_price=False)
        return f"SELECT {counted} FROM {part.source(whole=True)} WHERE {sql[0]}{last}", [*currency, *known]  # noqa: S608
    # Planned as if it were read to its end: else PostgreSQL would count on a thousand to be found soon, and read all in vain.
    whole = f"SELECT {columns} FROM catalog_listing l{' WHERE ' + ' AND '.join(conditions) if conditions else ''}"  # noqa: S608
    return f"WITH l AS {index().ALL_OF_IT} ({whole}) SELECT {counted} FROM l{last}", [*wanted, *currency, *also]  # noqa: S608


def _count_rows(rows: list[tuple[Any, ...]]) -> Counted:
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
