"""A catalogue of any size for measuring: four editions and two pictures for each product, many words, a tree of categories.

Rows only: no picture is stored, and the stock has no movements, so an audit of such a shop would complain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from django.core.management.color import no_style
from django.db import connection, transaction
from tqdm import tqdm

from bench.words import texts
from catalog.listing import refresh_all
from catalog.models import Category, Option, Product, ProductImage, Variant
from orders.models import ShippingRate

TOPS, KINDS, SORTS = 8, 6, 5  # categories: below each of the first lie some of the second, below these some of the third
DRAWN = 1_000  # products made one by one; larger catalogues have other products with copies of their parts
RARE = 30  # products of the one category that holds few, all of them at the end of the shop's order
PLENTY = 1_000_000  # units of each edition that is not sold out
SOLD_OUT = 10  # every tenth product is
SIZES, PAPERS = ("A5", "A4", "A3", "A2", "A1"), ("Smooth", "Cotton rag", "Washi", "Recycled")
MEMBERSHIP: Any = Product.categories.through
CHANGED: dict[Any, dict[str, str]] = {  # what a copy has otherwise, beside its keys
    ProductImage: {},
    Option: {},
    Variant: {"sku": "sku || '-{copy}'", "price_minor": "price_minor + {copy} % 97 * 50"},
}


def load(products: int, *, quiet: bool = False) -> None:
    """Fill an empty shop: categories, a shipping rate and `products` products. Minutes for a million.

    Raises ValueError for more than a thousand that are no whole thousands.
    """
    if products > DRAWN and products % DRAWN:
        raise ValueError(f"{products} products: take up to {DRAWN}, or a multiple of it")
    ShippingRate.objects.create(name="Tracked parcel", price_minor=590, currency="EUR", countries=["DE", "FR"])
    categories = _categories()
    with tqdm(total=products, unit=" products", disable=quiet, leave=False) as bar:
        with transaction.atomic():
            _draw(range(min(products, DRAWN)), categories, of=products)
            _draw_parts()
        bar.update(min(products, DRAWN))

        def draw(copy: int) -> None:
            _draw(range(copy * DRAWN, (copy + 1) * DRAWN), categories, of=products)

        multiply(CHANGED, products // DRAWN - 1, lambda: bar.update(DRAWN), beside=(Product, draw))
    last = Product.objects.order_by("-position").values_list("pk", flat=True)[:RARE]
    rare = Category.objects.create(name="Rare", slug="rare", position=TOPS)
    rare.products.set(last)
    with tqdm(desc="Listings", total=products, unit=" products", disable=quiet, leave=False) as bar:
        refresh_all(bar.update)
    if connection.vendor == "postgresql":  # autovacuum would do it a minute later
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE" if not connection.in_atomic_block else "ANALYZE")


def _categories() -> list[Category]:
    """The categories that hold products, the lowest ones: a few will hold many products, many hold few."""
    levels = [[Category(name=f"Way {top}", slug=f"way-{top}", path=f"way-{top}", position=top) for top in range(TOPS)]]
    for name, most in (("kind", KINDS), ("sort", SORTS)):
        Category.objects.bulk_create(levels[-1])
        levels.append([_below(above, name, at) for above in levels[-1] for at in range(most)])
    return Category.objects.bulk_create(levels[-1])


def _below(above: Category, name: str, at: int) -> Category:
    slug = f"{name}-{at}"
    return Category(name=f"{above.name}, {name} {at}", slug=slug, path=f"{above.path}/{slug}", parent=above, position=at)


def _draw(numbers: range, categories: list[Category], *, of: int) -> None:
    draw = Random(numbers.start)
    products = Product.objects.bulk_create(
        Product(pk=number + 1, slug=f"piece-{number}", is_published=True, position=number, **vars(told))
        for number, told in zip(numbers, texts(numbers, of=of), strict=True)
    )
    homes = [categories[int((len(categories) + 1) ** draw.random()) - 1] for _product in products]
    MEMBERSHIP.objects.bulk_create(
        MEMBERSHIP(product=product, category=category) for product, category in zip(products, homes, strict=True)
    )


def _draw_parts() -> None:
    products = list(Product.objects.order_by("pk"))
    pictures = ProductImage.objects.bulk_create(image for product in products for image in _pictures(product))
    Option.objects.bulk_create(
        Option(product=product, name=name, position=at) for product in products for at, name in enumerate(("Size", "Paper"))
    )
    Variant.objects.bulk_create(
        variant for product, image in zip(products, pictures[1::2], strict=True) for variant in _variants(product, image)
    )


def multiply(
    changed: dict[Any, dict[str, str]],
    copies: int,
    done: Callable[[], object],
    *,
    beside: tuple[Any, Callable[[int], None]] | None = None,
) -> None:
    """Copy all rows of these models, which refer to each other, inside the database: each copy is a statement for each model.

    `beside`: a model that they belong to, of which the function makes the rows of a copy. `done` is called after each copy.
    """
    models = [*changed, beside[0]] if beside else [*changed]
    drawn = {model: model.objects.count() for model in models}
    last = {model: model.objects.latest("pk").pk for model in changed}
    for copy in range(1, copies + 1):
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":  # looks up no keys: they are of rows that were written just before
                cursor.execute("SET LOCAL session_replication_role = replica")
            if beside:
                beside[1](copy)
            for model in changed:
                cursor.execute(_copied(model, changed[model], copy, drawn, last[model]))
        done()
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def _copied(model: Any, changed: dict[str, str], copy: int, drawn: dict[Any, int], last: int) -> str:
    """The SQL of one copy of the rows up to the `last`: other keys, and other values of what must not be the same."""
    values = {}
    for field in model._meta.concrete_fields:
        shift = drawn.get(model if field.primary_key else field.related_model)
        name = f'"{field.column}"'
        values[name] = f"{name} + {copy * shift}" if shift else changed.get(field.column, name).format(copy=copy)
    table = model._meta.db_table
    return f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())} FROM {table} WHERE id <= {last}"  # noqa: S608


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
    """Two neighbouring sizes, each on two papers."""
    number = product.position
    size, paper = number * 7 % (len(SIZES) - 1), number * 3 % len(PAPERS)
    editions = [(SIZES[size + at // 2], PAPERS[(paper + at % 2) % len(PAPERS)]) for at in range(4)]
    for position, (chosen, on) in enumerate(editions):
        yield Variant(
            product=product,
            sku=f"P{number}-{position}",
            option_values={"Size": chosen, "Paper": on},
            price_minor=1900 + SIZES.index(chosen) * 1500 + PAPERS.index(on) * 400 + number % 10 * 100,
            currency="EUR",
            stock_on_hand=0 if number % SOLD_OUT == SOLD_OUT - 1 else PLENTY,
            image=image if position else None,
            position=position,
        )
