"""The catalogue in the admin: categories, variants on their own, and the history of the stock. Products: product_admin.py."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.long_lists import DateFilter, LongList
from catalog import import_admin, low_stock_admin, product_admin  # noqa: F401  they register themselves
from catalog.admin_filters import VariantStockFilter
from catalog.admin_forms import STOCK_TYPED, StockedVariantForm
from catalog.admin_guards import KeepsPromises
from catalog.bulk.admin import BulkChanges
from catalog.history_admin import TellsValues
from catalog.models import Category, Product, ProductImage, StockMovement, Variant
from catalog.options import list_options
from catalog.stock_words import free
from catalog.variant_search import VariantSearch


@admin.register(Category)
class CategoryAdmin(LongList):
    list_display = ["in_tree", "path", "product_count", "position", "is_published"]
    list_filter = ["is_published"]
    search_fields = ["name__icontains", "path__icontains"]
    ordering = ["path"]  # the tree is only a tree in its own order
    autocomplete_fields = ["parent"]
    fields = ["name", "slug", "parent", "description", "position", "is_published", "seo_title", "seo_description"]
    prepopulated_fields = {"slug": ["name"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        members: Any = Product.categories.through.objects.filter(category=OuterRef("pk")).order_by().values("category")
        count = Subquery(members.annotate(count=Count("pk")).values("count"))
        return super().get_queryset(request).annotate(product_count=Coalesce(count, 0))

    @admin.display(description=_("name"))
    def in_tree(self, category: Category) -> str:
        depth = category.path.count("/")
        return "\u2003" * depth + ("└ " if depth else "") + category.name

    @admin.display(description=_("products"))
    def product_count(self, category: Any) -> int:
        return category.product_count


@admin.register(Variant)
class VariantAdmin(VariantSearch, BulkChanges, TellsValues, KeepsPromises):
    form = StockedVariantForm
    actions = ["change_prices", "change_stock"]
    list_display = [
        "sku",
        "product",
        "options",
        "price",
        "stock_on_hand",
        "stock_reserved",
        "free",
        "is_active",
        "history",
    ]
    list_filter = [VariantStockFilter, "is_active", "stock_tracked"]
    list_select_related = ["product"]
    ordering = ["-product_id", "position", "id"]
    sortable_by = ["sku"]
    autocomplete_fields = ["product"]
    edited = [
        (
            None,
            {
                "fields": [
                    "product",
                    "sku",
                    "option_values",
                    "is_active",
                    "position",
                    "barcode",
                    "grams",
                    "image",
                    "more_images",
                ]
            },
        ),
        (_("Price"), {"fields": ["price_minor", "compare_at_minor"]}),
    ]
    counts = ["stock_on_hand", "stock_reserved", "free"]

    class Media:
        css = {"all": ["css/admin-catalog.css"]}

    def get_fieldsets(self, request: HttpRequest, obj: Variant | None = None) -> Any:
        typed = STOCK_TYPED if self._may_write(request, obj) else ()
        stock = ["stock_tracked", "low_stock_at", "expected_on", *(self.counts if obj else []), *typed]
        about, price = self.edited
        if obj is None:  # it has no product yet whose pictures could be chosen
            about = (about[0], {"fields": [name for name in about[1]["fields"] if name != "more_images"]})
        return [about, price, (_("Stock"), {"fields": stock})]

    def get_readonly_fields(self, request: HttpRequest, obj: Variant | None = None) -> list[str]:
        return [*self.counts, "product"] if obj else [*self.counts, "image"]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "more_images":
            kwargs["queryset"] = self._images_for(request)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "image":
            kwargs["queryset"] = self._images_for(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _images_for(self, request: HttpRequest) -> QuerySet[ProductImage]:
        """The pictures of the variant's product; none while there is no variant yet."""
        variant_id = request.resolver_match.kwargs.get("object_id") if request.resolver_match else None
        return ProductImage.objects.filter(product__variants=variant_id) if variant_id else ProductImage.objects.none()

    def save_model(self, request: HttpRequest, obj: Variant, form: Any, change: bool) -> None:
        obj.save()
        form.move_stock(by=request.user.get_username())
        list_options(obj.product)

    def variants_of(self, objects: Iterable[Any]) -> QuerySet[Variant]:
        return Variant.objects.filter(pk__in=[one.pk for one in objects])

    def _may_write(self, request: HttpRequest, obj: Variant | None) -> bool:
        return self.has_change_permission(request, obj) if obj else self.has_add_permission(request)

    @admin.display(description=_("options"))
    def options(self, variant: Variant) -> str:
        return variant.options_text

    @admin.display(description=_("price"))
    def price(self, variant: Variant) -> str:
        return str(variant.price)

    @admin.display(description=_("available"))
    def free(self, variant: Variant) -> Any:
        return free(variant)

    @admin.display(description=_("stock's history"))
    def history(self, variant: Variant) -> str:
        address = reverse("admin:catalog_stockmovement_changelist")
        return format_html('<a href="{}?variant__id__exact={}">{}</a>', address, variant.pk, _("Show"))


@admin.register(StockMovement)
class StockMovementAdmin(LongList):
    """Only to look at: the books are written by sales, returns and counted corrections."""

    list_display = ["at", "sku", "kind", "change", "reserved_change", "reference", "by"]
    list_filter = ["kind", ("at", DateFilter)]
    list_select_related = ["variant"]
    search_fields = ["variant__sku__istartswith", "reference__istartswith"]
    search_help_text = _("How the SKU begins, or the number or words it is because of")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup == "variant__id__exact" or super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: StockMovement | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: StockMovement | None = None) -> bool:
        return False

    @admin.display(description="SKU")
    def sku(self, movement: StockMovement) -> str:
        return movement.variant.sku

    @admin.display(description=_("change"))
    def change(self, movement: StockMovement) -> str:
        return f"{movement.delta:+d}" if movement.delta else "–"

    @admin.display(description=_("reserved"))
    def reserved_change(self, movement: StockMovement) -> str:
        return f"{movement.reserved_delta:+d}" if movement.reserved_delta else "–"
