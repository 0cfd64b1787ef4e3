"""`Money`: an integer of minor units and its currency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from django.utils.formats import number_format
from django.utils.translation import get_language

from money.currencies import currency


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were added or compared."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in Stripe's minor units. Adds and compares only its own currency; never becomes a float."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.minor, int) or isinstance(self.minor, bool):
            raise TypeError(f"Minor units are an int, not {type(self.minor).__name__}")
        currency(self.currency)

    @classmethod
    def parse(cls, text: str, code: str) -> Money:
        """Read what a person typed, "12.50" or "1250"; exact. Raises ValueError for anything else and for too many decimals."""
        about = currency(code)
        if not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,10})?", text.strip(), re.ASCII):  # more digits, and Decimal would round
            raise ValueError(f"Not an amount: {text!r}")
        minor = Decimal(text.strip()).scaleb(about.exponent)
        if minor != int(minor) or int(minor) % about.step:
            raise ValueError(f"{code} has no such small amounts: {text.strip()}")
        return cls(int(minor), code)

    @property
    def decimal(self) -> Decimal:
        """The amount in whole units, exact: for forms and export, not for arithmetic."""
        return Decimal(self.minor).scaleb(-currency(self.currency).exponent).quantize(Decimal(1).scaleb(-self._decimals))

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __mul__(self, quantity: int) -> Money:
        if not isinstance(quantity, int):
            return NotImplemented
        return Money(self.minor * quantity, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        """As a person reads it, in the active language's separators: "€1,250.00"."""
        return _as_read(self, get_language() or "")

    @property
    def _decimals(self) -> int:
        """How many a person is shown: all of them where the amount is not one that the currency should have."""
        about = currency(self.currency)
        return about.decimals if self.minor % about.step == 0 else about.exponent

    def _same(self, other: Money) -> None:
        if not isinstance(other, Money):
            raise TypeError(f"Money goes with Money only, not with {type(other).__name__}")
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not mix")


@lru_cache(maxsize=4096)  # a list shows dozens of prices, of which a shop has not many
def _as_read(amount: Money, _language: str) -> str:
    about = currency(amount.currency)
    number = number_format(abs(amount.decimal), decimal_pos=amount._decimals, use_l10n=True, force_grouping=True)
    return f"{'−' if amount.minor < 0 else ''}{about.symbol}{number}"


def add_up(amounts, code: str) -> Money:
    """The sum of amounts, all in `code`; zero for none."""
    total = Money(0, code)
    for amount in amounts:
        total += amount
    return total
