"""What staff type for many at once."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.bulk.prices import Before, How, Rule
from catalog.models import MAX_PRICE_MINOR
from money.forms import MoneyField

LEAST_PERCENT, MOST_PERCENT = -100, 1_000
MOST_UNITS = 1_000_000  # as for a single variant


class PercentField(forms.CharField):
    """Typed as "10", "-12.5" or "10 %"; cleaned to an integer of hundredths of a percent, None if empty."""

    def to_python(self, value: Any) -> int | None:  # type: ignore[override]
        text = (super().to_python(value) or "").removesuffix("%").rstrip()
        if not text:
            return None
        if not re.fullmatch(r"[+-]?[0-9]{1,6}(\.[0-9]{1,2})?", text, re.ASCII):
            raise ValidationError(_("Type a percentage such as 10 or -12.5, with at most two decimals."))
        hundredths = int(Decimal(text).scaleb(2))
        if not LEAST_PERCENT * 100 <= hundredths <= MOST_PERCENT * 100:
            limits = {"least": LEAST_PERCENT, "most": MOST_PERCENT}
            raise ValidationError(_("From %(least)s to %(most)s percent."), params=limits)
        return hundredths


class UnitsField(forms.IntegerField):
    """As Python reads them, but in ASCII: it would take digits of any script."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> int | None:
        if not str(value or "").isascii():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class NothingToType(forms.Form):
    """Of a change that needs no words."""


class PricesForm(forms.Form):
    how = forms.ChoiceField(label=_("Change prices"), choices=How.choices)
    percent = PercentField(
        label=_("Percent"),
        required=False,
        help_text=_("10 or -12.5. Prices are rounded to what the currency has, a half upwards."),
        widget=forms.TextInput({"size": 10, "autocomplete": "off"}),
    )
    amount = MoneyField(label=_("Amount"), required=False, minimum=-MAX_PRICE_MINOR, maximum=MAX_PRICE_MINOR)
    before = forms.ChoiceField(
        label=_("Price before"),
        choices=Before.choices,
        help_text=_("Crossed out beside the price. It is dropped where it is no longer higher than the price."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].label = gettext("Amount (%(currency)s)") % {"currency": settings.SHOP_CURRENCY}
        self.fields["amount"].help_text = gettext("To change by it: 2.50 or -2.50. To set it: the new price.")

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        how, amount = data.get("how"), data.get("amount")
        if how == How.PERCENT and data.get("percent") is None and "percent" not in self.errors:
            self.add_error("percent", _("Type the percentage."))
        if how in (How.AMOUNT, How.SET) and amount is None and "amount" not in self.errors:
            self.add_error("amount", _("Type the amount."))
        if how == How.SET and (amount or 0) < 0:
            self.add_error("amount", _("A price is not less than nothing."))
        return data

    @property
    def rule(self) -> Rule:
        data = self.cleaned_data
        return Rule(data["how"], data["percent"] or 0, data["amount"] or 0, data["before"])


class StockForm(forms.Form):
    units = UnitsField(
        label=_("Add or take away"),
        min_value=-MOST_UNITS,
        max_value=MOST_UNITS,
        help_text=_("Units of each variant: 12 or -3."),
        widget=forms.TextInput({"size": 10, "inputmode": "text", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=100, help_text=_("For the stock's history. Needed where units go.")
    )

    def clean_units(self) -> int:
        units = self.cleaned_data["units"]
        if not units:
            raise ValidationError(_("Type how many come or go."))
        return units

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if (data.get("units") or 0) < 0 and not data.get("reason") and "reason" not in self.errors:
            self.add_error("reason", _("Say why there are fewer."))
        return data
