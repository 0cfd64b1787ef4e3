"""What lists and search read: copies, so they may differ from what they are copies of. `refresh_listings` makes them anew."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.models import F, Min, OuterRef, Q, Subquery

from catalog.index_models import Listing, Place
from catalog.models import Product, Variant
from payments.audit.run import check


@check(Listing.objects)
def listings_agree() -> Iterable[str]:
    """Lists show every published product of which something is on sale, and no other, at its place and its lowest price."""
    lowest = Variant.objects.offered().filter(product=OuterRef("pk")).order_by().values("product")
    products = Product.objects.annotate(lowest=Subquery(lowest.annotate(lowest=Min("price_minor")).values("lowest")))
    missing = Q(listing=None, is_published=True, lowest__isnull=False)
    needless = Q(listing__isnull=False) & (Q(is_published=False) | Q(lowest=None))
    other = Q(listing__isnull=False) & ~Q(listing__position=F("position"), listing__price_minor=F("lowest"))
    for slug in products.filter(missing | needless | other).values_list("slug", flat=True).iterator():
        yield f"{slug}: lists show something else"


# A category is shown if all above it are published; its products are in all of those. Paths say what lies below what.
PLACES = """
    SELECT category_id, listing_id FROM (
    WITH shown AS (
        SELECT id, path FROM catalog_category c WHERE NOT EXISTS (
            SELECT 1 FROM catalog_category a WHERE NOT a.is_published
            AND (a.path = c.path OR SUBSTR(c.path, 1, LENGTH(a.path) + 1) = a.path || '/')
        )
    ), due AS (
        SELECT DISTINCT a.id AS category_id, l.product_id AS listing_id, l.position, l.price_minor
        FROM catalog_product_categories m
        JOIN catalog_listing l ON l.product_id = m.product_id
        JOIN shown c ON c.id = m.category_id
        JOIN shown a ON a.path = c.path OR SUBSTR(c.path, 1, LENGTH(a.path) + 1) = a.path || '/'
    ), there AS (SELECT category_id, listing_id, position, price_minor FROM catalog_place)
    SELECT category_id, listing_id FROM (SELECT * FROM due EXCEPT SELECT * FROM there) AS missing
    UNION ALL SELECT category_id, listing_id FROM (SELECT * FROM there EXCEPT SELECT * FROM due) AS needless
    ) AS wrong
"""


@check(Place.objects)
def places_agree() -> Iterable[str]:
    """Every visible category shows the listings of its own products and of those below it, and no others."""
    with connection.cursor() as cursor:
        cursor.execute(PLACES)
        for category, product in iter(cursor.fetchone, None):
            yield f"category {category}: product {product} is missing, or should be"
