"""What lists say of products: a card each, from three queries whatever is in the list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import QuerySet

from catalog.addresses import address
from catalog.models import Product, ProductImage, Variant
from money import Money


class Cover(NamedTuple):
    """The picture on a card: what {% picture %} shows of a ProductImage."""

    url: str
    width: int
    height: int
    alt: str
    renditions: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Card:
    """A product as lists show it. `price` is the lowest; None if nothing of it is on sale."""

    pk: int
    position: int
    title: str
    url: str
    picture: Cover | None
    price: Money | None
    price_varies: bool
    sold_out: bool


def cards_of(products: QuerySet[Product]) -> list[Card]:
    """A card for each of these published products, in the order of the query.

    Plain rows: a list would build hundreds of model objects.
    """
    rows = list(products.values_list("pk", "position", "title", "slug"))
    ids = [pk for pk, *_rest in rows]
    covers, offers = _covers(ids), _offers(ids)
    return [
        Card(pk, position, title, address("catalog:product", slug), covers.get(pk), *_prices(offers.get(pk, ())))
        for pk, position, title, slug in rows
    ]


def _covers(product_ids: list[int]) -> dict[int, Cover]:
    """The first picture of each product."""
    images = ProductImage.objects.filter(product__in=product_ids).order_by("-position", "-id")
    return {row[0]: Cover(*row[1:]) for row in images.values_list("product_id", *Cover._fields)}


def _offers(product_ids: list[int]) -> dict[int, list[tuple[Money, bool]]]:
    """What is on sale of each product: (price, in stock) of every variant."""
    offered = Variant.objects.offered().filter(product__in=product_ids).order_by()
    columns = ("product_id", "price_minor", "currency", "stock_tracked", "stock_on_hand", "stock_reserved")
    offers: dict[int, list[tuple[Money, bool]]] = {}
    for product_id, price_minor, currency, tracked, on_hand, reserved in offered.values_list(*columns):
        offers.setdefault(product_id, []).append((Money(price_minor, currency), not tracked or on_hand > reserved))
    return offers


def _prices(offers: Iterable[tuple[Money, bool]]) -> tuple[Money | None, bool, bool]:
    """The lowest price, whether there are others, and whether all is sold out."""
    prices = {price for price, _in_stock in offers}
    return min(prices, default=None), len(prices) > 1, not any(in_stock for _price, in_stock in offers)
