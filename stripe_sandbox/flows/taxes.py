"""Automatic tax by a table of two countries: enough to see that a shop adds it up. Not tax advice."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..store import Item

PERCENT = {"DE": 19, "FR": 20}  # everywhere else nothing
NAMES = {"DE": "Germany", "FR": "France"}


def is_on(session: dict[str, Any]) -> bool:
    """Whether tax is worked out for the session."""
    return session["automatic_tax"]["enabled"]


def tax(amount: int, behavior: str, country: str | None) -> tuple[int, int]:
    """The tax of an amount in minor units, halves rounded up, and how much of it comes on top: all, unless it is inclusive."""
    percent = PERCENT.get(country or "", 0)
    inclusive = behavior == "inclusive"
    exact = Decimal(amount * percent) / (100 + percent if inclusive else 100)
    whole = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return whole, 0 if inclusive else whole


def country_of(session: Item) -> str | None:
    """Where the shopper is, once they said so; None without automatic tax."""
    return session.extra.get("country") if is_on(session.body) else None


def groups(countries: list[str]) -> list[str]:
    """The countries among these whose taxes differ; `none` stands for all without."""
    taxed = [code for code in PERCENT if code in countries]
    return taxed + ["none"] * (len(taxed) < len(countries))


def rate(country: str, *, inclusive: bool) -> dict[str, Any]:
    """tax_rate"""
    return {
        "id": f"txr_{'inclusive' if inclusive else 'exclusive'}_{country.lower()}",
        "object": "tax_rate",
        "active": True,
        "country": country,
        "created": 1_700_000_000,
        "description": None,
        "display_name": "VAT",
        "effective_percentage": float(PERCENT[country]),
        "flat_amount": None,
        "inclusive": inclusive,
        "jurisdiction": NAMES[country],
        "jurisdiction_level": "country",
        "livemode": False,
        "metadata": {},
        "percentage": float(PERCENT[country]),
        "rate_type": "percentage",
        "state": None,
        "tax_type": "vat",
    }


def breakdown(session: Item) -> list[dict[str, Any]]:
    """`total_details.breakdown.taxes`: one entry for prices without the tax, one for those with it."""
    country = country_of(session)
    sums: dict[bool, tuple[int, int]] = {}
    entries = [(line["price"]["tax_behavior"], line) for line in session.extra["lines"]]
    if session.body["shipping_cost"]:
        entries.append((session.extra.get("shipping_behavior", ""), session.body["shipping_cost"]))
    for behavior, entry in entries:
        amount, base = sums.get(behavior == "inclusive", (0, 0))
        sums[behavior == "inclusive"] = (amount + entry["amount_tax"], base + entry["amount_total"] - entry["amount_tax"])
    return [
        {"amount": amount, "rate": rate(country, inclusive=kind), "taxability_reason": "standard_rated", "taxable_amount": base}
        for kind, (amount, base) in sums.items()
        if country in PERCENT and amount
    ]
