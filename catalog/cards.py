"""What lists say of products: a card each, from one statement whatever is in the list."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from catalog.addresses import address
from catalog.models import Product
from money import Money


class Cover(NamedTuple):
    """The picture on a card: what {% picture %} shows of a ProductImage. `copies` is the JSON of its renditions."""

    url: str
    width: int
    height: int
    alt: str
    copies: str
    colour: str

    @property
    def renditions(self) -> list[dict[str, Any]]:
        return json.loads(self.copies)


class Card(NamedTuple):
    """A product as lists show it. `position` is what its list is sorted by, `price` the lowest; None if nothing is on sale."""

    pk: int
    position: int
    title: str
    url: str
    picture: Cover | None
    price: Money | None
    price_varies: bool
    sold_out: bool


# Written by hand, for Django would take three queries, and longer to write them than the database to answer.
# What is offered is what Variant.objects.offered() says.
CARDS = """\
SELECT shown.pk, shown.position, shown.title, shown.slug,
    MIN(offer.price_minor), MAX(offer.price_minor),
    MAX(CASE WHEN offer.stock_tracked AND offer.stock_on_hand <= offer.stock_reserved THEN 0 ELSE 1 END),
    cover.url, cover.width, cover.height, cover.alt, cover.renditions, cover.colour
FROM ({products}) AS shown
LEFT JOIN catalog_variant offer ON offer.product_id = shown.pk AND offer.is_active AND offer.currency = %s
LEFT JOIN catalog_productimage cover ON cover.id = (
    SELECT id FROM catalog_productimage WHERE product_id = shown.pk AND url <> '' ORDER BY position, id LIMIT 1
)
GROUP BY shown.pk, shown.position, shown.title, shown.slug, cover.id
ORDER BY shown.position, shown.pk
"""

NAMED = "SELECT r.pk, r.position, named.title, named.slug FROM ({rows}) AS r JOIN catalog_product named ON named.id = r.pk"


def cards_of(products: QuerySet[Product]) -> list[Card]:
    """A card for each of these published products, in the shop's order."""
    try:
        return _read(*products.values_list("pk", "position", "title", "slug").query.sql_with_params())
    except EmptyResultSet:  # Django knows that there can be none
        return []


def cards_from(rows: str, values: list[Any]) -> list[Card]:
    """A card for each product of a statement that answers (pk, position); `position` is what they are sorted by."""
    return _read(NAMED.format(rows=rows), values)


def _read(products: str, values: Iterable[Any]) -> list[Card]:
    currency = settings.SHOP_CURRENCY
    with connection.cursor() as cursor:
        cursor.execute(CARDS.format(products=products), [*values, currency])
        return [_card(currency, *row) for row in cursor.fetchall()]


@lru_cache(maxsize=1024)  # a row says all that is in the card
def _card(
    currency: str, pk: int, position: int, title: str, slug: str, lowest: int | None, highest: int, in_stock: int, *cover: Any
) -> Card:
    """A row of CARDS: without a lowest price nothing is on sale, without a cover its columns are null."""
    price = None if lowest is None else Money(lowest, currency)
    picture = Cover(*cover) if cover[0] is not None else None
    sold_out = price is None or not in_stock
    return Card(pk, position, title, address("catalog:product", slug), picture, price, lowest != highest, sold_out)
