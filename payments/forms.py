"""What a shopper chooses at the checkout, and where the shop itself asks, who and where they are."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from orders.countries import COUNTRIES, country_names
from orders.models import Order, ShippingRate
from orders.status import Way


class CheckoutForm(forms.Form):
    """`shipping_rate` only where something is shipped; left out, the first rate is meant: the one that was preselected.

    `way`: one of those the shop offers; left out, the first.
    """

    way = forms.ChoiceField(label=_("How you pay"), required=False, widget=forms.RadioSelect)

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
        offered = [Way(name) for name in settings.PAYMENT_WAYS]
        self.fields["way"].choices = [(way.value, way.label) for way in offered]  # type: ignore[attr-defined]
        self.fields["way"].initial = offered[0].value

    def clean_way(self) -> str:
        return self.cleaned_data["way"] or self.fields["way"].initial

    def clean_shipping_rate(self) -> ShippingRate | None:
        if not self.requires_shipping:
            return None
        rate = self.cleaned_data["shipping_rate"] or self.fields["shipping_rate"].initial
        if rate is None:
            raise forms.ValidationError(_("Nothing can be shipped at the moment. Please tell us."), code="no_rates")
        return rate


class BuyerForm(forms.Form):
    """Who pays and, if something is shipped, where to: what Stripe's page would ask."""

    email = forms.EmailField(label=_("E-mail"), max_length=254, widget=forms.EmailInput({"autocomplete": "email"}))
    recipient = forms.CharField(label=_("Full name"), max_length=200, widget=forms.TextInput({"autocomplete": "name"}))
    line1 = forms.CharField(label=_("Street and number"), max_length=200)
    line2 = forms.CharField(label=_("Flat, floor"), max_length=200, required=False)
    postal_code = forms.CharField(label=_("Postal code"), max_length=20, required=False)
    city = forms.CharField(label=_("City"), max_length=100)
    state = forms.CharField(label=_("State or region"), max_length=100, required=False)
    country = forms.ChoiceField(label=_("Country"))

    ADDRESS = ("line1", "line2", "postal_code", "city", "state", "country")
    AUTOCOMPLETE = ("address-line1", "address-line2", "postal-code", "address-level2", "address-level1", "country")

    def __init__(self, order: Order, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"email": order.email, "recipient": order.recipient, **order.address})
        super().__init__(*args, **kwargs)
        if not order.requires_shipping:
            for name in ("recipient", *self.ADDRESS):
                del self.fields[name]
            return
        for name, autocomplete in zip(self.ADDRESS, self.AUTOCOMPLETE, strict=True):
            self.fields[name].widget.attrs["autocomplete"] = autocomplete
        reached = country_names(order.shipping_countries or sorted(COUNTRIES))
        self.fields["country"].choices = [("", _("Choose…")), *reached]  # type: ignore[attr-defined]

    @property
    def buyer(self) -> dict[str, Any]:
        """For orders.buyer.keep_buyer, once the form is valid."""
        data = self.cleaned_data
        address = {name: data[name] for name in self.ADDRESS if name in data}
        return {"email": data["email"], "recipient": data.get("recipient", ""), "address": address}
