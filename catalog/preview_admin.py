"""The link that shows a product before it is in the shop, on its page in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from catalog.preview import preview_link


class ShowsPreview(admin.ModelAdmin):
    """Whoever may look at a product may show it to others."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or obj.is_published:
            return fieldsets
        return [*fieldsets, (_("Before it is in the shop"), {"fields": ["private_link"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "private_link"]

    @admin.display(description=_("private link"))
    def private_link(self, product: Product) -> str:
        address, until = preview_link(product)
        text = _("Until %(day)s it shows the product as it is saved, to whoever has it. Once published it leads there.")
        words = text % {"day": date_format(localtime(until), "DATETIME_FORMAT")}
        return format_html('<a href="{}">{}</a><br>{}', address, _("Preview"), words)
