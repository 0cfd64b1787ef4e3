"""What a list can be narrowed by, and how much would be left: counted exactly in a small shop and where little is left.

Of a large shop two thousand listings from all over it are looked at: if fifty of them belong to the list, what they have is
"at least" what all have. Only otherwise all that belong to it are asked for, up to a thousand.
A group of values is counted as if none of its own were chosen, so that others of it can be added.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from catalog.index import index
from catalog.models import Category
from catalog.selection import IN_STOCK, Selection, where
from catalog.spread import extent, spread
from catalog.tree import CategoryTree
from money import Money

COUNTED = 1_000
LOOKED_AT = 2_000  # listings, before the index is asked for all
ENOUGH = 50  # of these tell what the list is like
MOST_GROUPS = 8  # that are counted without themselves
ALL, STOCK, CATEGORY = "", "in stock", "category"


class Counted(NamedTuple):
    """What so many listings have: how many of them each value, each category, a unit in stock; and their prices' range.

    Not `exact`: the list has more than these.
    """

    exact: bool
    listings: int
    choices: dict[str, Counter[str]]
    categories: Counter[int]
    in_stock: int
    lowest: int | None
    highest: int | None


@dataclass(frozen=True)
class Value:
    """`count` is in words: "12", or "12+" where there may be more; empty where none was met yet."""

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
        if not found[ALL].exact or not _is_narrowed(selection):
            cache.set(key, found, settings.COUNT_CACHE_SECONDS)
    return found


def _is_narrowed(selection: Selection) -> bool:
    return bool(selection.words or selection.asked.is_filtered)


def _facets(selection: Selection, counted: dict[str, Counted], tree: CategoryTree) -> Facets:
    shown, asked = counted[ALL], selection.asked
    exact = shown.exact
    chosen = dict(asked.options)
    names = sorted({*shown.choices, *chosen})
    stocked = counted.get(STOCK, shown)
    return Facets(
        total=_words(min(shown.listings, COUNTED), shown),
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
    """The categories one can go down to: below the one of the page, else the top ones; on the way to the chosen one, all.

    Those that nothing is in are left out where all is counted.
    """
    here, chosen = tree.get(selection.category_id), tree.find(selection.asked.category)
    trail = tree.trail(chosen) if chosen else []
    offered = list(_opened(tree, tree.children(here) if here else tree.top, trail))
    if chosen and chosen not in [one for _depth, one in offered]:
        offered.insert(0, (0, chosen))
    return tuple(
        Value("– " * depth + one.name, one.path, _words(counted.categories[one.pk], counted), one == chosen)
        for depth, one in offered
        if counted.categories[one.pk] or not counted.exact or one in trail
    )


def _opened(tree: CategoryTree, level: list[Category], trail: list[Category], depth: int = 0) -> Iterator[tuple[int, Category]]:
    """The categories of a level, how deep they are, and after each that is on the trail those below it."""
    for one in level:
        yield depth, one
        if one in trail:
            yield from _opened(tree, tree.children(one), trail, depth + 1)


def _words(count: int, counted: Counted) -> str:
    if counted.exact:
        return str(count)
    return f"{count}+" if count else ""


def _natural(text: str) -> list[Any]:
    """A4 before A10."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d{1,18})", text) if part]


def _read(selection: Selection) -> dict[str, Counted]:
    """Count the selection, and what it would be without each group that is on."""
    parts = dict(_parts(selection))
    if not (_is_narrowed(selection) and index().ROWS_KNOW):
        return _read_all(parts)
    found = _read_near(parts)
    return found | _read_all({name: parts[name] for name, near in found.items() if not near.exact and near.listings < ENOUGH})


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
    if not parts:
        return {}
    rows = _rows("", [], [_some(place, part) for place, part in enumerate(parts.values())])
    return {name: _count_rows(rows.get(place, [])) for place, name in enumerate(parts)}


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
    if part.category_id and not part.asked.is_filtered and not part.words:
        sql, known = part.bounds(by_price=False)
        return f"SELECT {counted} FROM {part.source(whole=True)} WHERE {sql[0]}{last}", [*currency, *known]  # noqa: S608
    # Planned as if it were read to its end: else PostgreSQL would count on a thousand to be found soon, and read all in vain.
    whole = f"SELECT {columns} FROM catalog_listing l{where(conditions)}"  # noqa: S608
    return f"WITH l AS {index().ALL_OF_IT} ({whole}) SELECT {counted} FROM l{last}", [*wanted, *currency, *also]  # noqa: S608


def _some_near(place: int, part: Selection) -> tuple[str, list[Any]]:
    """The same of those looked at, which are in the category of the page."""
    part = replace(part, category_id=None)
    counted, currency = _counted_columns(place, part)
    (sql, values), (stock, also) = part.conditions(), part.stock()
    return f"SELECT {counted} FROM spread l{where([*sql, *stock])} LIMIT {COUNTED + 1}", [*currency, *values, *also]  # noqa: S608


def _counted_columns(place: int, part: Selection) -> tuple[str, list[Any]]:
    stocked, currency = IN_STOCK.format(product="l.product_id"), [settings.SHOP_CURRENCY]
    if part.asked.in_stock:
        stocked, currency = "1 = 1", []  # they all are
    return f"{place} AS part, l.price_minor, l.choices, l.categories, {stocked} AS stocked", currency


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
