"""Some listings from all over the shop, or all over a category: what a long list is like, without reading it."""

from __future__ import annotations

from typing import Any

from catalog.selection import Selection, where

SLICES = 8


def extent(selection: Selection, *, of: int) -> tuple[str, list[Any]]:
    """A table for WITH: the `total` of the shop or of the category, up to one more than `of`; its `lowest` and `highest` id."""
    bounds, known = selection.bounds(by_price=False)
    product, within = selection.product, f"{selection.table} {selection.key}{where(bounds)}"
    counted = f"(SELECT COUNT(*) FROM (SELECT 1 FROM {within} LIMIT {of + 1}) AS counted)"  # noqa: S608
    ends = f"(SELECT MIN({product}) FROM {within}) AS lowest, (SELECT MAX({product}) FROM {within}) AS highest"  # noqa: S608
    return f"extent AS MATERIALIZED (SELECT {counted} AS total, {ends})", known * 3


def spread(selection: Selection, *, of: int) -> tuple[str, list[Any]]:
    """A table for WITH, after `extent`: `of` listings at most, all of a short list.

    They come from as many parts as there are SLICES, by the ids of products: the same ones from one moment to the next.
    """
    known = selection.bounds(by_price=False)[1]
    slices = " UNION ALL ".join(_slice(selection, place, of=of) for place in range(SLICES))
    return f"spread AS MATERIALIZED ({slices})", known * SLICES


def _slice(selection: Selection, place: int, *, of: int) -> str:
    end = "(SELECT lowest + (highest + 1 - lowest) * {} / {} FROM extent)".format
    here = [f"{selection.product} >= {end(place, SLICES)}", f"{selection.product} < {end(place + 1, SLICES)}"]
    each = f"(SELECT CASE WHEN total > {of} THEN {of // SLICES} ELSE {of} END FROM extent)"  # noqa: S608
    found = f"FROM {selection.source(whole=True)}{where([*selection.bounds(by_price=False)[0], *here])}"
    return f"SELECT * FROM (SELECT l.* {found} ORDER BY {selection.product} LIMIT {each}) AS slice{place}"  # noqa: S608
