"""What a list can be narrowed by, and how much would be left: counted exactly up to a thousand, "at least" beyond.

A group of values is counted as if none of its own were chosen, so that others of it can be added.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from catalog.models import Category
from catalog.selection import IN_STOCK, Selection
from catalog.tree import CategoryTree
from money import Money

COUNTED = 1_000
MOST_GROUPS = 8  # that are counted without themselves
ALL, STOCK, CATEGORY = "", "in stock", "category"


class Row(NamedTuple):
    """What is counted of one listing."""

    price_minor: int
    choices: dict[str, list[str]]
    categories: list[int]
    in_stock: bool


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
    values: list[Value]


@dataclass(frozen=True)
class Facets:
    total: str
    exact: bool
    groups: list[Group]
    categories: list[Value]
    in_stock: str
    lowest: Money | None
    highest: Money | None


def facets(selection: Selection, tree: CategoryTree) -> Facets:
    """Count what the selection holds. One statement, or none where nothing narrows the list and it was counted lately.

    Lately: within settings.COUNT_CACHE_SECONDS.
    """
    return _facets(selection, _counted(selection), tree)


def _counted(selection: Selection) -> dict[str, list[Row]]:
    if selection.words or selection.asked.is_filtered:
        return _read(selection)
    key = f"facets:{settings.SHOP_CURRENCY}:{selection.category_id or 'all'}"
    found = cache.get(key)
    if found is None:
        found = _read(selection)
        cache.set(key, found, settings.COUNT_CACHE_SECONDS)
    return found


def _facets(selection: Selection, rows: dict[str, list[Row]], tree: CategoryTree) -> Facets:
    shown, asked = rows[ALL], selection.asked
    exact = len(shown) <= COUNTED
    chosen = dict(asked.options)
    names = sorted({name for row in shown for name in row.choices} | set(chosen))
    prices = [row.price_minor for row in shown]
    return Facets(
        total=_count(len(shown)),
        exact=exact,
        groups=[_group(name, rows.get(f"option.{name}", shown), chosen.get(name, ())) for name in names],
        categories=_categories(rows.get(CATEGORY, shown), tree, selection),
        in_stock=_words(sum(row.in_stock for row in rows.get(STOCK, shown)), rows.get(STOCK, shown)),
        lowest=Money(min(prices), settings.SHOP_CURRENCY) if prices and exact else None,
        highest=Money(max(prices), settings.SHOP_CURRENCY) if prices and exact else None,
    )


def _group(name: str, rows: list[Row], chosen: tuple[str, ...]) -> Group:
    counts = Counter(value for row in rows for value in row.choices.get(name, ()))
    values = sorted({*counts, *chosen}, key=_natural)
    return Group(name, f"option.{name}", [Value(one, one, _words(counts[one], rows), one in chosen) for one in values])


def _categories(rows: list[Row], tree: CategoryTree, selection: Selection) -> list[Value]:
    """The categories one can go down to: below the one of the page, else the top ones."""
    here = tree.get(selection.category_id)
    offered: list[Category] = tree.children(here) if here else tree.top
    counts = Counter(category for row in rows for category in row.categories)
    return [
        Value(one.name, one.path, _words(counts[one.pk], rows), one.path == selection.asked.category)
        for one in offered
        if counts[one.pk] or one.path == selection.asked.category
    ]


def _words(count: int, rows: list[Row]) -> str:
    return f"{count}+" if len(rows) > COUNTED else str(count)


def _count(found: int) -> str:
    return f"{COUNTED}+" if found > COUNTED else str(found)


def _natural(text: str) -> list[Any]:
    """A4 before A10."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d{1,18})", text) if part]


def _read(selection: Selection) -> dict[str, list[Row]]:
    """Up to 1 001 rows of the selection, and of what it would be without each group that is on."""
    parts = list(_parts(selection))
    queries, values = [], []
    for place, (_name, part) in enumerate(parts):
        conditions, wanted = part.conditions()
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        columns = (
            f"{place} AS part, l.price_minor, l.choices, l.categories, {IN_STOCK.format(product='l.product_id')} AS stocked"
        )
        query = f"SELECT {columns} FROM {part.source(whole=True)} {where} LIMIT {COUNTED + 1}"  # noqa: S608 - its values are beside it
        queries.append(f"SELECT * FROM ({query}) AS part{place}")  # noqa: S608
        values += [settings.SHOP_CURRENCY, *wanted]
    found: dict[str, list[Row]] = {name: [] for name, _part in parts}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(queries), values)
        for place, price, choices, categories, stocked in cursor.fetchall():
            found[parts[place][0]].append(Row(price, json.loads(choices), json.loads(categories), bool(stocked)))
    return found


def _parts(selection: Selection) -> Iterable[tuple[str, Selection]]:
    yield ALL, selection
    asked = selection.asked
    for name, _values in asked.options[:MOST_GROUPS]:
        yield f"option.{name}", replace(selection, asked=asked.without_option(name))
    if asked.in_stock:
        yield STOCK, replace(selection, asked=replace(asked, in_stock=False))
    if asked.category:
        yield CATEGORY, replace(selection, also_category_id=None)
