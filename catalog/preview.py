"""A product that is not in the shop, shown by a private link: signed, for this product alone, and for seven days."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog.models import Product
from catalog.product_page import edition_groups, page_of

LASTS = timedelta(days=7)
LONGEST = 100  # characters of a link's secret part worth looking at
# Not "same-origin", as other private pages say: nothing is posted from here, and nobody need know where a reader came from.
HEADERS = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


class NoPreview(Exception):
    """The link was not made by this shop, or not for a product that is there."""


class PreviewIsOver(Exception):
    """The link was good once."""


def preview_link(product: Product) -> tuple[str, datetime]:
    """An absolute address that shows the product to whoever has it, and until when. Nothing is written down."""
    address = reverse("catalog:preview", args=[_signer().sign(str(product.pk))])
    return f"{settings.SITE_URL}{address}", timezone.now() + LASTS


def opened(token: str) -> Product:
    """The product of a link. Raises PreviewIsOver, and NoPreview for all that is no link of ours."""
    if not (token.isascii() and token.isprintable() and len(token) <= LONGEST):
        raise NoPreview
    try:
        pk = int(_signer().unsign(token, max_age=LASTS))
    except SignatureExpired:
        raise PreviewIsOver from None
    except (BadSignature, ValueError):
        raise NoPreview from None
    product = Product.objects.filter(pk=pk).first()
    if product is None:
        raise NoPreview
    return product


@require_safe
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """The product's page without anything to buy; once it is published, the way to its own page."""
    try:
        product = opened(token)
    except NoPreview:
        return _no_preview(request, _("This link shows nothing"), _("It was cut short, or what it showed is gone."), 404)
    except PreviewIsOver:
        return _no_preview(request, _("This link is over"), _("It showed a piece before it came into the shop."), 410)
    if product.is_published:
        return _private(redirect(product.get_absolute_url()))
    page = page_of(product)
    context = {"product": product, "pictures": page.images, "groups": edition_groups(page), "trail": []}
    return _private(render(request, "catalog/preview.html", context))


def _no_preview(request: HttpRequest, heading: str, words: str, status: int) -> HttpResponse:
    return _private(render(request, "catalog/no_preview.html", {"heading": heading, "words": words}, status=status))


def _private(response: HttpResponse) -> HttpResponse:
    for name, value in HEADERS.items():
        response[name] = value
    return response


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="catalog.preview")
