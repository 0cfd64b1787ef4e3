"""How Stripe counts each currency: this is not ISO 4217.

Source: https://docs.stripe.com/currencies, read from a copy of autumn 2026 (three-decimal currencies: older copies of the
same page). UGX and ISK have no cents any more, but Stripe still takes them with two decimals that must be zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

ZERO_DECIMAL = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
THREE_DECIMAL = frozenset("BHD JOD KWD OMR TND".split())
WHOLE_UNITS_OF_TWO_DECIMALS = frozenset(("ISK", "UGX"))

# The smallest charge, by settlement currency, in minor units. Currencies not named here have no published minimum.
MINIMUM_CHARGE = {
    "AED": 200, "ARS": 50, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "COP": 50, "CZK": 1500, "DKK": 250, "EUR": 50,
    "GBP": 30, "HKD": 400, "HUF": 17500, "IDR": 50, "ILS": 50, "INR": 50, "JPY": 50, "KRW": 50, "MXN": 1000, "MYR": 200,
    "NOK": 300, "NZD": 50, "PHP": 50, "PLN": 200, "RON": 200, "RUB": 50, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
    "ZAR": 50,
}  # fmt: skip

SYMBOLS = {
    "AUD": "A$", "BRL": "R$", "CAD": "CA$", "CNY": "CN¥", "EUR": "€", "GBP": "£", "INR": "₹", "JPY": "¥", "KRW": "₩",
    "MXN": "MX$", "NZD": "NZ$", "USD": "$",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Currency:
    """One currency as Stripe charges it.

    `exponent`: minor units are 10**-exponent of the unit. `step`: amounts must be multiples of it.
    `decimals`: how many decimals a person is shown. `minimum`: the smallest charge, in minor units.
    """

    code: str
    exponent: int
    step: int
    decimals: int
    minimum: int
    symbol: str


@lru_cache(maxsize=256)
def currency(code: str) -> Currency:
    """Describe an upper-case ISO code. Raises ValueError if it is not three letters."""
    if len(code) != 3 or not code.isascii() or not code.isalpha() or not code.isupper():
        raise ValueError(f"Not a currency code of three upper-case letters: {code!r}")
    exponent, step, decimals = 2, 1, 2
    if code in ZERO_DECIMAL:
        exponent, decimals = 0, 0
    elif code in THREE_DECIMAL:
        exponent, step, decimals = 3, 10, 3
    elif code in WHOLE_UNITS_OF_TWO_DECIMALS:
        step, decimals = 100, 0
    return Currency(code, exponent, step, decimals, MINIMUM_CHARGE.get(code, 1), SYMBOLS.get(code, f"{code} "))
