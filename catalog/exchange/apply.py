"""Writing what was planned: a batch of products in one transaction and a fixed number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain

from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify

from catalog import stock
from catalog.exchange.models import PictureToFetch
from catalog.exchange.plan import CHANGED, NEW, Plan
from catalog.exchange.shelf import Shelf
from catalog.listing import refresh_listings
from catalog.models import Category, Option, Product, ProductImage, Variant

REFERENCE = "import"
PRODUCT_FIELDS = [
    "title", "description", "vendor", "tags", "summary", "seo_title", "seo_description", "is_published", "requires_shipping",
    "product_type", "updated_at",
]  # fmt: skip
VARIANT_FIELDS = [
    "sku", "option_values", "price_minor", "compare_at_minor", "currency", "barcode", "grams", "is_active", "stock_tracked",
    "image",
]  # fmt: skip


def write(plans: Iterable[Plan], shelf: Shelf, *, by: str) -> None:
    """Write the new and changed ones of a batch. Call it in the transaction that locked what was planned for.

    Raises IntegrityError if somebody else wrote the same handle or SKU meanwhile: then nothing of the batch is written.
    """
    plans = [plan for plan in plans if plan.outcome in (NEW, CHANGED)]
    _products(plans)
    _categories(plans, shelf)
    _variants(plans)
    _options(plans)
    stock.take_in([change for plan in plans for change in plan.deltas], reference=REFERENCE, by=by)
    _pictures(plans)
    _tell(plan.product.pk for plan in plans)


def _products(plans: list[Plan]) -> None:
    Product.objects.bulk_create(plan.product for plan in plans if plan.is_new)
    changed = [plan.product for plan in plans if not plan.is_new]
    for product in changed:
        product.updated_at = timezone.now()
    Product.objects.bulk_update(changed, PRODUCT_FIELDS, batch_size=100)


def _categories(plans: list[Plan], shelf: Shelf) -> None:
    """A product leaves the category of its old type for that of the new one; its other categories are kept."""
    links = Product.categories.through
    joined, left = [], Q()
    for plan in plans:
        if plan.type_change is None:
            continue
        before, after = plan.type_change
        old = shelf.categories.get(before.casefold()) if before else None
        if old is not None and not plan.is_new:
            left |= Q(product=plan.product, category=old)
        joined.append(links(product=plan.product, category=_category(after, shelf)))
    if left:
        links.objects.filter(left).delete()
    links.objects.bulk_create(joined, ignore_conflicts=True)


def _category(name: str, shelf: Shelf) -> Category:
    category = shelf.categories.get(name.casefold())
    if category is None:
        category = Category(name=name, slug=_free_slug(name), position=Category.objects.filter(parent=None).count())
        category.save()
        shelf.categories[name.casefold()] = category
    return category


def _free_slug(name: str) -> str:
    stem = slugify(name)[:70] or "category"
    taken = set(Category.objects.filter(path__startswith=stem).values_list("path", flat=True))
    return next(slug for slug in chain([stem], (f"{stem}-{number}" for number in range(2, 10_000))) if slug not in taken)


def _variants(plans: list[Plan]) -> None:
    new = [variant for plan in plans for variant in plan.new_variants]
    for variant in new:
        variant.product_id = variant.product.pk
    Variant.objects.bulk_create(new)
    changed = [variant for plan in plans for variant in plan.changed_variants]
    Variant.objects.bulk_update(changed, VARIANT_FIELDS, batch_size=100)


def _options(plans: list[Plan]) -> None:
    changed = [plan for plan in plans if plan.options is not None]
    Option.objects.filter(product__in=[plan.product for plan in changed if not plan.is_new]).delete()
    options = [option for plan in changed for option in plan.options or []]
    for option in options:
        option.product_id = option.product.pk
    Option.objects.bulk_create(options)


def _pictures(plans: list[Plan]) -> None:
    images = [image for plan in plans for image in plan.images]
    ProductImage.objects.bulk_update(images, ["position", "alt"], batch_size=100)
    pictures = [picture for plan in plans for picture in plan.pictures if picture.pk is None]
    for picture in pictures:
        picture.product_id = picture.product.pk
    by_address: dict[int, dict[str, PictureToFetch]] = defaultdict(dict)
    changed = {picture.pk: picture for plan in plans for picture in plan.pictures if picture.pk}
    waiting = [plan.product.pk for plan in plans if plan.shown_by and not plan.is_new]
    for picture in chain(PictureToFetch.objects.filter(product__in=waiting), changed.values(), pictures):
        by_address[picture.product_id][picture.url] = picture
    for plan in plans:
        rows = by_address[plan.product.pk]
        for variant, url in plan.shown_by:
            changed |= {row.pk: row for row in _wait_for_one(variant, rows[url], rows.values()) if row.pk}
    PictureToFetch.objects.bulk_create(sorted(pictures, key=lambda one: (one.product_id, one.position or 0)))
    PictureToFetch.objects.bulk_update(changed.values(), ["position", "alt", "for_variants"], batch_size=100)


def _wait_for_one(variant: Variant, wanted: PictureToFetch, rows: Iterable[PictureToFetch]) -> list[PictureToFetch]:
    """Let the variant show the picture that was named last, once it is here. Answers the rows that this changes."""
    wrong = [row for row in rows if (variant.pk in row.for_variants) is not (row is wanted)]
    for row in wrong:
        others = [one for one in row.for_variants if one != variant.pk]
        row.for_variants = [*others, variant.pk] if row is wanted else others
    return wrong


def _tell(product_ids: Iterable[int]) -> None:
    """Bulk writes send no signals: whoever keeps copies of products (lists, search) is told here."""
    refresh_listings(product_ids)
