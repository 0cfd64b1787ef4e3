"""What the head of a page says to search engines and to those who share it: title, address, picture, structured data.

Addresses are absolute, from SITE_URL, and without what campaigns hang on them. Decided by what Google's documentation said in
autumn 2026: each page of a list has an address of its own (developers.google.com/search/docs/specialty/ecommerce/
pagination-and-incremental-page-loading); lists that are filtered, sorted, or walked backwards show the same products again
and are not indexed (.../crawling-indexing/crawling-managing-faceted-navigation).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from catalog import structured
from catalog.models import Category, ProductImage
from catalog.plain_text import plain_text
from catalog.product_page import ProductPage

SHOWN = 160  # characters of a description that search engines show, more or less
OWN_PAGE = {"after"}  # of a list's parameters: what makes a page of its own
CAMPAIGN = re.compile(r"utm_\w+|_gl|(?:g|d|fb|tt|tw|y)clid|msclkid|[gw]braid|srsltid|mc_[ce]id|igshid", re.ASCII)


@dataclass(frozen=True)
class Shared:
    """The picture that is shown with a link to the page."""

    url: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class Head:
    """`title` is the page's whole title, `name` the short one. Without `canonical` the page is not to be indexed."""

    title: str
    name: str
    description: str
    canonical: str
    kind: str = "website"
    picture: Shared | None = None
    data: list[dict[str, Any]] = field(default_factory=list)


def product_head(page: ProductPage, trail: list[Category]) -> Head:
    """Of a product's page. Its variants are parts of the one page, so their addresses are not canonical."""
    product = page.product
    url = absolute(product.get_absolute_url())
    description = product.seo_description or product.summary or _begin(product.description) or product.title
    crumbs = [*_crumbs(trail), (product.title, url)]
    return Head(
        title=product.seo_title or f"{product.title} · {settings.SHOP_NAME}",
        name=product.seo_title or product.title,
        description=description,
        canonical=url,
        kind="product",
        picture=_shared(page.images),
        data=[*structured.product(page, url), structured.breadcrumbs(crumbs)],
    )


def category_head(category: Category, trail: list[Category], request: HttpRequest) -> Head:
    about = {"name": category.name, "shop": settings.SHOP_NAME}
    return Head(
        title=category.seo_title or f"{category.name} · {settings.SHOP_NAME}",
        name=category.seo_title or category.name,
        description=category.seo_description or _begin(category.description) or _("%(name)s: prints at %(shop)s.") % about,
        canonical=canonical_of_list(request),
        data=[structured.breadcrumbs(_crumbs(trail))],
    )


def list_head(request: HttpRequest) -> Head:
    """Of the list of everything."""
    name = _("All prints")
    return Head(
        title=f"{name} · {settings.SHOP_NAME}",
        name=name,
        description=_about_the_shop(),
        canonical=canonical_of_list(request),
        data=[structured.breadcrumbs(_crumbs([]))],
    )


def home_head() -> Head:
    url = absolute(reverse("catalog:home"))
    logo = absolute(static("img/touch-icon.png"))
    return Head(
        title=f"{settings.SHOP_NAME} · {_('Prints drawn by algorithms')}",
        name=settings.SHOP_NAME,
        description=_about_the_shop(),
        canonical=url,
        data=[structured.organisation(url, logo), structured.website(url)],
    )


def canonical_of_list(request: HttpRequest) -> str:
    """The list's own address; empty if the page shows a choice or an order of what other pages show already."""
    parameters = {name: str(value) for name, value in request.GET.items() if not is_campaign(name)}
    if not parameters.keys() <= OWN_PAGE:
        return ""
    return absolute(request.path) + _query(parameters)


def is_campaign(name: str) -> bool:
    """Is this a parameter by which somebody counts clicks?"""
    return CAMPAIGN.fullmatch(name) is not None


def absolute(address: str) -> str:
    """An address for those who are elsewhere. Stored pictures may have an absolute one already."""
    return address if "://" in address else f"{settings.SITE_URL}{address}"


def _query(parameters: Mapping[str, str]) -> str:
    return f"?{urlencode(parameters)}" if parameters else ""


def _crumbs(trail: list[Category]) -> list[tuple[str, str]]:
    above = [(each.name, absolute(each.get_absolute_url())) for each in trail]
    return [(_("All prints"), absolute(reverse("catalog:products"))), *above]


def _shared(images: list[ProductImage]) -> Shared | None:
    return next((Shared(absolute(one.url), one.width, one.height, one.alt) for one in images), None)


def _begin(text: str) -> str:
    return Truncator(plain_text(text)).chars(SHOWN)


def _about_the_shop() -> str:
    return _("Prints drawn by algorithms: flow fields, terrain, tilings and orbits on fine paper.")
