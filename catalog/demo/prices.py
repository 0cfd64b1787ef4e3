"""Sizes, finishes, prices and stock of the demo shop, in whatever currency the shop sells in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from catalog.demo.catalogue import Entry
from money import Money

# Prices are written in whole euros. Other currencies: roughly what a euro is, so that prices look sensible; not a rate.
ABOUT_A_EURO = {
    "AUD": 2, "BRL": 6, "CLP": 1000, "CNY": 8, "CZK": 25, "DKK": 8, "HKD": 9, "HUF": 400, "INR": 90, "ISK": 150, "JPY": 150,
    "KRW": 1500, "MXN": 20, "NOK": 12, "NZD": 2, "PHP": 60, "PLN": 4, "SEK": 11, "THB": 40, "TWD": 35, "UGX": 4000, "ZAR": 20,
}  # fmt: skip

SIZES = (("A4", 0), ("A3", 18), ("A2", 42))
FRAMED = (35, 55, 85)  # on top, by size
COTTON = (8, 12, 18)


@dataclass(frozen=True, slots=True)
class Offer:
    """A variant to be: what to choose, what it costs, how many there are (None: never runs out), which picture shows it."""

    sku: str
    options: dict[str, str]
    price: Money
    compare_at: Money | None
    stock: int | None
    role: str


def offers(entry: Entry, currency: str) -> list[Offer]:
    return [_offer(entry, currency, *choice) for choice in _choices(entry)]


def _choices(entry: Entry) -> Iterator[tuple[str, dict[str, str], int, str]]:
    """SKU suffix, options, price in euros, role of the picture."""
    base = entry.series.price
    if entry.piece.kind == "wallpaper":
        yield "", {}, base, "screens"
    elif entry.piece.kind == "file":
        yield "-PERS", {"Licence": "Personal"}, base, "sheets"
        yield "-STUD", {"Licence": "Studio"}, base * 4, "sheets"
    elif entry.series.finish == "paper":
        for (size, more), cotton in zip(SIZES, COTTON, strict=True):
            yield f"-{size}", {"Size": size, "Paper": "Smooth"}, base + more, "sheet"
            yield f"-{size}-RAG", {"Size": size, "Paper": "Cotton rag"}, base + more + cotton, "sheet"
    else:
        for (size, more), frame in zip(SIZES, FRAMED, strict=True):
            yield f"-{size}", {"Size": size, "Finish": "Print only"}, base + more, "sheet"
            yield f"-{size}-FR", {"Size": size, "Finish": f"{entry.frame.title()} frame"}, base + more + frame, "framed"


def _offer(entry: Entry, currency: str, suffix: str, options: dict[str, str], euros: int, role: str) -> Offer:
    sku = entry.sku + suffix
    factor = ABOUT_A_EURO.get(currency, 1)
    before = Money.parse(str(euros * (100 + entry.piece.was) // 100 * factor), currency) if entry.piece.was else None
    return Offer(sku, options, Money.parse(str(euros * factor), currency), before, _stock(entry, sku), role)


def _stock(entry: Entry, sku: str) -> int | None:
    """Mostly plenty, now and then the last one or two, sometimes none: a shop that has been open for a while."""
    if entry.piece.kind != "print":
        return None
    if entry.piece.sold_out:
        return 0
    rng = Random(sku)
    return rng.choices((0, 1, 2, rng.randrange(3, 12), rng.randrange(12, 60)), weights=(6, 5, 7, 32, 50))[0]
