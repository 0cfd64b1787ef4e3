"""The answer of every page that lists products: a page of cards, what can be narrowed, and the links that keep it all."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from catalog.browse import BadMark, page_of
from catalog.facets import facets
from catalog.filters import Asked, BadFilter, asked_for
from catalog.models import Category
from catalog.selection import Selection
from catalog.terms import asked_words
from catalog.tree import CategoryTree
from catalog.typos import corrected


def list_page(
    request: HttpRequest,
    template: str,
    *,
    q: str = "",
    tree: CategoryTree | None = None,
    here: Category | None = None,
    **about: Any,
) -> HttpResponse:
    """Answer a list: all products, those of the category `here`, or those with the words `q`. At most four statements.

    400 for an address that asks for what cannot be.
    """
    try:
        asked = asked_for(request.GET, q=q)
        tree = tree or CategoryTree.load_branch(asked.category)
        selection = _selection(asked, tree, here)
        about |= _found(request, selection, tree)
    except BadFilter as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    except BadMark:
        reason = _("The part “after” or “before” of this address does not name a place in a list.")
        return render(request, "400.html", {"reason": reason}, status=400)
    chips = asked.chips(category_name=_name_of(asked.category, tree))
    return render(request, template, {"asked": asked, "chips": chips, "tree": tree, **about})


def _selection(asked: Asked, tree: CategoryTree, here: Category | None) -> Selection:
    also = tree.find(asked.category) if asked.category else None
    if asked.category and also is None:
        raise BadFilter(_("There is no category of this address."))
    words = tuple(asked_words(asked.q))
    return Selection(asked, words, here.pk if here else None, also.pk if also else None)


def _found(request: HttpRequest, selection: Selection, tree: CategoryTree) -> dict[str, Any]:
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    asked = selection.asked
    if asked.q and not selection.words:  # signs only: nobody has them
        return {"page": None}
    page = page_of(selection, after=after, before=before)
    if asked.q and not page.cards and not (asked.is_filtered or after or before):
        return _corrected(selection)
    links = {
        "previous": asked.query(before=page.previous) if page.previous else "",
        "next": asked.query(after=page.next) if page.next else "",
    }
    return {"page": page, "links": links, "facets": facets(selection, tree)}


def _corrected(selection: Selection) -> dict[str, Any]:
    """What was meant, if the words as typed are nobody's: its first page, and a link to all of it."""
    meant = corrected(list(selection.words))
    if meant == list(selection.words):
        return {"page": None}
    page = page_of(Selection(selection.asked, tuple(meant)))
    if not page.cards:
        return {"page": None}
    words = " ".join(meant)
    return {
        "page": page,
        "links": {"previous": "", "next": Asked(q=words).query(after=page.next) if page.next else ""},
        "meant": words,
    }


def _name_of(path: str, tree: CategoryTree) -> str:
    found = tree.find(path) if path else None
    return found.name if found else ""
