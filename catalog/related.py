"""Other products of a product's category: those that come after it in the shop's order, and from the first on where few do."""

from __future__ import annotations

from catalog.cards import Card, cards_from
from catalog.models import Category, Product

SHOWN = 4

# Two short walks along the index of places; the second one's ranks lie above all of the first's.
AFTER_IT = """\
SELECT both_ways.pk AS pk, MIN(both_ways.way) AS position FROM (
    SELECT * FROM (
        SELECT listing_id AS pk, position AS way FROM catalog_place
        WHERE category_id = %s AND (position, listing_id) > (%s, %s) ORDER BY position, listing_id LIMIT {shown}
    ) AS later
    UNION ALL
    SELECT * FROM (
        SELECT listing_id AS pk, position + 1099511627776 AS way FROM catalog_place
        WHERE category_id = %s AND listing_id <> %s ORDER BY position, listing_id LIMIT {shown}
    ) AS first_ones
) AS both_ways
GROUP BY both_ways.pk ORDER BY 2, 1 LIMIT {shown}"""


def related(product: Product, category: Category | None) -> list[Card]:
    """At most SHOWN products on sale in `category`, never the product itself. One statement; none without a category."""
    if category is None:
        return []
    values = [category.pk, product.position, product.pk, category.pk, product.pk]
    return cards_from(AFTER_IT.format(shown=SHOWN), values)
