"""Products that a visitor looked at before. Only their browser knows which (static/js/viewed.js); it asks for the cards."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from catalog.cards import cards_of
from catalog.models import Product

MOST = 12  # as many as the browser remembers
LONGEST_ID = 18  # digits: what the column holds


@require_safe
@cache_control(private=True, no_store=True)
def viewed(request: HttpRequest) -> HttpResponse:
    """A shelf with the products of `?ids=3,1,2`, in this order. What is no id, or not on show any more, is left out."""
    ids = _ids(request.GET.get("ids", ""))
    found = {card.pk: card for card in cards_of(Product.objects.published().filter(pk__in=ids))} if ids else {}
    return render(request, "catalog/viewed.html", {"cards": [found[pk] for pk in ids if pk in found]})


def _ids(text: str) -> list[int]:
    """At most MOST different ids."""
    parts = (part for part in text.split(",") if part.isascii() and part.isdecimal() and len(part) <= LONGEST_ID)
    return list(dict.fromkeys(map(int, parts)))[:MOST]
