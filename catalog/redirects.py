"""Where a product or a category went that had an address once. Asked only where a page would answer 404.

Deleted products answer 404, not 410: search engines treat the two alike, and the address may be given to another product.
"""

from __future__ import annotations

from django.db.models import Exists
from django.http import Http404, HttpRequest, HttpResponsePermanentRedirect

from catalog.found import OldAddress
from catalog.models import Category, Product
from catalog.tree import CategoryTree


def moved_product(request: HttpRequest, slug: str) -> HttpResponsePermanentRedirect:
    """Lead on to the product that had this slug. Raises Http404 for none on show, and if one has it now, on show or not."""
    taken = Exists(Product.objects.filter(slug=slug).order_by())
    shown = OldAddress.objects.filter(~taken, address=f"product/{slug}", product__is_published=True)
    for old in shown.select_related("product"):
        return _lead_on(request, old.address_now())
    raise Http404("No such product")


def moved_category(request: HttpRequest, path: str) -> HttpResponsePermanentRedirect:
    """Lead on to the category that had this path. Raises Http404 as `moved_product` does."""
    known = "\0" not in path and len(path) <= 400  # PostgreSQL takes no NUL
    taken = Exists(Category.objects.filter(path=path).order_by())
    for old in OldAddress.objects.filter(~taken, address=f"category/{path}").select_related("category") if known else ():
        there = old.category.path if old.category else ""
        if CategoryTree.load_branch(there).find(there):
            return _lead_on(request, old.address_now())
    raise Http404("No such category")


def _lead_on(request: HttpRequest, address: str) -> HttpResponsePermanentRedirect:
    """For good, and with the question mark and what follows. Browsers may ask again after an hour: names are given anew."""
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address, headers={"Cache-Control": "max-age=3600"})
