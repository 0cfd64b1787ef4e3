"""What the home page shows, in four queries: pieces for the wall, a first shelf, what is new, a picture per category."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import OuterRef, Q, Subquery

from catalog.browse import listed
from catalog.cards import Card, cards_of
from catalog.models import Category, Product
from catalog.tree import CategoryTree

ON_THE_WALL, ON_THE_SHELF, NEW = 3, 8, 4


@dataclass(frozen=True)
class CategoryTile:
    category: Category
    cover: Card | None


@dataclass(frozen=True)
class HomePage:
    tree: CategoryTree
    wall: list[Card]
    shelf: list[Card]
    new: list[Card]
    tiles: list[CategoryTile]


def home_page() -> HomePage:
    """Read everything the home page shows. What hangs on the wall is not repeated on the shelf."""
    tree = CategoryTree(list(Category.objects.annotate(cover_id=_first_product())))
    covers = {category.pk: _cover_id(tree, category) for category in tree.top}
    in_order = _shown(covers.values())
    cards = {shown.pk: shown for shown in in_order}
    with_picture = [shown for shown in in_order if shown.picture]
    wall = with_picture[:ON_THE_WALL]
    shelf = [shown for shown in in_order if shown not in wall][:ON_THE_SHELF]
    newest = sorted(in_order, key=lambda shown: shown.pk, reverse=True)
    return HomePage(
        tree=tree,
        wall=wall,
        shelf=shelf,
        new=[shown for shown in newest if shown not in wall and shown not in shelf][:NEW],
        tiles=[CategoryTile(category, cards.get(covers[category.pk] or 0)) for category in tree.top],
    )


def _first_product() -> Subquery:
    """The id of a published product that is directly in the category."""
    members = Product.categories.through.objects.filter(category_id=OuterRef("pk"), product__is_published=True)
    return Subquery(members.order_by("id").values("product_id")[:1])


def _cover_id(tree: CategoryTree, category: Category) -> int | None:
    """The cover of the category itself, else of the first below it that has one."""
    ids = (getattr(tree.get(pk), "cover_id", None) for pk in tree.subtree_ids(category))
    return next((pk for pk in ids if pk), None)


def _shown(cover_ids: Iterable[int | None]) -> list[Card]:
    """The first products of the shop, the newest ones and the covers, in the shop's order: three queries."""
    published = Product.objects.published()
    first = published.order_by("position", "id").values("pk")[: ON_THE_WALL + ON_THE_SHELF]
    newest = published.order_by("-id").values("pk")[: ON_THE_WALL + ON_THE_SHELF + NEW]
    return cards_of(listed().filter(Q(pk__in=first) | Q(pk__in=newest) | Q(pk__in=[pk for pk in cover_ids if pk])))
