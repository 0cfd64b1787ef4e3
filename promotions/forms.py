"""What staff type about a promotion code."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from money.forms import MoneyField
from promotions.codes import fold
from promotions.models import Promotion, Use

LARGEST_AMOUNT_MINOR = 99_999_999  # as much as can be paid at once


class PromotionForm(forms.ModelForm):
    """A promotion with its amounts in whole units of the shop's currency: "5.00"."""

    percent = forms.IntegerField(
        label=_("Percent"), min_value=1, max_value=100, required=False, help_text=_("Of the goods, in whole percent.")
    )
    amount_minor = MoneyField(
        label=_("Amount"),
        minimum=1,
        maximum=LARGEST_AMOUNT_MINOR,
        required=False,
        help_text=_("Instead of a percentage, for instance 5.00. The goods never cost less than nothing."),
    )
    minimum_minor = MoneyField(
        label=_("Goods for at least"),
        maximum=LARGEST_AMOUNT_MINOR,
        required=False,
        help_text=_("Before the discount, without shipping. Empty: any amount."),
    )

    class Meta:
        model = Promotion
        fields = [
            "code", "percent", "amount_minor", "minimum_minor", "starts_at", "ends_at", "most_uses", "most_uses_per_customer",
            "is_active", "note",
        ]  # fmt: skip
        help_texts = {
            "code": _("Letters, digits, hyphens and underscores, such as SPRING-10. Shoppers may type it in small letters."),
            "most_uses": _("Orders in all. Empty: no limit. An order that is not paid gives its use back; a refund does not."),
            "most_uses_per_customer": _("With a limit, the code is for customers who are logged in. Empty: no limit."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.instance.currency = settings.SHOP_CURRENCY
        for name in ("amount_minor", "minimum_minor"):
            cast(MoneyField, self.fields[name]).currency = self.instance.currency

    def clean_code(self) -> str:
        code = fold(self.cleaned_data["code"])
        if not code:
            raise ValidationError(
                _("Only letters A to Z, digits, hyphens and underscores; it begins with a letter or a digit.")
            )
        return code

    def clean_minimum_minor(self) -> int:
        return self.cleaned_data["minimum_minor"] or 0

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.has_error("percent") and not self.has_error("amount_minor"):
            self._one_of_both(cleaned)
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("Later than it starts."))
        if self.instance.pk is not None:
            self._not_below_what_is_used(cleaned)
        return cleaned

    def _one_of_both(self, cleaned: dict[str, Any]) -> None:
        percent, amount = cleaned.get("percent"), cleaned.get("amount_minor")
        if percent and amount:
            self.add_error("amount_minor", _("Either a percentage or an amount, not both."))
        elif not (percent or amount):
            self.add_error("percent", _("Type a percentage here, or an amount below."))

    def _not_below_what_is_used(self, cleaned: dict[str, Any]) -> None:
        """The row is locked until it is saved: nobody takes a use in between."""
        used = Promotion.objects.select_for_update().get(pk=self.instance.pk).uses
        most, each = cleaned.get("most_uses"), cleaned.get("most_uses_per_customer")
        if most is not None and most < used:
            self.add_error("most_uses", _("It is used %(used)d times already. To end it, untick “active”.") % {"used": used})
        live = Use.objects.filter(promotion=self.instance, released_at=None, user__isnull=False)
        often = live.order_by().values("user").annotate(times=Count("pk")).order_by("-times").values_list("times", flat=True)
        times = often.first() or 0
        if each is not None and each < times:
            text = _("Somebody has used it %(times)d times already. To end it, untick “active”.")
            self.add_error("most_uses_per_customer", text % {"times": times})
