"""`{% top_categories as categories %}` for the menu: from the page's own `tree` if it has one, else one query."""

from __future__ import annotations

from django import template
from django.template.context import Context

from catalog.models import Category
from catalog.tree import CategoryTree

register = template.Library()


@register.simple_tag(takes_context=True)
def top_categories(context: Context) -> list[Category]:
    """The visible categories at the top of the tree, in the shop's order."""
    tree = context.get("tree")
    return (tree if isinstance(tree, CategoryTree) else CategoryTree.load_branch()).top
