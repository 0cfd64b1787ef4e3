"""Sitemaps (sitemaps.org, protocol 0.9): an index, the pages that are always there, and the products in parts.

A part holds a range of keys, not of places in a list: the last part of a million products costs what the first does, and a
new product changes one part. The maps lie at the top, for one may only name what lies below its own folder.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from xml.sax.saxutils import escape

from django.db.models import F, Max
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from catalog.addresses import address
from catalog.head import absolute
from catalog.models import Product
from catalog.tree import CategoryTree

KEYS_IN_A_PART = 10_000  # the protocol allows 50,000 addresses and 50 MB
FIRST_LINE = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
Entry = tuple[str, datetime | None]  # an address of ours, and when what it shows last changed


@require_safe
@cache_control(public=True, max_age=3600)
def index(request: HttpRequest) -> HttpResponse:
    """Every map, with its last change. Reads one index of the table, and none of its rows."""
    parts = Product.objects.published().order_by().annotate(part=F("pk") / KEYS_IN_A_PART).values("part")
    changed = parts.annotate(changed=Max("updated_at")).order_by("part").values_list("part", "changed")
    maps: list[Entry] = [(reverse("catalog:sitemap_pages"), None)]
    maps += [(reverse("catalog:sitemap_products", args=[part]), at) for part, at in changed]
    return _xml("sitemapindex", "sitemap", maps)


@require_safe
@cache_control(public=True, max_age=3600)
def pages(request: HttpRequest) -> HttpResponse:
    """The home page, the list of everything, and every category that visitors see."""
    fixed: list[Entry] = [(reverse("catalog:home"), None), (reverse("catalog:products"), None)]
    categories = [(each.get_absolute_url(), each.updated_at) for each in CategoryTree.load().visible]
    return _xml("urlset", "url", [*fixed, *categories])


@require_safe
@cache_control(public=True, max_age=3600)
def products(request: HttpRequest, part: int) -> HttpResponse:
    """The published products of one range of keys. Raises Http404 for a range without any."""
    begin = part * KEYS_IN_A_PART
    shown = Product.objects.published().filter(pk__gte=begin, pk__lt=begin + KEYS_IN_A_PART).order_by("pk")
    found = [(address("catalog:product", slug), at) for slug, at in shown.values_list("slug", "updated_at")]
    if not found:
        raise Http404("No products in this part")
    return _xml("urlset", "url", found)


def _xml(root: str, each: str, entries: Iterable[Entry]) -> HttpResponse:
    lines = [f"<{each}><loc>{escape(absolute(path))}</loc>{_lastmod(at)}</{each}>\n" for path, at in entries]
    text = f'{FIRST_LINE}<{root} xmlns="{NAMESPACE}">\n{"".join(lines)}</{root}>\n'
    return HttpResponse(text, content_type="application/xml; charset=utf-8")


def _lastmod(at: datetime | None) -> str:
    return f"<lastmod>{at.isoformat(timespec='seconds')}</lastmod>" if at else ""
