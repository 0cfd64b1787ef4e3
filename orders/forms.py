"""What staff type about orders."""

from __future__ import annotations

import re
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from catalog.models import MAX_PRICE_MINOR
from money.forms import MoneyField
from orders.countries import COUNTRIES
from orders.models import ShippingRate


class CountriesField(forms.CharField):
    """Two-letter codes in one line: "DE, FR". Stored as a sorted list."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        codes = set(re.findall(r"[^\s,;]+", super().clean(value).upper()))
        unknown = sorted(codes - COUNTRIES)
        if unknown:
            raise ValidationError(_("Not countries that can be sent to: %(codes)s."), params={"codes": ", ".join(unknown)})
        return sorted(codes)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class ShippingRateForm(forms.ModelForm):
    """A rate with its price in whole units of the shop's currency: "4.90"."""

    price_minor = MoneyField(
        label=_("Price"), maximum=MAX_PRICE_MINOR, help_text=_("In the shop's currency, for instance 4.90.")
    )
    countries = CountriesField(
        label=_("Countries"), max_length=2000, help_text=_("Two-letter codes: DE, FR, GB."), widget=forms.Textarea({"rows": 3})
    )

    min_days = forms.IntegerField(label=_("From (days)"), min_value=0, max_value=365)
    max_days = forms.IntegerField(label=_("To (days)"), min_value=0, max_value=365)

    class Meta:
        model = ShippingRate
        fields = ["name", "price_minor", "countries", "min_days", "max_days", "position", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.instance.currency = settings.SHOP_CURRENCY
        cast(MoneyField, self.fields["price_minor"]).currency = self.instance.currency

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("min_days", 0) > cleaned.get("max_days", cleaned.get("min_days", 0)):
            self.add_error("max_days", _("Not less than the days it takes at least."))
        return cleaned
