"""What a shopper chooses at the checkout: the way the parcel is sent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from orders.models import ShippingRate


class CheckoutForm(forms.Form):
    """`shipping_rate` only where something is shipped; left out, the first rate is meant: the one that was preselected."""

    shipping_rate = forms.ModelChoiceField(
        ShippingRate.objects.none(),
        label=_("Shipping"),
        required=False,
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("This way of shipping is not offered any more. Choose another one.")},
    )

    def __init__(self, *args: Any, requires_shipping: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.requires_shipping = requires_shipping
        rates = ShippingRate.objects.filter(is_active=True, currency=settings.SHOP_CURRENCY)
        field = self.fields["shipping_rate"]
        field.queryset = rates if requires_shipping else rates.none()  # type: ignore[attr-defined]
        field.initial = rates.first() if requires_shipping else None

    def clean_shipping_rate(self) -> ShippingRate | None:
        if not self.requires_shipping:
            return None
        rate = self.cleaned_data["shipping_rate"] or self.fields["shipping_rate"].initial
        if rate is None:
            raise forms.ValidationError(_("Nothing can be shipped at the moment. Please tell us."), code="no_rates")
        return rate
