"""The category tree, read in one query: the menu, the breadcrumbs and the subtree of a category come from the same rows."""

from __future__ import annotations

from functools import cache, cached_property

from django.core.validators import slug_re
from django.db import connection
from django.db.models import Q

from catalog.models import Category


class CategoryTree:
    """The categories that visitors may see: published, and so is everything above them."""

    def __init__(self, categories: list[Category]) -> None:
        self._published = {category.pk: category for category in categories if category.is_published}
        self._visible = [category for category in categories if self._is_visible(category)]
        self._by_id = {category.pk: category for category in self._visible}

    @classmethod
    def load(cls) -> CategoryTree:
        """Read the whole tree, one query."""
        return cls(list(Category.objects.all()))

    @classmethod
    def load_branch(cls, path: str = "") -> CategoryTree:
        """Read the top of the tree and everything in the branch that `path` lies in, one query."""
        top = path.partition("/")[0]
        if not slug_re.match(top):  # nothing lies there, and PostgreSQL takes no NUL
            return cls(list(Category.objects.raw(_statement(branch=False))))
        below = connection.ops.prep_for_like_query(f"{top}/") + "%"
        return cls(list(Category.objects.raw(_statement(branch=True), [below])))

    @property
    def visible(self) -> list[Category]:
        return self._visible

    @cached_property
    def top(self) -> list[Category]:
        return [category for category in self._visible if category.parent_id is None]

    def find(self, path: str) -> Category | None:
        return next((category for category in self._visible if category.path == path), None)

    def get(self, pk: int | None) -> Category | None:
        return self._by_id.get(pk) if pk else None

    def children(self, category: Category) -> list[Category]:
        return [child for child in self._visible if child.parent_id == category.pk]

    def trail(self, category: Category) -> list[Category]:
        """From the top of the tree down to `category`, both included."""
        trail = [category]
        while trail[0].parent_id:
            trail.insert(0, self._by_id[trail[0].parent_id])
        return trail

    def subtree_ids(self, category: Category) -> list[int]:
        """The category and everything visible below it."""
        below = f"{category.path}/"
        return [category.pk, *(other.pk for other in self._visible if other.path.startswith(below))]

    def _is_visible(self, category: Category) -> bool:
        seen: set[int] = set()
        current: Category | None = category
        while current and current.is_published and current.pk not in seen:
            if current.parent_id is None:
                return True
            seen.add(current.pk)
            current = self._published.get(current.parent_id)
        return False


@cache
def _statement(*, branch: bool) -> str:
    """Kept, for Django takes longer to write it than the database to answer. Its value: what paths in the branch are like."""
    wanted = Q(parent=None) | Q(path__startswith="branch/") if branch else Q(parent=None)
    return Category.objects.filter(wanted).query.sql_with_params()[0]
