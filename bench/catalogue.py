"""A catalogue of any size for measuring, made like the demo's: four editions and two pictures for each product.

Rows only: no picture is stored, and the stock has no movements, so an audit of such a shop would complain.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from django.core.management.color import no_style
from django.db import connection, transaction
from tqdm import tqdm

from catalog.listing import refresh_all
from catalog.models import Category, Option, Product, ProductImage, Variant
from orders.models import ShippingRate

TOPS, BELOW = 8, 4
DRAWN = 1_000  # products made one by one; larger catalogues are copies of these with numbers behind their names
RARE = 30  # products of the one category that holds few, all of them at the end of the shop's order
PLENTY = 1_000_000  # units of each edition
EDITIONS = (("A4", "Smooth", 2900), ("A4", "Cotton rag", 3700), ("A3", "Smooth", 4700), ("A3", "Cotton rag", 5900))
MEMBERSHIP: Any = Product.categories.through
CHANGED: dict[Any, dict[str, str]] = {  # what a copy has otherwise, beside its keys
    Product: {"slug": "slug || '-{copy}'", "title": "title || '/{copy}'", "position": "position + {products}"},
    ProductImage: {},
    Option: {},
    Variant: {"sku": "sku || '-{copy}'"},
    MEMBERSHIP: {},
}
WORDS = "slow quiet tidal copper northern folded drifting paper weather harbour meadow lattice signal orbit delta ember".split()


def load(products: int, *, quiet: bool = False) -> None:
    """Fill an empty shop: categories, a shipping rate and `products` products. Seconds, also for 100 000.

    Raises ValueError for more than a thousand that are no whole thousands.
    """
    if products > DRAWN and products % DRAWN:
        raise ValueError(f"{products} products: take up to {DRAWN}, or a multiple of it")
    ShippingRate.objects.create(name="Tracked parcel", price_minor=590, currency="EUR", countries=["DE", "FR"])
    categories = _categories()
    with tqdm(total=products, unit=" products", disable=quiet, leave=False) as bar:
        _draw(range(min(products, DRAWN)), categories)
        bar.update(min(products, DRAWN))
        _copy(products // DRAWN - 1, bar)
    last = Product.objects.order_by("-position").values_list("pk", flat=True)[:RARE]
    rare = Category.objects.create(name="Rare", slug="rare", position=TOPS)
    rare.products.set(last)
    with tqdm(desc="Listings", total=products, unit=" products", disable=quiet, leave=False) as bar:
        refresh_all(bar.update)
    if connection.vendor == "postgresql":  # autovacuum would do it a minute later
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _categories() -> list[Category]:
    """The categories that hold products: those below the top ones."""
    tops = [Category(name=f"Way {top}", slug=f"way-{top}", path=f"way-{top}", position=top) for top in range(TOPS)]
    Category.objects.bulk_create(tops)
    below = [
        Category(
            name=f"{top.name}, kind {kind}", slug=f"kind-{kind}", path=f"{top.path}/kind-{kind}", parent=top, position=kind
        )
        for top in tops
        for kind in range(BELOW)
    ]
    return Category.objects.bulk_create(below)


@transaction.atomic
def _draw(numbers: range, categories: list[Category]) -> None:
    products = Product.objects.bulk_create(_product(number) for number in numbers)
    pictures = ProductImage.objects.bulk_create(image for product in products for image in _pictures(product))
    Option.objects.bulk_create(
        Option(product=product, name=name, position=at) for product in products for at, name in enumerate(("Size", "Paper"))
    )
    Variant.objects.bulk_create(
        variant for product, image in zip(products, pictures[1::2], strict=True) for variant in _variants(product, image)
    )
    homes = (categories[number % len(categories)] for number in numbers)
    MEMBERSHIP.objects.bulk_create(
        MEMBERSHIP(product=product, category=category) for product, category in zip(products, homes, strict=True)
    )


def _copy(copies: int, bar: Any) -> None:
    """Multiply what was drawn, inside the database: a thousand products with all their rows in five statements."""
    drawn = {model: list(model.objects.order_by("pk").values_list("pk", flat=True)) for model in CHANGED}
    for copy in range(1, copies + 1):
        with transaction.atomic(), connection.cursor() as cursor:
            for model, ids in drawn.items():
                names = [field.column for field in model._meta.concrete_fields]
                values = ", ".join(_value(field, copy, drawn) for field in model._meta.concrete_fields)
                table = model._meta.db_table
                cursor.execute(
                    f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} WHERE id <= {ids[-1]}"  # noqa: S608
                )
        bar.update(DRAWN)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(CHANGED)):
            cursor.execute(statement)


def _value(field: Any, copy: int, drawn: dict[Any, list[int]]) -> str:
    """The SQL of one column of a copy: other keys, and other names where two of the same are not allowed."""
    kept = drawn.get(field.model if field.primary_key else field.related_model)
    if kept:
        return f"{field.column} + {copy * len(kept)}"
    return CHANGED[field.model].get(field.column, field.column).format(copy=copy, products=copy * len(drawn[Product]))


def _product(number: int) -> Product:
    first, second = Random(number).sample(WORDS, 2)
    return Product(
        title=f"{first.title()} {second.title()} No. {number}",
        slug=f"piece-{number}",
        summary=f"A {first} field of lines, drawn over a {second}.",
        description=f"<p>Lines follow a {first} field. <strong>Each is drawn once</strong>, up to the {second}.</p>" * 4,
        is_published=True,
        position=number,
    )


def _pictures(product: Product) -> Iterator[ProductImage]:
    """Two, each with three smaller copies, as catalog/renditions.py makes them."""
    for position in range(2):
        name = f"pictures/{product.position % 256:02x}/{product.slug}-{position}"
        copies = [
            {"name": f"{name}-{width}.webp", "url": f"/media/{name}-{width}.webp", "width": width, "height": width * 4 // 3}
            | {"type": "image/webp"}
            for width in (320, 640, 1280)
        ]
        alt = f"{product.title}: lines on cream paper"
        size: dict[str, Any] = {"width": 1800, "height": 2400, "renditions": copies}
        yield ProductImage(product=product, alt=alt, position=position, name=f"{name}.jpg", url=f"/media/{name}.jpg", **size)


def _variants(product: Product, image: ProductImage) -> Iterator[Variant]:
    for position, (size, paper, price) in enumerate(EDITIONS):
        yield Variant(
            product=product,
            sku=f"P{product.position}-{position}",
            option_values={"Size": size, "Paper": paper},
            price_minor=price + product.position % 10 * 100,
            currency="EUR",
            stock_on_hand=PLENTY,
            image=image if position else None,
            position=position,
        )
