"""From what is asked for to SQL: the rows of listings that answer it, without any join that grows with the shop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from catalog.filters import Asked
from catalog.index import Match, index
from catalog.models import MAX_PRICE_MINOR
from catalog.terms import PLACES, category_token, price_bucket, priced, value_token

MOST_TOKENS = 128  # of a group that the index is asked for
TIERS = len(PLACES)  # of relevance: all words in the title; in title and options; anywhere

# No EXISTS: for that PostgreSQL reads all variants at once, though a page needs those of a few.
IN_STOCK = """(
    SELECT 1 FROM catalog_variant v WHERE v.product_id = {product} AND v.is_active AND v.currency = %s
    AND (NOT v.stock_tracked OR v.stock_on_hand > v.stock_reserved) LIMIT 1
) IS NOT NULL"""


def where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


@dataclass(frozen=True)
class Selection:
    """Listings in a category (or all), with all `words`, that pass the filters of `asked`."""

    asked: Asked
    words: tuple[str, ...] = ()
    category_id: int | None = None
    also_category_id: int | None = None  # the filter, beside the category of the page
    of_category_id: int | None = None  # the category of the page where its order does not matter: the index is asked
    by_index: bool = False  # the index of tokens is asked for all, instead of rows in an order for theirs

    def of_all(self) -> Selection:
        """The same without an order of its own: of the listings alone."""
        return replace(self, category_id=None, of_category_id=self.category_id, by_index=True)

    @property
    def key(self) -> str:
        """The table whose indexes hold the order."""
        return "p" if self.category_id else "l"

    @property
    def product(self) -> str:
        return "p.listing_id" if self.category_id else "l.product_id"

    @property
    def table(self) -> str:
        return "catalog_place" if self.category_id else "catalog_listing"

    def source(self, *, whole: bool = False) -> str:
        """What to select from; with the listings themselves if something of them is asked for, or with `whole`."""
        if not self.category_id:
            return "catalog_listing l"
        joined = whole or self.match(TIERS, exactly=False).groups
        return "catalog_place p JOIN catalog_listing l ON l.product_id = p.listing_id" if joined else "catalog_place p"

    def bounds(self, *, by_price: bool) -> tuple[list[str], list[Any]]:
        """What an index of an order knows: the category, and the prices if it is theirs."""
        wanted: list[tuple[str, Any]] = [("p.category_id = %s", self.category_id)] if self.category_id else []
        if by_price:
            wanted += self._prices()
        return [sql for sql, _value in wanted], [value for _sql, value in wanted]

    def stock(self) -> tuple[list[str], list[Any]]:
        """Whether a unit is there, if that is asked for: looked up for each listing, so it is asked last."""
        return ([IN_STOCK.format(product=self.product)], [settings.SHOP_CURRENCY]) if self.asked.in_stock else ([], [])

    def conditions(self, tier: int = TIERS, *, exactly: bool = False) -> tuple[list[str], list[Any]]:
        """What a listing must fulfil beside being in the category of the page. `exactly`: none of a better tier."""
        wanted: list[tuple[str, list[Any]]] = []
        wanted += [(sql, [price]) for sql, price in self._prices()]
        match = self.match(tier, exactly=exactly)
        if match.groups:
            sql, values = index().condition(match, "l")
            wanted.append((sql, list(values)))
        return [sql for sql, _values in wanted], [value for _sql, values in wanted for value in values]

    def _prices(self) -> list[tuple[str, int]]:
        both = ((">=", self.asked.price_from), ("<=", self.asked.price_to))
        # Tokens know it nearly: with + 0 the prices of all others are not read from their own index as well.
        column = f"{self.key}.price_minor{' + 0' if self.by_index and self._narrowing() else ''}"
        return [(f"{column} {sign} %s", price) for sign, price in both if price is not None]

    def match(self, tier: int, *, exactly: bool) -> Match:
        """The question to the index. The last word may be the beginning of one."""
        groups = self._words_in(PLACES[:tier]) + (self._priced() if self.by_index else self._narrowing())
        if not (exactly and tier > 1 and self.words):
            return Match(tuple(groups))
        here = tuple(self._token(PLACES[tier - 1], word) for word in self.words)  # follows from the rest, and tells how few
        return Match((*groups, here), but_not=tuple(self._words_in(PLACES[: tier - 1])))

    def _narrowing(self) -> list[tuple[str, ...]]:
        groups = [tuple(value_token(name, value) for value in values) for name, values in self.asked.options]
        return groups + [(category_token(pk),) for pk in (self.also_category_id, self.of_category_id) if pk is not None]

    def _priced(self) -> list[tuple[str, ...]]:
        """The same together with the prices: many may have the size, and many the price, and few both."""
        groups, lowest, highest = self._narrowing(), self.asked.price_from, self.asked.price_to
        if (lowest, highest) == (None, None) or not (groups or self.words):
            return groups
        buckets = range(price_bucket(lowest or 0), price_bucket(MAX_PRICE_MINOR if highest is None else highest) + 1)
        return [
            tuple(priced(token, bucket) for token in group for bucket in buckets)
            if len(group) * len(buckets) <= MOST_TOKENS
            else group
            for group in groups or [("",)]
        ]

    def _words_in(self, places: Sequence[str]) -> list[tuple[str, ...]]:
        return [tuple(self._token(place, word) for place in places) for word in self.words]

    def _token(self, place: str, word: str) -> str:
        return place + word + ("*" if word == self.words[-1] else "")
