"""The list of what runs low, what is gone first at its top, and the mails that told staff of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.long_lists import LongList
from catalog.low_stock import NO_END, running_low, with_sales
from catalog.models import LowStock, LowStockMail, Variant
from catalog.stock_words import free
from catalog.variant_search import VariantSearch


@admin.register(LowStock)
class LowStockAdmin(VariantSearch):
    """Only to look at; each row leads to its variant, where units are added. Who may see variants may see it."""

    list_display = ["link", "product", "options", "free", "stock_on_hand", "stock_reserved", "low_at", "sold", "lasts"]
    list_display_links = None
    list_select_related = ["product"]

    class Media:
        css = {"all": ["css/admin-catalog.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        return with_sales(running_low(self.model._default_manager.all()))

    def get_ordering(self, request: HttpRequest) -> Any:
        return ["days_left", "stock_on_hand", "id"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Variant | None = None) -> bool:
        return any(request.user.has_perm(f"catalog.{verb}_variant") for verb in ("view", "change"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Variant | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Variant | None = None) -> bool:
        return False

    @admin.display(description="SKU")
    def link(self, variant: Variant) -> str:
        return format_html('<a href="{}">{}</a>', reverse("admin:catalog_variant_change", args=[variant.pk]), variant.sku)

    @admin.display(description=_("options"))
    def options(self, variant: Variant) -> str:
        return variant.options_text or "–"

    @admin.display(description=_("available"))
    def free(self, variant: Variant) -> str:
        return free(variant)

    @admin.display(description=_("low at"))
    def low_at(self, variant: Variant) -> Any:
        return _("the shop's") if variant.low_stock_at is None else variant.low_stock_at

    @admin.display(description=_("sold in 30 days"))
    def sold(self, variant: Any) -> int:
        return variant.sold

    @admin.display(description=_("lasts"))
    def lasts(self, variant: Any) -> str:
        if variant.days_left <= 0:
            return gettext("sold out")
        if variant.days_left >= NO_END:
            return gettext("nothing sold")
        days = round(variant.days_left)
        return ngettext("about %d day", "about %d days", days) % days


@admin.register(LowStockMail)
class LowStockMailAdmin(LongList):
    """Only to look at: what was told, and why what was not. It is tried again by itself every ten minutes."""

    list_display = ["hour", "about", "state", "attempts", "next_try_at", "last_error"]
    list_filter = [("sent_at", admin.EmptyFieldListFilter)]
    fields = ["hour", "about", "state", "attempts", "next_try_at", "last_error"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[LowStockMail]:
        return super().get_queryset(request).annotate(articles=Count("notices"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: LowStockMail | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LowStockMail | None = None) -> bool:
        return False

    @admin.display(description=_("articles"))
    def about(self, mail: Any) -> int:
        return mail.articles

    @admin.display(description=_("state"))
    def state(self, mail: LowStockMail) -> str:
        if mail.sent_at:
            return gettext("sent on %(at)s") % {"at": date_format(localtime(mail.sent_at), "SHORT_DATETIME_FORMAT")}
        return gettext("tried again") if mail.last_error else gettext("waits to be sent")
