"""What the shop has already of the products that a file names: read for a batch at once, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings

from catalog.exchange.models import PictureToFetch
from catalog.exchange.parse import NO_CHOICE, Choice, Record
from catalog.exchange.sku import made_sku
from catalog.models import Category, Option, Product, ProductImage, Variant


@dataclass(slots=True)
class Known:
    """A product as it is, with everything that a file may say something about."""

    product: Product
    variants: list[Variant] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    images: list[ProductImage] = field(default_factory=list)
    pictures: list[PictureToFetch] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)

    @property
    def type(self) -> str:
        return type_of(self.product, self.categories)


@dataclass(slots=True)
class Shelf:
    """The products of a batch by handle, whose each SKU is, and the categories by their name in small letters."""

    products: dict[str, Known]
    skus: dict[str, int]  # SKU: product's id
    categories: dict[str, Category]


def type_of(product: Product, categories: list[Category]) -> str:
    """What the column Type says: the name that an import gave, else that of the product's first category."""
    if product.product_type or not categories:
        return product.product_type
    return min(categories, key=lambda one: one.path).name


def look_up(records: Iterable[Record], *, lock: bool) -> Shelf:
    """`lock`: hold the products and variants until the transaction ends, so that what is planned stays true."""
    slugs = [record.slug for record in records]
    skus = {sku for record in records for sku in _skus(record)}
    products = Product.objects.filter(slug__in=slugs).order_by("pk")
    variants = Variant.objects.filter(product__slug__in=slugs).order_by("pk")
    if lock:
        products = products.select_for_update(no_key=True)
        variants = variants.select_for_update(of=("self",), no_key=True)
    known = with_parts(products, variants)
    owners = dict(Variant.objects.filter(sku__in=skus).values_list("sku", "product_id"))
    return Shelf({one.product.slug: one for one in known.values()}, owners, categories_by_name())


def _skus(record: Record) -> Iterable[str]:
    for variant in record.variants:
        if variant.sku:
            yield variant.sku
        else:
            yield made_sku(record.slug, variant.options or {})
            yield made_sku(record.slug, variant.options or {}, sure=True)


def with_parts(products: Iterable[Product], variants: Iterable[Variant]) -> dict[int, Known]:
    """The products by id, with those of the variants that are theirs and all that else belongs to them."""
    known = {product.pk: Known(product) for product in products}
    for variant in variants:
        if variant.product_id in known:
            known[variant.product_id].variants.append(variant)
    _read_rest(known)
    return known


def _read_rest(known: dict[int, Known]) -> None:
    for option in Option.objects.filter(product__in=known).order_by("position", "id"):
        known[option.product_id].options.append(option)
    for image in ProductImage.objects.filter(product__in=known).order_by("position", "id"):
        known[image.product_id].images.append(image)
    for picture in PictureToFetch.objects.filter(product__in=known).order_by("id"):
        known[picture.product_id].pictures.append(picture)
    links = Product.categories.through.objects.filter(product__in=known).select_related("category")
    for link in links:
        known[link.product_id].categories.append(link.category)


def categories_by_name() -> dict[str, Category]:
    """Of several with one name the one with the first address."""
    return {category.name.casefold(): category for category in Category.objects.order_by("-path")}


def full_address(url: str) -> str:
    """A picture's address as other programs can fetch it."""
    return f"{settings.SITE_URL}{url}" if url.startswith("/") else url


def plain_choice(options: Choice) -> Choice:
    """The same choice, none written as the layout writes it."""
    return {} if options == NO_CHOICE else options
