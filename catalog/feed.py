"""The product feed in Google Merchant's format: RSS 2.0 with its own names, one item for each variant on sale.

Attributes as in support.google.com/merchants/answer/7052112 (product data specification, read in autumn 2026). What cannot be
an item there is left out: variants without a picture, and those that cost nothing. Shipping is set in the account.
Written while it is read, a batch of keys at a time: memory is the same for ten variants and for a million.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from catalog.head import absolute
from catalog.models import ProductImage, Variant
from catalog.plain_text import plain_text, writable
from catalog.structured import amount, brand, group_id, gtin, known_choices
from money import Money

BATCH = 500  # variants that are held at a time
LONGEST_ID, LONGEST_TITLE, LONGEST_TEXT, LONGEST_CHOICE, MORE_PICTURES = 50, 150, 5000, 100, 10
XML = "application/xml; charset=utf-8"
BEGIN = """\
<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">
<channel>
<title>{name}</title>
<link>{url}</link>
<description>{name}</description>
"""
END = "</channel>\n</rss>\n"

Fields = list[tuple[str, str]]


@require_safe
@cache_control(public=True, max_age=3600)
def google_merchant(request: HttpRequest) -> HttpResponseBase:
    """Everything on sale. A HEAD request reads nothing."""
    return StreamingHttpResponse(lines(), content_type=XML) if request.method == "GET" else HttpResponse(content_type=XML)


def lines() -> Iterator[str]:
    """The feed, in pieces; three statements for each batch. A join would be sorted anew for each by PostgreSQL."""
    yield BEGIN.format(name=_text(settings.SHOP_NAME), url=_text(absolute(reverse("catalog:home"))))
    last = 0
    while batch := list(Variant.objects.offered().filter(pk__gt=last).prefetch_related("product").order_by("pk")[:BATCH]):
        pictures = _pictures_of({variant.product_id for variant in batch})
        yield "".join(_item(variant, pictures.get(variant.product_id, {})) for variant in batch)
        last = batch[-1].pk
    yield END


def _pictures_of(product_ids: set[int]) -> dict[int, dict[int, str]]:
    """The addresses of each product's pictures by their keys, in the product's order; none of lost ones."""
    found: dict[int, dict[int, str]] = {}
    rows = ProductImage.objects.filter(product__in=product_ids).exclude(url="").order_by("product", "position", "id")
    for product, pk, url in rows.values_list("product", "pk", "url"):
        found.setdefault(product, {})[pk] = absolute(url)
    return found


def _item(variant: Variant, pictures: dict[int, str]) -> str:
    """One item; empty for what cannot be one."""
    if not pictures or not variant.price_minor or not variant.product.is_published:
        return ""
    fields = [*_what(variant), *_shown(variant, pictures), *_offered(variant), *_identified(variant)]
    inside = "".join(f"<g:{name}>{_text(value)}</g:{name}>\n" for name, value in fields)
    return f"<item>\n{inside}</item>\n"


def _what(variant: Variant) -> Fields:
    product = variant.product
    title = " · ".join(filter(None, [product.title, variant.options_text]))
    description = plain_text(product.description) or product.summary or product.title
    fields = [("id", item_id(variant)), ("title", title[:LONGEST_TITLE]), ("description", description[:LONGEST_TEXT])]
    if variant.option_values:
        fields.append(("item_group_id", group_id(product.pk)))
    return fields + [(name, value[:LONGEST_CHOICE]) for name, value in known_choices(variant).items()]


def _shown(variant: Variant, pictures: dict[int, str]) -> Fields:
    first = pictures.get(variant.image_id or 0) or next(iter(pictures.values()))
    others = [url for url in pictures.values() if url != first][:MORE_PICTURES]
    link = f"{absolute(variant.product.get_absolute_url())}?variant={variant.pk}"
    return [("link", link), ("image_link", first), *(("additional_image_link", url) for url in others)]


def _offered(variant: Variant) -> Fields:
    before = variant.compare_at
    prices = [("price", _price(before or variant.price)), *([("sale_price", _price(variant.price))] if before else [])]
    return [("availability", "in_stock" if variant.in_stock else "out_of_stock"), *prices, ("condition", "new")]


def _identified(variant: Variant) -> Fields:
    code, maker = gtin(variant), brand(variant.product)
    return [*([("brand", maker[:70])] if maker else []), ("gtin", code) if code else ("identifier_exists", "no")]


def item_id(variant: Variant) -> str:
    """The SKU, as in structured data, if it is short enough."""
    return variant.sku if len(variant.sku) <= LONGEST_ID else f"variant-{variant.pk}"


def _price(price: Money) -> str:
    return f"{amount(price)} {price.currency}"


def _text(text: str) -> str:
    return escape(writable(text))
