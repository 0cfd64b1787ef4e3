"""Products in the admin, with their options, variants and pictures on one page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from catalog.admin_filters import ProductStockFilter, SubtreeFilter
from catalog.admin_forms import STOCK_TYPED, ProductForm, VariantForm, VariantFormSet
from catalog.admin_guards import KeepsPromises
from catalog.bulk.admin import BulkProducts
from catalog.history_admin import TellsValues
from catalog.models import Option, Product, ProductImage, Variant
from catalog.options import OptionFormSet, list_options, rename_options
from catalog.picture_admin import ImageInline, TabularInline, thumbnail
from catalog.preview_admin import ShowsPreview
from catalog.stock_words import free
from catalog.uploads import stored_uploads

OF_A_VARIANT = 18  # fields that the page sends for each, and one more for each of its pictures
MOST_FIELDS = 1_000  # for all variants: settings.DATA_UPLOAD_MAX_NUMBER_FIELDS takes as many again, for pictures and new rows


class OptionInline(TabularInline):
    model = Option
    formset = OptionFormSet
    extra = 0
    verbose_name_plural = _("options: what a shopper chooses by, in this order")


class VariantInline(admin.StackedInline):
    model = Variant
    form = VariantForm
    formset = VariantFormSet
    readonly_fields = ["counts"]
    show_change_link = True

    def get_extra(self, request: HttpRequest, obj: Product | None = None, **kwargs: Any) -> int:
        return 0 if obj else 1

    def get_fieldsets(self, request: HttpRequest, obj: Product | None = None) -> Any:
        typed = [STOCK_TYPED] if self.has_change_permission(request, obj) else []
        rows = [
            ("sku", "option_values", "is_active"),
            ("price_minor", "compare_at_minor", "position"),
            ("counts", "stock_tracked", "low_stock_at", "expected_on"),
            *typed,
            "image",
            "more_images",
        ]
        return [(None, {"fields": rows})]

    def get_formset(self, request: HttpRequest, obj: Product | None = None, **kwargs: Any) -> Any:
        """Every variant offers the same pictures: they are read once, not once per variant."""
        formset = super().get_formset(request, obj, **kwargs)
        fields: Any = formset.form.base_fields
        if "image" in fields:
            images = obj.images.all() if obj else ProductImage.objects.none()
            names = [(one.pk, Truncator(str(one)).chars(50)) for one in images]
            for name, none in (("image", [("", "–")]), ("more_images", [])):
                fields[name].queryset = images
                fields[name].choices = [*none, *names]
        return formset

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        return super().get_queryset(request).prefetch_related("more_images")

    @admin.display(description=_("on hand · reserved · available"))
    def counts(self, variant: Variant) -> Any:
        if variant.pk is None:
            return "–"
        return f"{variant.stock_on_hand} · {variant.stock_reserved} · {free(variant)}"


@admin.register(Product)
class ProductAdmin(BulkProducts, ShowsPreview, TellsValues, KeepsPromises):
    form = ProductForm
    list_display = ["preview", "title", "is_published", "prices", "units", "in_categories", "created"]
    list_display_links = ["title"]  # a picture is no name for a link
    list_filter = ["is_published", ProductStockFilter, SubtreeFilter, "created_at"]
    search_fields = ["title__word", "slug__istartswith", "variants__sku__istartswith"]
    search_help_text = _("A word of the title, or how the address or a SKU begins")
    ordering = ["position", "id"]
    sortable_by = ["title", "created"]
    fieldsets = [
        (None, {"fields": ["title", "slug", "is_published", "summary", "description"]}),
        (_("Where and how"), {"fields": ["categories", "vendor", "tags", "position", "requires_shipping"]}),
        (_("In search engines"), {"fields": ["seo_title", "seo_description"]}),
    ]
    autocomplete_fields = ["categories"]
    prepopulated_fields = {"slug": ["title"]}
    inlines = [ImageInline, VariantInline, OptionInline]
    actions = ["publish", "unpublish", "change_prices", "change_stock"]

    class Media:
        css = {"all": ["css/admin-catalog.css"]}

    def get_inlines(self, request: HttpRequest, obj: Product | None) -> Any:
        """Variants that are too many for one page have their own list. What a page was opened with is saved with it."""
        inlines = super().get_inlines(request, obj)
        if request.method == "POST":
            shown = obj is None or "variants-TOTAL_FORMS" in request.POST
        else:
            shown = obj is None or not self._has_too_many(obj)
        return inlines if shown else [each for each in inlines if each is not VariantInline]

    def get_fieldsets(self, request: HttpRequest, obj: Product | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        may_look = self.admin_site.get_model_admin(Variant).has_view_permission(request)
        if not may_look or VariantInline in self.get_inlines(request, obj):
            return fieldsets
        return [*fieldsets, (_("Variants"), {"fields": ["own_list"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "own_list"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return super().get_queryset(request).prefetch_related("images", "variants", "categories")

    def view_on_site(self, product: Product) -> str | None:
        return product.get_absolute_url() if product.is_published else None

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Pictures are stored before the transaction that `super` opens; see catalog/uploads.py."""
        allowed = request.user.has_perm("catalog.add_productimage") or request.user.has_perm("catalog.change_productimage")
        files = request.FILES.items() if request.method == "POST" and allowed else ()
        with stored_uploads(files, prefix="images-") as uploads:
            request.catalog_uploads = uploads  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        """What was only looked at has not changed: sitemaps say when something did."""
        if not change or form.changed_data:
            super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if formset.model is Variant:
            for variant_form in formset.forms:
                if variant_form.has_changed() and variant_form not in formset.deleted_forms:
                    variant_form.move_stock(by=request.user.get_username())

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for formset in formsets:
            if formset.model is Option:
                rename_options(form.instance, formset.new_names)
        list_options(form.instance)

    def variants_of(self, objects: Iterable[Any]) -> QuerySet[Variant]:
        return Variant.objects.filter(product__in=[one.pk for one in objects])

    @admin.display(description=_("in their own list"))
    def own_list(self, product: Product) -> str:
        count = product.variants.count()
        text = ngettext("Show %(count)d variant", "Show %(count)d variants", count) % {"count": count}
        address = reverse("admin:catalog_variant_changelist")
        why = _("They are too many for this page. Open one to edit it, or tick some and choose an action.")
        return format_html('<a href="{}?product__id__exact={}">{}</a><br>{}', address, product.pk, text, why)

    @admin.display(description=_("picture"))
    def preview(self, product: Product) -> str:
        return thumbnail(next(iter(product.images.all()), None))

    @admin.display(description=_("price"))
    def prices(self, product: Product) -> str:
        amounts = sorted({(one.currency, one.price_minor): one.price for one in self._active(product)}.items())
        if not amounts:
            return str(_("no variant"))
        lowest, highest = str(amounts[0][1]), str(amounts[-1][1])
        return lowest if lowest == highest else f"{lowest} – {highest}"

    @admin.display(description=_("available"))
    def units(self, product: Product) -> Any:
        counted = [one.available for one in self._active(product) if one.available is not None]
        return sum(counted) if counted else _("not counted")

    @admin.display(description=_("categories"))
    def in_categories(self, product: Product) -> str:
        return ", ".join(category.name for category in product.categories.all())

    @admin.display(description=_("created"), ordering="created_at")
    def created(self, product: Product) -> str:
        return date_format(product.created_at, "SHORT_DATE_FORMAT")

    def _has_too_many(self, product: Product) -> bool:
        return product.variants.count() * (OF_A_VARIANT + product.images.count()) > MOST_FIELDS

    def _active(self, product: Product) -> list[Variant]:
        return [variant for variant in product.variants.all() if variant.is_active]
