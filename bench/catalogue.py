"""A catalogue of any size for measuring, made like the demo's: four editions and two pictures for each product.

Rows only: no picture is stored, and the stock has no movements, so an audit of such a shop would complain.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from django.db import connection, transaction
from tqdm import tqdm

from catalog.models import Category, Option, Product, ProductImage, Variant
from orders.models import ShippingRate

TOPS, BELOW = 8, 4
BATCH = 2_000  # products in one transaction
RARE = 30  # products of the one category that holds few, all of them at the end of the shop's order
PLENTY = 1_000_000  # units of each edition
EDITIONS = (("A4", "Smooth", 2900), ("A4", "Cotton rag", 3700), ("A3", "Smooth", 4700), ("A3", "Cotton rag", 5900))
WORDS = "slow quiet tidal copper northern folded drifting paper weather harbour meadow lattice signal orbit delta ember".split()


def load(products: int, *, quiet: bool = False) -> None:
    """Fill an empty shop: categories, a shipping rate and `products` products. About a minute for 100 000."""
    ShippingRate.objects.create(name="Tracked parcel", price_minor=590, currency="EUR", countries=["DE", "FR"])
    categories = _categories()
    with tqdm(total=products, unit=" products", disable=quiet, leave=False) as bar:
        for first in range(0, products, BATCH):
            numbers = range(first, min(first + BATCH, products))
            with transaction.atomic():
                _load(numbers, categories, rare_from=products - RARE)
            bar.update(len(numbers))
    if connection.vendor == "postgresql":  # autovacuum would do it a minute later
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _categories() -> list[Category]:
    """The categories that hold products: two levels, the last one is the rare one."""
    tops = [Category(name=f"Way {top}", slug=f"way-{top}", path=f"way-{top}", position=top) for top in range(TOPS)]
    Category.objects.bulk_create(tops)
    below = [
        Category(
            name=f"{top.name}, kind {kind}", slug=f"kind-{kind}", path=f"{top.path}/kind-{kind}", parent=top, position=kind
        )
        for top in tops
        for kind in range(BELOW)
    ]
    return Category.objects.bulk_create([*below, Category(name="Rare", slug="rare", path="rare", position=TOPS)])


def _load(numbers: range, categories: list[Category], *, rare_from: int) -> None:
    products = Product.objects.bulk_create(_product(number) for number in numbers)
    pictures = ProductImage.objects.bulk_create(image for product in products for image in _pictures(product))
    Option.objects.bulk_create(
        Option(product=product, name=name, position=at) for product in products for at, name in enumerate(("Size", "Paper"))
    )
    Variant.objects.bulk_create(
        variant for product, image in zip(products, pictures[1::2], strict=True) for variant in _variants(product, image)
    )
    membership: Any = Product.categories.through
    membership.objects.bulk_create(
        membership(product=product, category=category)
        for number, product in zip(numbers, products, strict=True)
        for category in _homes(number, categories, rare_from=rare_from)
    )


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


def _homes(number: int, categories: list[Category], *, rare_from: int) -> list[Category]:
    *usual, rare = categories
    return [usual[number % len(usual)], *([rare] if number >= rare_from else [])]
