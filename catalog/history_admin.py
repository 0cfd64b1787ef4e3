"""Single edits in the admin leave the values in the history as well, on the page of the product and of the variant."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from catalog.history import log_variants, priced, told
from catalog.models import Product, Variant

MONEY = {"price_minor": "Price", "compare_at_minor": "Price before"}
PLAIN = {
    "title", "slug", "is_published", "vendor", "tags", "position", "requires_shipping",
    "sku", "is_active", "stock_tracked", "low_stock_at", "expected_on", "barcode", "grams",
}  # fmt: skip
STOCK = {"units": "Stock: %+d", "counted": "Stock: counted %d"}  # the stock's own history says the rest


def changes_of(form: Any) -> list[str]:
    """What a form that was saved has changed, in words; of long texts and lists only their names."""
    return [_change(form, name) for name in form.changed_data]


def _change(form: Any, name: str) -> str:
    old, new = form.initial.get(name), form.cleaned_data.get(name)
    label = str(form.fields[name].label or name)
    if name in MONEY:
        return told(MONEY[name], *(priced(each, form.instance.currency) for each in (old, new)))
    if name in STOCK and new is not None:
        return STOCK[name] % new
    return told(label, old, new) if name in PLAIN else label


class TellsValues(admin.ModelAdmin):
    """For the page of a product, with its variants, and for that of a variant."""

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        message = super().construct_change_message(request, form, formsets, add)
        parts = [changes_of(_form_of(formset, row)) for formset in formsets or () for row, _names in formset.changed_objects]
        for entry in (each["changed"] for each in message if "changed" in each):
            entry["fields"] = parts.pop(0) if "name" in entry else changes_of(form)
        return message

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """What changes on the other's page is told there too."""
        super().save_related(request, form, formsets, change)
        variants = [formset for formset in formsets if formset.model is Variant]
        changed = [(row, changes_of(_form_of(each, row))) for each in variants for row, _names in each.changed_objects]
        log_variants(changed, by=request.user, where=(Variant,))
        if change and form.instance.__class__ is Variant and form.changed_data:
            log_variants([(form.instance, changes_of(form))], by=request.user, where=(Product,))


def _form_of(formset: Any, row: Any) -> Any:
    return next(form for form in formset.forms if form.instance == row)
