"""Structured data in the words of schema.org, as Google's documentation asked for it in autumn 2026.

developers.google.com/search/docs/appearance/structured-data: merchant-listing (offers), product-variants (groups on a single
page), breadcrumb, organization, site-names. The search box for sites ended on 21 November 2024, so there is no SearchAction.
Only what the shop knows is said: no ratings, no delivery times.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from django.conf import settings

from catalog.models import Product, ProductImage, Variant
from catalog.plain_text import plain_text
from catalog.product_page import ProductPage
from money import Money

CONTEXT = "https://schema.org"
VARIES_BY = {"size": "size", "colour": "color", "color": "color", "material": "material", "pattern": "pattern"}
LONGEST = 5000  # characters of a description

Data = dict[str, Any]


def product(page: ProductPage, url: str) -> list[Data]:
    """A product with its offer, or a group of variants; nothing while nothing is on sale."""
    if not page.variants:
        return []
    about = {"@context": CONTEXT, "name": page.product.title, "url": url, **_described(page), **_made_by(page.product)}
    pictures = _pictures(page.images)
    if len(page.variants) == 1:
        (only,) = page.variants
        return [{**about, "@type": "Product", **pictures, **_coded(only), "offers": offer(only, url)}]
    varies = sorted({f"{CONTEXT}/{VARIES_BY[name]}" for name in map(_fold, _option_names(page)) if name in VARIES_BY})
    group = {**about, "@type": "ProductGroup", **pictures, "productGroupID": group_id(page.product.pk)}
    members = [_member(page, variant, url) for variant in page.variants]
    return [{**group, **({"variesBy": varies} if varies else {}), "hasVariant": members}]


def offer(variant: Variant, url: str) -> Data:
    """One variant's price and whether it can be bought now. Its address has the variant chosen."""
    return {
        "@type": "Offer",
        "url": f"{url}?variant={variant.pk}",
        "price": amount(variant.price),
        "priceCurrency": variant.currency,
        "availability": f"{CONTEXT}/{'InStock' if variant.in_stock else 'OutOfStock'}",
        "itemCondition": f"{CONTEXT}/NewCondition",
    }


def breadcrumbs(crumbs: list[tuple[str, str]]) -> Data:
    items = [
        {"@type": "ListItem", "position": place, "name": name, "item": url} for place, (name, url) in enumerate(crumbs, start=1)
    ]
    return {"@context": CONTEXT, "@type": "BreadcrumbList", "itemListElement": items}


def organisation(url: str, logo: str) -> Data:
    return {"@context": CONTEXT, "@type": "Organization", "name": settings.SHOP_NAME, "url": url, "logo": logo}


def website(url: str) -> Data:
    return {"@context": CONTEXT, "@type": "WebSite", "name": settings.SHOP_NAME, "url": url}


@lru_cache(maxsize=1024)  # a shop has not many prices
def amount(price: Money) -> str:
    """The exact amount in whole units with a point, whatever the language of the page: "1250.00"."""
    return f"{price.decimal:f}"


def group_id(product_pk: int) -> str:
    """What the variants of a product have in common, here and in feeds."""
    return f"product-{product_pk}"


def known_choices(variant: Variant) -> dict[str, str]:
    """What was chosen, by the names that schema.org and Google Merchant share: {"size": "A3"}."""
    return {VARIES_BY[_fold(name)]: str(value) for name, value in variant.option_values.items() if _fold(name) in VARIES_BY}


def brand(product: Product) -> str:
    return product.vendor


def gtin(variant: Variant) -> str:
    """The barcode if it is a GTIN: 8, 12, 13 or 14 digits, of which the last checks the others. Else empty."""
    code = variant.barcode.strip()
    if not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", code, re.ASCII) or not int(code):
        return ""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(code)))
    return code if total % 10 == 0 else ""


def _coded(variant: Variant) -> Data:
    code = gtin(variant)
    return {"sku": variant.sku, **({"gtin": code} if code else {})}


def _made_by(product: Product) -> Data:
    name = brand(product)
    return {"brand": {"@type": "Brand", "name": name}} if name else {}


def _member(page: ProductPage, variant: Variant, url: str) -> Data:
    """What is true of this variant alone; the rest is said of the group."""
    own = [image for image in page.images if image.pk == variant.image_id]
    unknown = {name: str(value) for name, value in variant.option_values.items() if _fold(name) not in VARIES_BY}
    other = [{"@type": "PropertyValue", "name": name, "value": value} for name, value in unknown.items()]
    return {
        "@type": "Product",
        "name": " · ".join(filter(None, [page.product.title, variant.options_text])),
        **_coded(variant),
        **_pictures(own or page.images[:1]),
        **known_choices(variant),
        **({"additionalProperty": other} if other else {}),
        "offers": offer(variant, url),
    }


def _described(page: ProductPage) -> Data:
    text = page.product.summary or plain_text(page.product.description)[:LONGEST]
    return {"description": text} if text else {}


def _pictures(images: list[ProductImage]) -> Data:
    urls = [one.url if "://" in one.url else f"{settings.SITE_URL}{one.url}" for one in images]
    return {"image": urls} if urls else {}


def _option_names(page: ProductPage) -> list[str]:
    return list(dict.fromkeys(name for variant in page.variants for name in variant.option_values))


def _fold(name: str) -> str:
    return name.strip().casefold()
