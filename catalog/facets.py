"""What a list can be narrowed by, and how much would be left: "12", or "12+" where not all is counted (catalog/counts.py).

A group of values is counted as if none of its own were chosen, so that others of it can be added.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from catalog.counts import ALL, CATEGORY, COUNTED, STOCK, Counted, counted
from catalog.models import Category
from catalog.selection import Selection
from catalog.tree import CategoryTree
from money import Money

LONGEST_GROUP = 100  # values of an option that are offered


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
    """Count what the selection holds: at most two statements."""
    return _facets(selection, counted(selection), tree)


def _facets(selection: Selection, found: dict[str, Counted], tree: CategoryTree) -> Facets:
    shown, asked = found[ALL], selection.asked
    chosen = dict(asked.options)
    names = sorted({*shown.choices, *chosen})
    stocked = found.get(STOCK, shown)
    return Facets(
        total=_words(min(shown.listings, COUNTED), shown),
        exact=shown.exact,
        groups=tuple(_group(name, found.get(f"option.{name}", shown), chosen.get(name, ())) for name in names),
        categories=_categories(found.get(CATEGORY, shown), tree, selection),
        in_stock=_words(stocked.in_stock, stocked),
        lowest=Money(shown.lowest, settings.SHOP_CURRENCY) if shown.lowest is not None else None,
        highest=Money(shown.highest, settings.SHOP_CURRENCY) if shown.highest is not None else None,
    )


def _group(name: str, counted: Counted, chosen: tuple[str, ...]) -> Group:
    counts: Counter[str] = counted.choices.get(name, Counter())
    foremost = sorted({*counts, *chosen}, key=lambda value: (value not in chosen, -counts[value], _natural(value)))
    values = sorted(foremost[:LONGEST_GROUP], key=_natural)
    words = [Value(one, one, _words(counts[one], counted), one in chosen) for one in values]
    return Group(name, f"option.{name}", tuple(words))


def _categories(counted: Counted, tree: CategoryTree, selection: Selection) -> tuple[Value, ...]:
    """The categories one can go down to: below the one of the page, else the top ones; on the way to the chosen one, all.

    Those that nothing is in are left out where all is seen.
    """
    here, chosen = tree.get(selection.category_id), tree.find(selection.asked.category)
    trail = tree.trail(chosen) if chosen else []
    offered = list(_opened(tree, tree.children(here) if here else tree.top, trail))
    if chosen and chosen not in [one for _depth, one in offered]:
        offered.insert(0, (0, chosen))
    return tuple(
        Value("– " * depth + one.name, one.path, _words(counted.categories[one.pk], counted), one == chosen)
        for depth, one in offered
        if counted.categories[one.pk] or not counted.complete or one in trail
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
