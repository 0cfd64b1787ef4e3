"""What the home page shows, in two queries: pieces for the wall, a first shelf, what is new, a picture per category."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Subquery

from catalog.cards import Card, cards_of
from catalog.index_models import Listing, Place
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
    covers = {category.pk: getattr(category, "cover_id", None) for category in tree.top}
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
    """The id of the first product on the category's page."""
    return Subquery(Place.objects.filter(category=OuterRef("pk")).order_by("position", "listing").values("listing")[:1])


def _shown(cover_ids: Iterable[int | None]) -> list[Card]:
    """The first products of the shop, the newest ones and the covers, in the shop's order, one query."""
    first = Listing.objects.order_by("position", "pk").values("pk")[: ON_THE_WALL + ON_THE_SHELF]
    newest = Listing.objects.order_by("-pk").values("pk")[: ON_THE_WALL + ON_THE_SHELF + NEW]
    three: list[Any] = [first, newest, [pk for pk in cover_ids if pk]]
    parts = [Product.objects.filter(pk__in=some).order_by() for some in three]
    # A union, not an OR: for that PostgreSQL reads the whole table.
    return cards_of(parts[0].union(*parts[1:]).order_by("position", "pk"))
