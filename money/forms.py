"""Amounts as people type them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from money.currencies import currency as describe
from money.money import Money


class MoneyField(forms.CharField):
    """Typed in whole units ("12.50"), cleaned to an integer of minor units; None if empty and not required.

    `currency` is the shop's unless given. `minimum` and `maximum` are minor units.
    """

    default_error_messages = {
        "invalid": _("Type an amount such as %(example)s, without a currency sign."),
        "too_fine": _("%(currency)s has no such small amounts. Type one such as %(example)s."),
        "too_low": _("At least %(limit)s."),
        "too_high": _("At most %(limit)s."),
    }

    def __init__(self, *, currency: str = "", minimum: int = 0, maximum: int | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "size": 10, "autocomplete": "off"}))
        super().__init__(**kwargs)
        self.minimum, self.maximum = minimum, maximum
        self._currency = currency

    @property
    def currency(self) -> str:
        return self._currency or settings.SHOP_CURRENCY

    @currency.setter
    def currency(self, code: str) -> None:
        """For the field of one form, before it is used: a row may be in another currency than the shop is now."""
        self._currency = code

    def prepare_value(self, value: Any) -> Any:
        return str(Money(value, self.currency).decimal) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:  # type: ignore[override]
        text = super().to_python(value)
        if not text:
            return None
        example = {"currency": self.currency, "example": str(Money(self._example(), self.currency).decimal)}
        try:
            return Money.parse(text, self.currency).minor
        except ValueError:
            digits = text.lstrip("-").replace(".", "", 1)
            code = "too_fine" if digits.isascii() and digits.isdigit() and len(digits) < 13 else "invalid"
            raise ValidationError(self.error_messages[code], code=code, params=example) from None

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is None:
            return
        if value < self.minimum:
            self._refuse("too_low", self.minimum)
        if self.maximum is not None and value > self.maximum:
            self._refuse("too_high", self.maximum)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != initial
        except ValidationError:
            return True

    def _refuse(self, code: str, limit: int) -> None:
        raise ValidationError(self.error_messages[code], code=code, params={"limit": str(Money(limit, self.currency))})

    def _example(self) -> int:
        """12.50 where there are cents, 1250 where there are none."""
        about = describe(self.currency)
        return 1250 * 10 ** max(0, about.exponent - 2) if about.step < 100 else 125000
