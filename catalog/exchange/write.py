"""Products as a CSV file in the layout of Shopify. Imported again, it changes nothing.

Reads by key, a hundred products at once: memory does not grow with the shop.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import zip_longest

from django.conf import settings
from django.db.models import Count, Max

from catalog.exchange.columns import SHOPIFY_OPTIONS, guarded, option_columns
from catalog.exchange.parse import NO_CHOICE
from catalog.exchange.plan import units_shown
from catalog.exchange.shelf import Known, full_address, with_parts
from catalog.models import Option, Product, Variant
from money import Money

BATCH = 100  # products, each with up to 500 variants
BOM = "\ufeff"  # or spreadsheets take the letters for those of their own country

Cells = dict[str, str]


def header() -> list[str]:
    """The layout's columns, then those that only this shop has. More options than usual if a product has more."""
    most = Option.objects.values("product").annotate(count=Count("pk")).aggregate(most=Max("count"))["most"] or 0
    return [
        "Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published",
        *option_columns(max(SHOPIFY_OPTIONS, most)),
        "Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy",
        "Variant Price", "Variant Compare At Price", "Variant Requires Shipping", "Variant Barcode",
        "Image Src", "Image Position", "Image Alt Text", "SEO Title", "SEO Description", "Variant Image",
        "Summary", "Variant Active",
    ]  # fmt: skip


def export() -> Iterator[tuple[str, int]]:
    """Pieces of the file, each with the number of products in it."""
    columns = header()
    yield BOM + _csv(columns, [dict(zip(columns, columns, strict=True))]), 0
    last = 0
    while products := list(Product.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = products[-1].pk
        variants = Variant.objects.filter(product__in=products).select_related("image").order_by("position", "id")
        known = with_parts(products, variants)
        yield _csv(columns, (line for one in known.values() for line in lines_of(one))), len(products)


def lines_of(known: Known) -> Iterator[Cells]:
    """The lines of one product: what belongs to it on the first, then a variant and a picture each."""
    names = list(dict.fromkeys([option.name for option in known.options] + _used(known.variants)))
    pictures = _pictures(known)
    variants = [_variant(variant, names, known) for variant in known.variants]
    first = _product(known, names)
    nothing: Cells = {}
    for variant, picture in zip_longest(variants or [nothing], pictures, fillvalue=nothing):
        yield {"Handle": known.product.slug, **first, **variant, **picture}
        first = {}


def _used(variants: list[Variant]) -> list[str]:
    return [name for variant in variants for name in variant.option_values]


def _product(known: Known, names: list[str]) -> Cells:
    product = known.product
    options = {f"Option{number} Name": name for number, name in enumerate(names or NO_CHOICE, 1)}
    return {
        "Title": product.title,
        "Body (HTML)": product.description,
        "Vendor": product.vendor,
        "Type": known.type,
        "Tags": product.tags,
        "Published": _bool(product.is_published),
        "SEO Title": product.seo_title,
        "SEO Description": product.seo_description,
        "Summary": product.summary,
        **options,
    }


def _variant(variant: Variant, names: list[str], known: Known) -> Cells:
    chosen = [variant.option_values.get(name, "") for name in names] or list(NO_CHOICE.values())
    ours = variant.currency == settings.SHOP_CURRENCY
    counted = variant.stock_tracked
    return {
        **{f"Option{number} Value": value for number, value in enumerate(chosen, 1)},
        "Variant SKU": variant.sku,
        "Variant Grams": str(variant.grams),
        "Variant Inventory Tracker": "shopify" if counted else "",
        "Variant Inventory Qty": str(units_shown(variant)) if counted else "",
        "Variant Inventory Policy": "deny" if counted else "continue",
        "Variant Price": _amount(variant.price_minor) if ours else "",
        "Variant Compare At Price": _amount(variant.compare_at_minor) if ours else "",
        "Variant Requires Shipping": _bool(known.product.requires_shipping),
        "Variant Barcode": variant.barcode,
        "Variant Image": _variant_picture(variant, known),
        "Variant Active": _bool(variant.is_active),
    }


def _variant_picture(variant: Variant, known: Known) -> str:
    if variant.image is not None:
        return full_address(variant.image.url)
    return next((one.url for one in known.pictures if not one.image_id and variant.pk in one.for_variants), "")


def _pictures(known: Known) -> list[Cells]:
    """Those that are here, then those that are still to come."""
    here = [(full_address(image.url), image.position, image.alt) for image in known.images if image.url]
    to_come = [(one.url, one.position, one.alt) for one in known.pictures if not one.image_id]
    return [
        {"Image Src": url, "Image Position": "" if position is None else str(position + 1), "Image Alt Text": alt}
        for url, position, alt in here + to_come
    ]


def _amount(minor: int | None) -> str:
    return "" if minor is None else str(Money(minor, settings.SHOP_CURRENCY).decimal)


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _csv(columns: list[str], lines: Iterator[Cells] | list[Cells]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerows([guarded(line.get(column, "")) for column in columns] for line in lines)
    return out.getvalue()
