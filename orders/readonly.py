"""Rows in the admin that are facts: staff read them, and change them only by verbs that have a button."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import BadRequest
from django.db.models import Model
from django.http import HttpRequest, HttpResponse


class ReadOnly:
    """No adding, changing or deleting, whatever the permissions; looking still needs the permission to view."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin):
    show_full_result_count = False
    list_per_page = 50

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer 400 to a NUL in a filter: Django's filters pass it on, and PostgreSQL refuses the query."""
        if any("\x00" in value for _name, values in request.GET.lists() for value in values):
            raise BadRequest("NUL in the query")
        return super().changelist_view(request, extra_context)


class ReadOnlyInline(ReadOnly, admin.TabularInline):
    extra = 0
    max_num = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.fields

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever may see the page may see its parts."""
        return True
