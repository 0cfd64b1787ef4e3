"""What staff type about variants and pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.exchange.read import LONGEST_CELL
from catalog.models import MAX_PRICE_MINOR, MOST_ON_HAND, Product, Variant
from catalog.newer import KeepsNewer
from catalog.options import OptionValuesField, refuse_more_options
from catalog.stock import adjust, count
from money.forms import MoneyField

STOCK_TYPED = ("units", "counted", "reason", "oversell", "shown")  # of a VariantForm


class ShownField(forms.IntegerField):
    """What the page showed when it was opened: sent along, never a change."""

    widget = forms.HiddenInput

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class VariantForm(KeepsNewer):
    """A variant with prices in whole units and its stock changed by a difference, so that no sale is overwritten.

    The difference is typed, or what was counted is: then it is that to the number which the page showed.
    """

    newer = ("price_minor", "compare_at_minor")

    option_values = OptionValuesField(
        label=_("Options"),
        required=False,
        help_text=_("Size: A3; Paper: Matte. In names and values, \\; is a semicolon, \\: a colon, \\\\ a backslash."),
        widget=forms.TextInput({"size": 30}),
    )
    price_minor = MoneyField(label=_("Price"), maximum=MAX_PRICE_MINOR)
    compare_at_minor = MoneyField(label=_("Price before"), required=False, maximum=MAX_PRICE_MINOR)
    units = forms.IntegerField(
        label=_("Add or take away"), required=False, min_value=-1_000_000, max_value=1_000_000, help_text=_("Units: 12 or -3.")
    )
    counted = forms.IntegerField(
        label=_("Or counted"),
        required=False,
        min_value=0,
        max_value=MOST_ON_HAND,
        help_text=_("All that is on hand, without what is sold and waits to be sent."),
    )
    shown = ShownField(required=False)
    reason = forms.CharField(label=_("Reason"), required=False, max_length=100, help_text=_("For the stock's history."))
    oversell = forms.BooleanField(
        label=_("Promised units will be missing"),
        required=False,
        help_text=_("Only to go below what is promised to orders: it is recorded with your name and reason."),
    )

    class Meta:
        model = Variant
        fields = [
            "sku",
            "option_values",
            "price_minor",
            "compare_at_minor",
            "stock_tracked",
            "low_stock_at",
            "expected_on",
            "image",
            "more_images",
            "position",
            "is_active",
        ]
        widgets = {"more_images": forms.CheckboxSelectMultiple, "expected_on": forms.DateInput({"type": "date"}, "%Y-%m-%d")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["shown"] = self.instance.stock_on_hand
        price = self.fields.get("price_minor")
        if price is None:  # for those who may only look
            return
        price.label = gettext("Price (%(currency)s)") % {"currency": settings.SHOP_CURRENCY}
        if self._priced_elsewhere:
            old = {"price": str(self.instance.price), "currency": settings.SHOP_CURRENCY}
            price.required = False
            price.help_text = gettext("Not on sale: it costs %(price)s. Type its price in %(currency)s.") % old
            self.initial["price_minor"] = self.initial["compare_at_minor"] = None

    def _newer(self) -> list[str]:
        return [] if self._priced_elsewhere else super()._newer()

    @property
    def _priced_elsewhere(self) -> bool:
        """Left over from a time when the shop sold in another currency."""
        return bool(self.instance.pk) and self.instance.currency != settings.SHOP_CURRENCY

    def clean(self) -> dict[str, Any] | None:
        super().clean()
        data = self.cleaned_data
        if self._priced_elsewhere and data.get("price_minor") is None:
            data |= {"price_minor": self.instance.price_minor, "compare_at_minor": self.instance.compare_at_minor}
        else:
            self.instance.currency = settings.SHOP_CURRENCY
        before = data.get("compare_at_minor")
        if before is not None and before <= data.get("price_minor", 0):
            self.add_error("compare_at_minor", _("The price before must be higher than the price. Leave it empty for none."))
        self._clean_stock(data)
        return data

    def _clean_stock(self, data: dict[str, Any]) -> None:
        typed = [name for name in ("units", "counted") if data.get(name) is not None]
        if typed and not data.get("stock_tracked"):
            self.add_error(typed[0], _("This variant does not count its stock."))
        elif len(typed) == 2:
            self.add_error("counted", _("Type what came or went, or what you counted: not both."))
        elif (data.get("units") or 0) < 0 and not self.instance.pk:
            self.add_error("units", _("There are no units yet that could be taken away."))
        elif "counted" in typed and data.get("shown") is None:
            self.add_error("counted", _("This page does not say what it showed. Open it again."))
        elif (self.difference or 0) < 0 and not data.get("reason"):
            self.add_error("reason", _("Say why there are fewer."))

    @property
    def difference(self) -> int | None:
        """The units that come or go by what was typed, once it is clean; None if nothing was."""
        counted = self.cleaned_data.get("counted")
        if counted is not None and self.cleaned_data.get("shown") is not None:
            return counted - self.cleaned_data["shown"]
        return self.cleaned_data.get("units")

    def save(self, commit: bool = True) -> Variant:
        if commit and self.instance.pk:
            super().save(commit=False)
            self.instance.save()
            self.save_m2m()
            return self.instance
        return super().save(commit=commit)

    def show(self, on_hand: int) -> None:
        """Let the page that comes back with an error say what is on hand now."""
        sent: Any = self.data
        again = sent.copy()
        again[self.add_prefix("shown")] = str(on_hand)
        self.data = again

    def move_stock(self, *, by: str) -> None:
        """Book the units typed. Call it after `save`, in the same transaction."""
        data = self.cleaned_data
        why: dict[str, Any] = {"by": by, "reference": data.get("reason", ""), "oversell": data.get("oversell", False)}
        if data.get("counted") is not None:
            why["reference"] = why["reference"] or gettext("counted")
            count(self.instance.pk, data["counted"], seen=data["shown"], **why)
        elif data.get("units"):
            adjust(self.instance.pk, data["units"], **why)


def refuse_overdraws(forms: Iterable[VariantForm]) -> None:
    """Put an error beside each field that would take away units promised to orders, or add more than can be counted.

    Locks products and variants until the transaction ends, in the order that everybody keeps: what is checked stays true.
    """
    asking = {form.instance.pk: form for form in forms if form.instance.pk and form.difference is not None}
    products = Product.objects.filter(pk__in={form.instance.product_id for form in asking.values()})
    list(products.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    for variant in Variant.objects.select_for_update().filter(pk__in=asking).order_by("pk"):
        form = asking[variant.pk]
        field = "units" if form.cleaned_data.get("counted") is None else "counted"
        left = variant.stock_on_hand + (form.difference or 0)
        about = {"on_hand": variant.stock_on_hand, "reserved": variant.stock_reserved, "most": MOST_ON_HAND}
        if field == "counted" and form.cleaned_data["shown"] != variant.stock_on_hand:
            text = _("There are %(on_hand)s on hand now, %(shown)s when you opened this page. Count again.")
            about["shown"] = form.cleaned_data["shown"]
            form.show(variant.stock_on_hand)
        elif (form.difference or 0) < 0 and left < variant.stock_reserved and not form.cleaned_data.get("oversell"):
            text = _(
                "There are %(on_hand)s on hand and %(reserved)s promised to orders. To go below that, tick “Promised units "
                "will be missing”."
            )
        elif left > MOST_ON_HAND:
            text = _("%(on_hand)s on hand; at most %(most)s can be counted.")
        else:
            continue
        form.add_error(field, ValidationError(text, params=about))


class ProductForm(KeepsNewer):
    newer = ("is_published",)

    def clean_description(self) -> str:
        MaxLengthValidator(LONGEST_CELL)(self.cleaned_data["description"])
        return self.cleaned_data["description"]


class StockedVariantForm(VariantForm):
    """A variant on a page of its own."""

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        product = self.instance.product if self.instance.pk else self.cleaned_data.get("product")
        refuse_more_options(product, [self])
        refuse_overdraws([self])
        return data

    def clean_barcode(self) -> str:
        barcode = self.cleaned_data["barcode"]
        if barcode.startswith("'"):
            raise ValidationError(_("Leave out the apostrophe: a spreadsheet put it there, and an import takes it off."))
        return barcode


class VariantFormSet(forms.BaseInlineFormSet):
    """All variants of a product."""

    def get_queryset(self) -> Any:
        variants = super().get_queryset()
        for variant in variants:
            variant.product = self.instance  # or each would look its product up for its name
        return variants

    def clean(self) -> None:
        super().clean()
        kept: list[Any] = [form for form in self.forms if hasattr(form, "cleaned_data") and form not in self.deleted_forms]
        refuse_overdraws(kept)
        self._refuse_twins(kept)
        refuse_more_options(self.instance, kept)
        promised = [form.instance.sku for form in self.deleted_forms if form.instance.pk and self._is_promised(form.instance)]
        if promised:
            text = _("Units of %(skus)s are promised to open orders: it cannot be deleted now. Switch it off instead.")
            raise ValidationError(text, params={"skus": ", ".join(promised)})

    def _is_promised(self, variant: Variant) -> bool:
        return Variant.objects.select_for_update().filter(pk=variant.pk, stock_reserved__gt=0).exists()

    def _refuse_twins(self, kept: list[Any]) -> None:
        seen: list[dict[str, str]] = []
        for form in kept:
            chosen = form.cleaned_data.get("option_values")
            if chosen is None or (not form.has_changed() and not form.instance.pk):
                continue
            if chosen in seen:
                form.add_error("option_values", _("Another variant has the same options: shoppers could not tell them apart."))
            seen.append(chosen)
