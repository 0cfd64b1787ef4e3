"""What staff type about variants and pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.images import StoredPicture, fill
from catalog.models import MAX_PRICE_MINOR, MOST_ON_HAND, ProductImage, Variant
from catalog.options import OptionValuesField
from catalog.stock import adjust
from catalog.uploads import Uploads
from money.forms import MoneyField


class VariantForm(forms.ModelForm):
    """A variant with prices in whole units and its stock changed by a difference, so that no sale is overwritten."""

    option_values = OptionValuesField(
        label=_("Options"), required=False, help_text=_("Size: A3; Paper: Matte"), widget=forms.TextInput({"size": 30})
    )
    price_minor = MoneyField(label=_("Price"), maximum=MAX_PRICE_MINOR)
    compare_at_minor = MoneyField(label=_("Price before"), required=False, maximum=MAX_PRICE_MINOR)
    units = forms.IntegerField(
        label=_("Add or take away"), required=False, min_value=-1_000_000, max_value=1_000_000, help_text=_("Units: 12 or -3.")
    )
    reason = forms.CharField(label=_("Reason"), required=False, max_length=100, help_text=_("For the stock's history."))

    class Meta:
        model = Variant
        fields = ["sku", "option_values", "price_minor", "compare_at_minor", "stock_tracked", "image", "position", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        price = self.fields.get("price_minor")
        if price is None:  # for those who may only look
            return
        price.label = gettext("Price (%(currency)s)") % {"currency": settings.SHOP_CURRENCY}
        if self._priced_elsewhere:
            old = {"price": str(self.instance.price), "currency": settings.SHOP_CURRENCY}
            price.required = False
            price.help_text = gettext("Not on sale: it costs %(price)s. Type its price in %(currency)s.") % old
            self.initial["price_minor"] = self.initial["compare_at_minor"] = None

    @property
    def _priced_elsewhere(self) -> bool:
        """Left over from a time when the shop sold in another currency."""
        return bool(self.instance.pk) and self.instance.currency != settings.SHOP_CURRENCY

    def clean(self) -> dict[str, Any] | None:
        data = self.cleaned_data
        if self._priced_elsewhere and data.get("price_minor") is None:
            data |= {"price_minor": self.instance.price_minor, "compare_at_minor": self.instance.compare_at_minor}
        else:
            self.instance.currency = settings.SHOP_CURRENCY
        before = data.get("compare_at_minor")
        if before is not None and before <= data.get("price_minor", 0):
            self.add_error("compare_at_minor", _("The price before must be higher than the price. Leave it empty for none."))
        if data.get("units") and not data.get("stock_tracked"):
            self.add_error("units", _("This variant does not count its stock."))
        elif (data.get("units") or 0) < 0 and not self.instance.pk:
            self.add_error("units", _("There are no units yet that could be taken away."))
        return data

    def save(self, commit: bool = True) -> Variant:
        if commit and self.instance.pk:
            super().save(commit=False)
            self.instance.save()
            return self.instance
        return super().save(commit=commit)

    def move_stock(self, *, by: str) -> None:
        """Book the units typed. Call it after `save`, in the same transaction."""
        units = self.cleaned_data.get("units")
        if units:
            adjust(self.instance.pk, units, by=by, reference=self.cleaned_data.get("reason", ""))


def refuse_overdraws(forms: Iterable[VariantForm]) -> None:
    """Put an error beside each field that would take away units promised to orders, or add more than can be counted.

    Locks the variants until the transaction ends, in the order that everybody keeps, so that what is checked stays true.
    """
    asking = {form.instance.pk: form for form in forms if form.instance.pk and form.cleaned_data.get("units")}
    for variant in Variant.objects.select_for_update().filter(pk__in=asking).order_by("pk"):
        form = asking[variant.pk]
        if variant.stock_on_hand + form.cleaned_data["units"] < variant.stock_reserved:
            about = {"on_hand": variant.stock_on_hand, "reserved": variant.stock_reserved}
            text = _("There are %(on_hand)s on hand and %(reserved)s of them are promised to orders.")
            form.add_error("units", ValidationError(text, params=about))
        elif variant.stock_on_hand + form.cleaned_data["units"] > MOST_ON_HAND:
            about = {"on_hand": variant.stock_on_hand, "most": MOST_ON_HAND}
            form.add_error("units", ValidationError(_("%(on_hand)s on hand; at most %(most)s can be counted."), params=about))


class StockedVariantForm(VariantForm):
    """A variant on a page of its own."""

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        refuse_overdraws([self])
        return data


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


class ImageForm(forms.ModelForm):
    """A picture of a product. Its file was stored before the form was looked at: see catalog/uploads.py."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_("JPEG, PNG or WebP, at most 15 MB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    class Meta:
        model = ProductImage
        fields = ["alt", "position"]

    def __init__(self, *args: Any, uploads: Uploads | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.uploads = uploads or {}
        if "position" in self.fields and not self.instance.pk:
            self.fields["position"].required = False
            self.initial["position"] = None

    def clean_file(self) -> StoredPicture | None:
        outcome = self.uploads.get(self.add_prefix("file"))
        if isinstance(outcome, Exception):
            raise ValidationError(str(outcome))
        if outcome is None and not self.instance.pk:
            raise ValidationError(_("Choose a file."))
        return outcome

    def save(self, commit: bool = True) -> ProductImage:
        if self.cleaned_data.get("file"):
            fill(self.instance, self.cleaned_data["file"])
        if self.instance.position is None:
            last = self.instance.product.images.aggregate(last=Max("position"))["last"]
            self.instance.position = 0 if last is None else last + 1
        return super().save(commit=commit)


class ImageFormSet(forms.BaseInlineFormSet):
    """All pictures of a product. `uploads` is set on a subclass per request."""

    uploads: Uploads = {}

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "uploads": self.uploads}
