"""Lists of products: which, in what order, page by page, and what a card in a list says.

Pages go by key, not by offset: a mark "position-id" in the address names the product that the page begins after (or ends
before), so that the thousandth page costs what the first does, and nothing is shown twice while products come and go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from catalog.models import Product, ProductImage, Variant
from money import Money

PAGE_SIZE = 24
STOCK_COLUMNS = ("stock_tracked", "stock_on_hand", "stock_reserved")


class BadMark(ValueError):
    """The address names a place in the list that cannot be one."""


@dataclass(frozen=True)
class Card:
    """A product as lists show it. `price` is the lowest; None if nothing of it is on sale."""

    product: Product
    picture: ProductImage | None
    price: Money | None
    price_varies: bool
    sold_out: bool


@dataclass(frozen=True)
class Page:
    """One page of a list. `previous` and `next` are marks for `?before=` and `?after=`; empty at the ends."""

    cards: list[Card]
    previous: str
    next: str


def listed() -> QuerySet[Product]:
    """Published products in the shop's order, with what `card` reads: three queries, whatever is in them."""
    variants = Variant.objects.on_sale().only("product", "price_minor", "currency", *STOCK_COLUMNS)
    return (
        Product.objects.published()
        .defer("description")
        .order_by("position", "id")
        .prefetch_related(Prefetch("variants", variants), "images")
    )


def in_categories(category_ids: list[int]) -> QuerySet[Product]:
    """Listed products that are in any of these categories, each once."""
    membership = Product.categories.through.objects.filter(product_id=OuterRef("pk"), category_id__in=category_ids)
    return listed().filter(Exists(membership))


def matching(words: str) -> QuerySet[Product]:
    """Listed products whose title or summary has every one of the words."""
    found = listed()
    for word in words.split():
        found = found.filter(Q(title__icontains=word) | Q(summary__icontains=word))
    return found


def card(product: Product) -> Card:
    """What a list says of a product that came from `listed`."""
    variants = list(product.variants.all())
    cheapest = min(variants, key=lambda variant: variant.price_minor, default=None)
    return Card(
        product=product,
        picture=next(iter(product.images.all()), None),
        price=cheapest.price if cheapest else None,
        price_varies=len({variant.price_minor for variant in variants}) > 1,
        sold_out=not any(variant.in_stock for variant in variants),
    )


def page_of(products: QuerySet[Product], *, after: str = "", before: str = "") -> Page:
    """One page, after or before a mark, or the first one. Raises BadMark for what is no mark."""
    if before and not after:
        return _page_before(products, before)
    if after:
        position, pk = _read_mark(after)
        products = products.filter(Q(position__gt=position) | Q(position=position, pk__gt=pk))
    found = list(products[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return Page(
        cards=[card(product) for product in shown],
        previous=_mark(shown[0]) if after and shown else "",
        next=_mark(shown[-1]) if len(found) > PAGE_SIZE else "",
    )


def _page_before(products: QuerySet[Product], before: str) -> Page:
    position, pk = _read_mark(before)
    earlier = products.filter(Q(position__lt=position) | Q(position=position, pk__lt=pk))
    found = list(earlier.order_by("-position", "-id")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE][::-1]
    return Page(
        cards=[card(product) for product in shown],
        previous=_mark(shown[0]) if len(found) > PAGE_SIZE else "",
        next=_mark(shown[-1]) if shown else "",
    )


def _mark(product: Product) -> str:
    return f"{product.position}-{product.pk}"


def _read_mark(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,10})-([0-9]{1,18})", text, re.ASCII)
    if not found:
        raise BadMark(text)
    return int(found[1]), int(found[2])
