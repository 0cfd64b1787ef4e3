"""What a visitor may send to the cart: which variant, how many. Never a price."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cart.cart import MAX_QUANTITY, TOO_MANY
from promotions.codes import TYPED

LARGEST_ID = 2**63 - 1  # what both databases can compare with


class WholeNumberField(forms.CharField):
    """Digits 0-9 only: not "1.0", not "1e9", not the full-width digits that int() would take."""

    def __init__(self, *, most: int, too_many: Any, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)
        self.most, self.too_many = most, too_many

    def clean(self, value: Any) -> int:
        text = super().clean(value)
        if not re.fullmatch(r"[0-9]+", text, re.ASCII):
            raise forms.ValidationError(_("Enter a whole number."), code="invalid")
        if int(text) > self.most:
            raise forms.ValidationError(self.too_many, code="too_many")
        return int(text)


class CartLineForm(forms.Form):
    """`quantity` 0 is for `update` only: it takes the line out."""

    variant = WholeNumberField(label=_("Variant"), most=LARGEST_ID, too_many=_("There is no such thing on sale."))
    quantity = WholeNumberField(label=_("Quantity"), most=MAX_QUANTITY, too_many=TOO_MANY)


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Promotion code"),
        max_length=TYPED,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )


class AddForm(CartLineForm):
    def clean_quantity(self) -> int:
        if not self.cleaned_data["quantity"]:
            raise forms.ValidationError(_("Choose at least one."), code="too_few")
        return self.cleaned_data["quantity"]
