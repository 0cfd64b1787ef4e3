"""Lists of the admin that cost the same however long they are.

Rows are counted up to `COUNTED`, and pages end there: whoever wants others searches or filters. Of a page the keys are found
first, and only its rows are read whole. A search asks for each of its words in each of `search_fields`, which are lookups
that an index knows ("email__istartswith"), and each by itself: no index knows an OR of them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.text import smart_split, unescape_string_literal

COUNTED = 10_000  # rows
WORDS = 8  # of a search; the others are left out


class ShortPaginator(Paginator):
    """Counts no further than to `COUNTED`; `more` says that there are others."""

    @cached_property
    def count(self) -> int:
        return min(self._seen, COUNTED)

    @property
    def more(self) -> bool:
        return self._seen > COUNTED

    @cached_property
    def _seen(self) -> int:
        """Few are counted by looking at the first page alone: what finds few has to look far."""
        rows: Any = self.object_list
        few = self.per_page + 1
        on_first_page = len(rows.values_list("pk")[:few])
        return on_first_page if on_first_page < few else rows.order_by().values("pk")[: COUNTED + 1].count()


class LongChangeList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        keys = list(self.result_list.values_list("pk", flat=True))
        rows = self.apply_select_related(self.root_queryset.filter(pk__in=keys))
        self.result_list = rows.order_by(*self.get_ordering(request, rows))


class LongList(admin.ModelAdmin):
    """An admin whose list may grow. Sorting is by what `sortable_by` names, nothing unless it is said."""

    paginator = ShortPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would be counted to the end
    list_per_page = 50
    list_max_show_all = 200
    sortable_by: ClassVar[Any] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LongChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer 400 to a NUL in a filter: Django's filters pass it on, and PostgreSQL refuses the query."""
        if any("\x00" in value for _name, values in request.GET.lists() for value in values):
            raise BadRequest("NUL in the query")
        return super().changelist_view(request, extra_context)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        """Rows that have each word somewhere; "two words" in quotes are one. None of them comes twice."""
        for word in _words(search_term)[:WORDS]:
            first, *others = [
                self.model._base_manager.filter(**{lookup: word}).order_by().values("pk")
                for lookup in self.get_search_fields(request)
            ]
            queryset = queryset.filter(pk__in=first.union(*others) if others else first)
        return queryset, False


def _words(text: str) -> list[str]:
    quoted = [(word, word[0] in "\"'" and word[0] == word[-1]) for word in smart_split(text)]
    return [word for word in (unescape_string_literal(word) if yes else word for word, yes in quoted) if word]
