"""Lists of the admin that cost the same however long they are.

Rows are counted up to `COUNTED`, and pages end there: whoever wants others searches or filters. Only keys are looked for; the
rows of one page are read whole. A search asks for each of its words in each of `search_fields`, which are lookups
that an index knows ("email__istartswith"), and each by itself: no index knows an OR of them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest
from django.core.paginator import Page, Paginator
from django.db import DataError
from django.db.models import Q, QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.text import smart_split, unescape_string_literal
from django.utils.timezone import localtime, make_aware

COUNTED = 10_000  # rows
WORDS = 8  # of a search; the others are left out


class KeysPaginator(Paginator):
    """Finds the keys of the first `COUNTED` rows, once: they tell how many there are and what is on each page.

    `more` says that there are others.
    """

    @cached_property
    def all_keys(self) -> list[Any]:
        rows: Any = self.object_list
        return list(rows.values_list("pk", flat=True)[: COUNTED + 1])

    @property
    def more(self) -> bool:
        return len(self.all_keys) > COUNTED

    @cached_property
    def count(self) -> int:
        return min(len(self.all_keys), COUNTED)

    def keys(self, number: int) -> list[Any]:
        """Of the rows of a page. Raises InvalidPage."""
        last = self.validate_number(number) * self.per_page
        return self.all_keys[last - self.per_page : min(last, COUNTED)]

    def page(self, number: Any) -> Page[Any]:
        rows: Any = self.object_list
        return Page(rows.filter(pk__in=self.keys(number)), number, self)


class LongChangeList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        """Raises IncorrectLookupParameters also for what only the question shows to be none, as the year 99999."""
        try:
            self._find(request)
        except (ValueError, OverflowError, DataError) as error:
            raise IncorrectLookupParameters(error) from error

    def _find(self, request: HttpRequest) -> None:
        super().get_results(request)
        found: Any = self.paginator
        whole = not self.multi_page or (self.show_all and self.can_show_all)
        keys = found.all_keys if whole else found.keys(self.page_num)
        rows = self.apply_select_related(self.root_queryset.filter(pk__in=keys))
        self.result_list = rows.order_by(*self.get_ordering(request, rows))


class DateFilter(admin.DateFieldListFilter):
    """Offers years as well, and the months of the chosen one: so staff get to what lies behind the last page."""

    def __init__(self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        first = model._base_manager.order_by("pk").values_list(field_path, flat=True).first()
        links: list[Any] = []
        for year in range(timezone.localdate().year, localtime(first).year - 1, -1) if first else ():
            links.append((str(year), self._between(year, 1, year + 1, 1)))
            if self.date_params.get(self.lookup_kwarg_since, "").startswith(str(year)):
                ends = [*((year, month + 1) for month in range(1, 12)), (year + 1, 1)]
                links += [
                    (f"\u2003{date_format(date(year, month, 1), 'YEAR_MONTH_FORMAT')}", self._between(year, month, *end))
                    for month, end in enumerate(ends, start=1)
                ]
        self.links = (*self.links, *links)

    def _between(self, year: int, month: int, next_year: int, next_month: int) -> dict[str, str]:
        since, until = (make_aware(datetime(*day, 1)) for day in ((year, month), (next_year, next_month)))
        return {self.lookup_kwarg_since: str(since), self.lookup_kwarg_until: str(until)}


class LongList(admin.ModelAdmin):
    """An admin whose list may grow. Sorting is by what `sortable_by` names, nothing unless it is said."""

    paginator = KeysPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would be counted to the end
    list_per_page = 50
    list_max_show_all = 200
    sortable_by: ClassVar[Any] = ()

    class Media:
        js: ClassVar[Any] = [Script("js/admin-choices.js", type="module")]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LongChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer 400 to a NUL in a filter: Django's filters pass it on, and PostgreSQL refuses the query."""
        if any("\x00" in value for _name, values in request.GET.lists() for value in values):
            raise BadRequest("NUL in the query")
        return super().changelist_view(request, extra_context)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        """Rows that have each word somewhere; "two words" in quotes are one. None of them comes twice.

        All of them where the list has no `search_fields`: its page shows no field to search by.
        """
        words = _words(search_term)[:WORDS] if self.get_search_fields(request) else []
        for word in words:
            queryset = queryset.filter(self.having(word, request))
        return queryset, False

    def having(self, word: str, request: HttpRequest) -> Q:
        """Rows that have the word in one of `search_fields`."""
        first, *others = [
            self.model._base_manager.filter(**{lookup: word}).order_by().values("pk")
            for lookup in self.get_search_fields(request)
        ]
        return Q(pk__in=first.union(*others) if others else first)


def _words(text: str) -> list[str]:
    quoted = [(word, word[0] in "\"'" and word[0] == word[-1]) for word in smart_split(text)]
    return [word for word in (unescape_string_literal(word) if yes else word for word, yes in quoted) if word]
