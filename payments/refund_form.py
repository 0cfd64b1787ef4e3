"""What staff type to refund a part of an order: units of its lines, shipping, or an amount alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from money import Money
from money.forms import MoneyField
from orders.models import Order, OrderLine
from payments.disputes import left_to_refund
from payments.models import new_reference
from payments.refund_lines import Units, shipping_left, worth


class PartRefundForm(forms.Form):
    """`wish` is what to ask payments.refund.refund for, once the form is valid; its `reference` makes it one, if sent twice."""

    shipping = forms.BooleanField(required=False)
    amount = MoneyField(
        label=gettext_lazy("Amount"),
        required=False,
        minimum=1,
        help_text=gettext_lazy("Leave it empty to give back what was paid for the units chosen; less is possible."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, help_text=gettext_lazy("Stays inside the shop."))
    reference = forms.RegexField(r"^[0-9a-f]{32}\Z", widget=forms.HiddenInput, initial=new_reference)

    def __init__(self, order: Order, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order, self.lines = order, list(order.lines.all())
        self.units: list[Units] = []
        self.fields["amount"].currency = order.currency  # type: ignore[attr-defined]
        left = shipping_left(order)
        if left:
            self.fields["shipping"].label = _("Shipping, %s") % Money(left, order.currency)
        else:
            del self.fields["shipping"]
        for line in self.lines:
            self._add_fields(line)

    def _add_fields(self, line: OrderLine) -> None:
        quantity, restock = _("Units of %s to refund") % line.title, _("Put %s back in stock") % line.title
        self.fields[f"quantity_{line.pk}"] = forms.IntegerField(
            min_value=0,
            max_value=line.refundable_quantity,
            required=False,
            disabled=not line.refundable_quantity,
            widget=forms.NumberInput({"aria-label": quantity, "size": 4}),
        )
        if line.stock_counted and line.variant_id:
            self.fields[f"restock_{line.pk}"] = forms.BooleanField(
                required=False, widget=forms.CheckboxInput({"aria-label": restock})
            )

    @property
    def rows(self) -> list[tuple[OrderLine, BoundField, BoundField | None]]:
        """Each line with its fields."""
        return [
            (line, self[f"quantity_{line.pk}"], self[f"restock_{line.pk}"] if f"restock_{line.pk}" in self.fields else None)
            for line in self.lines
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if set(self.errors) - {"reason", "reference"}:
            return data
        self.units = [
            Units(line.pk, data[f"quantity_{line.pk}"], data.get(f"restock_{line.pk}", False))
            for line in self.lines
            if data[f"quantity_{line.pk}"]
        ]
        data["amount"] = self._amount(data["amount"], shipping=data.get("shipping", False))
        return data

    def _amount(self, typed: int | None, *, shipping: bool) -> int:
        most = left = left_to_refund(self.order).minor
        if self.units or shipping:
            most = worth(self.order, self.units, shipping=shipping)
        elif typed is None:
            self.add_error("amount", _("Choose units above, or type an amount."))
        amount = most if typed is None else typed
        if amount > left:
            self.add_error("amount", _("Of this order %s is left to refund.") % Money(left, self.order.currency))
        elif amount > most:
            told = {"most": Money(most, self.order.currency)}
            self.add_error("amount", _("%(most)s was paid for this. To give more back, choose no units.") % told)
        elif not amount:
            self.add_error("amount", _("Nothing was paid for this."))
        return amount

    @property
    def wish(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "amount_minor": data["amount"],
            "units": self.units,
            "shipping": data.get("shipping", False),
            "reason": data["reason"],
            "reference": data["reference"],
        }

    @property
    def told(self) -> dict[str, Any]:
        """What is asked for, in words, and the fields that say it again."""
        lines = {line.pk: line for line in self.lines}
        return {
            "amount": Money(self.cleaned_data["amount"], self.order.currency),
            "units": [(lines[each.line_id], each.quantity, each.restock) for each in self.units],
            "shipping": self.cleaned_data.get("shipping", False),
            "reason": self.cleaned_data["reason"],
            "fields": [(name, self._again(name, value)) for name, value in self.cleaned_data.items() if value],
        }

    def _again(self, name: str, value: Any) -> str:
        if name == "amount":
            return str(Money(value, self.order.currency).decimal)
        return "on" if value is True else str(value)
