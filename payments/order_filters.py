"""The filters of the list of orders in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from orders.models import Order, OutgoingMail
from payments.disputes import orders_without_money
from payments.models import Difference


class CountryFilter(admin.SimpleListFilter):
    """By the country that the parcel goes to. Offers those of the latest orders, so that it costs the same with a million."""

    title = _("country")
    parameter_name = "country"
    latest = 1000

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        addresses = Order.objects.order_by("-pk").values_list("address", flat=True)[: self.latest]
        return [(code, code) for code in sorted({address["country"] for address in addresses if address.get("country")})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        return queryset.filter(address__country=self.value()) if self.value() in dict(self.lookup_choices) else queryset


class AttentionFilter(admin.SimpleListFilter):
    title = _("needs attention")
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        if self.value() != "yes":
            return queryset
        differences = Difference.objects.filter(order__isnull=False, resolved_at=None).order_by().values("order")
        mails = OutgoingMail.objects.filter(failed_at__isnull=False).order_by().values("order")
        few = differences.union(mails, orders_without_money())  # all other orders need not be asked
        return queryset.filter(pk__in=few)


class PaidFilter(admin.SimpleListFilter):
    title = _("paid")
    parameter_name = "paid"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        return queryset.filter(paid_at__isnull=self.value() == "no") if self.value() in ("yes", "no") else queryset
