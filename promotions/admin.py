"""Promotion codes in the admin: made and changed by staff; their uses are facts to read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.long_lists import DateFilter, LongList
from promotions.forms import PromotionForm
from promotions.models import Promotion, Use


@admin.register(Promotion)
class PromotionAdmin(LongList):
    form = PromotionForm
    list_display = ["code", "worth", "minimum_text", "starts_at", "ends_at", "uses_text", "is_active", "note"]
    list_filter = ["is_active"]
    search_fields = ["code__istartswith"]
    search_help_text = _("How the code begins")
    readonly_fields = ["uses_link"]
    fieldsets = [
        (None, {"fields": ["code", "is_active", "note"]}),
        (_("What it takes off"), {"fields": ["percent", "amount_minor", "minimum_minor"]}),
        (_("When, and how often"), {"fields": ["starts_at", "ends_at", "most_uses", "most_uses_per_customer", "uses_link"]}),
    ]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Promotion | None:
        """Lock what may be deleted, before anybody looks whether it was used."""
        found = super().get_object(request, object_id, from_field)
        if found and request.method == "POST" and connection.in_atomic_block:
            Promotion.objects.select_for_update().filter(pk=found.pk).first()
        return found

    @admin.display(description=_("takes off"))
    def worth(self, promotion: Promotion) -> str:
        return promotion.worth

    @admin.display(description=_("goods for at least"))
    def minimum_text(self, promotion: Promotion) -> str:
        return str(promotion.minimum) if promotion.minimum_minor else "—"

    @admin.display(description=_("uses"))
    def uses_text(self, promotion: Promotion) -> str:
        return f"{promotion.uses} / {promotion.most_uses}" if promotion.most_uses is not None else str(promotion.uses)

    @admin.display(description=_("uses"))
    def uses_link(self, promotion: Promotion) -> SafeString | str:
        if promotion.pk is None:
            return "0"
        address = f"{reverse('admin:promotions_use_changelist')}?promotion__exact={promotion.pk}"
        return format_html('<a href="{}">{}</a>', address, promotion.uses)

    def has_delete_permission(self, request: HttpRequest, obj: Promotion | None = None) -> bool:
        """A code that was ever used stays, as orders name it; it can be switched off. No list deletes several at once."""
        unused = obj is not None and not Use.objects.filter(promotion=obj).exists()
        return unused and super().has_delete_permission(request, obj)


@admin.register(Use)
class UseAdmin(LongList):
    list_display = ["order_number", "promotion", "user", "taken_at", "released_at"]
    list_filter = [("released_at", admin.EmptyFieldListFilter), ("taken_at", DateFilter)]
    list_select_related = ["promotion", "user"]
    search_fields = ["order_number__istartswith", "promotion__code__istartswith"]
    search_help_text = _("How the order's number or the code begins")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
