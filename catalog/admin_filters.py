"""How staff narrow down lists: by stock, by category with all that lies below it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog.low_stock import threshold
from catalog.models import Category, Variant


def levels() -> dict[str, Q]:
    counted, few = Q(stock_tracked=True, is_active=True), F("stock_reserved") + threshold()
    return {
        "out": counted & Q(stock_on_hand__lte=F("stock_reserved")),
        "low": counted & Q(stock_on_hand__gt=F("stock_reserved"), stock_on_hand__lte=few),
        "plenty": counted & Q(stock_on_hand__gt=few),
        "uncounted": Q(stock_tracked=False),
    }


class VariantStockFilter(admin.SimpleListFilter):
    title = _("stock")
    parameter_name = "stock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("out", _("sold out")),
            ("low", _("few left")),
            ("plenty", _("more")),
            ("uncounted", _("not counted")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        level = levels().get(self.value() or "")
        return queryset if level is None else self.matching(queryset, level)

    def matching(self, queryset: QuerySet[Any], level: Q) -> QuerySet[Any]:
        return queryset.filter(level)


class ProductStockFilter(VariantStockFilter):
    """Products with at least one such variant."""

    def matching(self, queryset: QuerySet[Any], level: Q) -> QuerySet[Any]:
        return queryset.filter(Exists(Variant.objects.filter(level, product=OuterRef("pk"))))


class SubtreeFilter(admin.SimpleListFilter):
    """A category with all below it. Offers the first ones and those beside and below the chosen one: a tree may be large."""

    title = _("category")
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        steps = (self.value() or "").split("/")
        branch = ["/".join(steps[:depth]) for depth in range(1, len(steps) + 1)]
        shown = Category.objects.filter(Q(parent=None) | Q(parent__path__in=branch))
        tree = shown.order_by("path").values_list("path", "name")
        return [(path, "\u2003" * path.count("/") + name) for path, name in tree]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        path = self.value()
        if not path:
            return queryset
        below = Category.objects.filter(Q(path=path) | Q(path__startswith=f"{path}/"))
        return queryset.filter(pk__in=below.values("products"))
