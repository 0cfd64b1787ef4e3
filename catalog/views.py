"""The pages of the catalogue. They write nothing and make no session."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from catalog.head import category_head, home_head, list_head, product_head
from catalog.home_page import home_page
from catalog.list_page import list_page
from catalog.page_cache import TOKEN_PLACE, cached_page
from catalog.product_page import chosen_variant, edition_groups, pictures_of, product_page
from catalog.redirects import moved_category, moved_product
from catalog.related import related
from catalog.tree import CategoryTree


@require_safe
@cached_page
def home(request: HttpRequest) -> HttpResponse:
    """Open the shop: pieces on the wall, a first shelf, the categories."""
    page = home_page()
    return render(request, "catalog/home.html", {"home": page, "tree": page.tree, "head": home_head()})


@require_safe
@cached_page
def product_list(request: HttpRequest) -> HttpResponse:
    """Everything that is on sale, page by page."""
    return list_page(request, "catalog/product_list.html", head=list_head(request))


@require_safe
@cached_page
def category(request: HttpRequest, path: str) -> HttpResponse:
    """A category: what lies below it, and the products of its whole subtree."""
    tree = CategoryTree.load_branch(path)
    here = tree.find(path.rstrip("/"))
    if here is None:
        return moved_category(request, path.rstrip("/"))
    trail = tree.trail(here)
    shown: dict[str, Any] = {"category": here, "trail": trail, "children": tree.children(here)}
    head = category_head(here, trail, request)
    return list_page(request, "catalog/category_detail.html", tree=tree, here=here, head=head, **shown)


@require_safe
@cached_page
def product_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One product, its pictures and its editions. `?variant=` chooses one of them."""
    page, wanted = product_page(slug), request.GET.get("variant", "")
    if page is None:
        return moved_product(request, slug)
    tree = CategoryTree.load_branch(page.home_category)
    home_category = tree.find(page.home_category)
    trail = tree.trail(home_category) if home_category else []
    context = {
        "product": page.product,
        "head": product_head(page, trail),
        "tree": tree,
        "trail": trail,
        "pictures": pictures_of(page, wanted),
        "groups": edition_groups(page),
        "chosen": chosen_variant(page, wanted),
        "in_stock": any(variant.in_stock for variant in page.variants),
        "related": related(page.product, home_category),
        "csrf_token": TOKEN_PLACE,
    }
    return render(request, "catalog/product_detail.html", context)
