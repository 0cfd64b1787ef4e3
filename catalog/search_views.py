"""Search: the page, and what it suggests while somebody types. Neither writes anything."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from catalog.browse import page_of
from catalog.filters import Asked
from catalog.forms import SearchForm
from catalog.list_page import list_page
from catalog.page_cache import cached_page
from catalog.selection import Selection
from catalog.terms import asked_words
from catalog.typos import corrected

SUGGESTED = 6


@require_safe
@cached_page
def search(request: HttpRequest) -> HttpResponse:
    """Products that have all the words of `?q=`, the last of them perhaps not finished."""
    form = SearchForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    if not words:
        context = {"form": form, "words": "", "page": None}
        return render(request, "catalog/search.html", context, status=200 if form.is_valid() else 400)
    return list_page(request, "catalog/search.html", q=words, form=form, words=words)


@require_safe
def suggest(request: HttpRequest) -> JsonResponse:
    """The first products for what is typed so far, as JSON; for mistyped words those of what was meant.

    They have prices, so nobody may keep them for longer than a page.
    """
    form = SearchForm(request.GET)
    if not form.is_valid():
        return JsonResponse({"error": form.errors["q"][0]}, status=400)
    words = asked_words(form.cleaned_data["q"])
    cards, meant = [], ""
    if words:
        cards = page_of(Selection(Asked(q="?"), tuple(words)), size=SUGGESTED).cards
        if not cards and (better := corrected(words)) != words:
            meant = " ".join(better)
            cards = page_of(Selection(Asked(q="?"), tuple(better)), size=SUGGESTED).cards
    products = [{"title": card.title, "url": card.url, "price": str(card.price or "")} for card in cards]
    answer = JsonResponse({"products": products, "meant": meant if cards else ""})
    patch_cache_control(answer, public=True, max_age=settings.PAGE_CACHE_SECONDS)
    return answer
