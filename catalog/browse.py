"""Lists of products: which, in what order, page by page.

Pages go by key, not by offset: a mark "position-id" in the address names the product that the page begins after (or ends
before), so that the thousandth page costs what the first does, and nothing is shown twice while products come and go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from catalog.cards import Card, cards_of
from catalog.models import Product

PAGE_SIZE = 24

# What Exists() would say; written by hand, for Django takes as long to write that as the database to answer it.
IN_ANY_OF = """EXISTS (
    SELECT 1 FROM catalog_product_categories WHERE product_id = catalog_product.id AND category_id IN ({})
)"""


class BadMark(ValueError):
    """The address names a place in the list that cannot be one."""


@dataclass(frozen=True)
class Page:
    """One page of a list. `previous` and `next` are marks for `?before=` and `?after=`; empty at the ends."""

    cards: list[Card]
    previous: str
    next: str


def listed() -> QuerySet[Product]:
    """Published products in the shop's order."""
    return Product.objects.published().order_by("position", "id")


def in_categories(category_ids: list[int]) -> QuerySet[Product]:
    """Listed products that are in any of these categories, each once."""
    placeholders = ", ".join(["%s"] * len(category_ids))
    is_member = RawSQL(IN_ANY_OF.format(placeholders), category_ids, output_field=BooleanField())  # noqa: S611 - only ids
    return listed().filter(is_member)


def matching(words: str) -> QuerySet[Product]:
    """Listed products whose title or summary has every one of the words."""
    found = listed()
    for word in words.split():
        found = found.filter(Q(title__icontains=word) | Q(summary__icontains=word))
    return found


def page_of(products: QuerySet[Product], *, after: str = "", before: str = "") -> Page:
    """One page, after or before a mark, or the first one. Raises BadMark for what is no mark."""
    if before and not after:
        return _page_before(products, before)
    if after:
        position, pk = _read_mark(after)
        # An OR alone would be looked for through the whole index.
        products = products.filter(Q(position__gt=position) | Q(pk__gt=pk), position__gte=position)
    found = cards_of(products[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return Page(
        cards=shown,
        previous=_mark(shown[0]) if after and shown else "",
        next=_mark(shown[-1]) if len(found) > PAGE_SIZE else "",
    )


def _page_before(products: QuerySet[Product], before: str) -> Page:
    position, pk = _read_mark(before)
    earlier = products.filter(Q(position__lt=position) | Q(pk__lt=pk), position__lte=position)
    found = cards_of(earlier.order_by("-position", "-id")[: PAGE_SIZE + 1])
    shown = found[-PAGE_SIZE:]
    return Page(
        cards=shown,
        previous=_mark(shown[0]) if len(found) > PAGE_SIZE else "",
        next=_mark(shown[-1]) if shown else "",
    )


def _mark(card: Card) -> str:
    return f"{card.position}-{card.pk}"


def _read_mark(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,10})-([0-9]{1,18})", text, re.ASCII)
    if not found:
        raise BadMark(text)
    return int(found[1]), int(found[2])
