"""`{% menu as items %}`: all prints and the top categories, from the page's own `tree` if it has one, else one query."""

from __future__ import annotations

from typing import NamedTuple

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import Category
from catalog.tree import CategoryTree

register = template.Library()


class MenuItem(NamedTuple):
    """A link of the menu. `current` is the value of aria-current: "page", "true" for what lies below it, or empty."""

    name: str
    url: str
    current: str


@register.simple_tag(takes_context=True)
def menu(context: Context) -> tuple[MenuItem, ...]:
    """In the shop's order. The page's own `trail` and `category` say where it is."""
    tree = context.get("tree")
    top = (tree if isinstance(tree, CategoryTree) else CategoryTree.load_branch()).top
    products = reverse("catalog:products")
    all_prints = MenuItem(_("All prints"), products, "page" if _path(context) == products else "")
    return (all_prints, *(MenuItem(item.name, item.get_absolute_url(), _current(item, context)) for item in top))


def _current(item: Category, context: Context) -> str:
    trail = context.get("trail")
    if not trail or trail[0].pk != item.pk:
        return ""
    return "page" if item == context.get("category") else "true"


def _path(context: Context) -> str:
    request = context.get("request")
    return request.path if request else ""
