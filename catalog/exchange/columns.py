"""The columns of the CSV layout that Shopify exports and imports, and what a cell looks like in it."""

from __future__ import annotations

import re

PRODUCT = (
    "Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Status", "SEO Title", "SEO Description",
    "Summary",
)  # fmt: skip
VARIANT = (
    "Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy",
    "Variant Price", "Variant Compare At Price", "Variant Requires Shipping", "Variant Barcode", "Variant Image",
    "Variant Active",
)  # fmt: skip
PICTURE = ("Image Src", "Image Position", "Image Alt Text")
MOST_OPTIONS = 9  # the layout has three; a product with more is exported with more columns of the same kind
SHOPIFY_OPTIONS = 3


def option_columns(count: int) -> list[str]:
    return [f"Option{number} {what}" for number in range(1, count + 1) for what in ("Name", "Value")]


KNOWN = frozenset((*PRODUCT, *VARIANT, *PICTURE, *option_columns(MOST_OPTIONS)))
BY_FOLDED_NAME = {name.casefold(): name for name in KNOWN}

# What a spreadsheet may take for a formula; see https://owasp.org/www-community/attacks/CSV_Injection (read in autumn 2026).
# A program that splits lines at ; or tabs heeds no quotes inside: for it a cell begins after each of those, or a line end.
_SIGNS = "=+\\-@＝＋－＠"
_BEGINS = re.compile(rf"""\A'*(?=[{_SIGNS}\t\r\n])|(?<=[;\t\r\n])['"]*(?=[{_SIGNS}])""")
_GUARD = re.compile(rf"""\A'(?='*[{_SIGNS}\t\r\n])|(?<=[;\t\r\n])'(?=['"]*[{_SIGNS}])""")


def guarded(text: str) -> str:
    """The cell for a text: with an apostrophe wherever a spreadsheet might begin to calculate."""
    return _BEGINS.sub(r"'\g<0>", text)


def unguarded(cell: str) -> str:
    """The text of a cell: exactly what `guarded` was given."""
    return _GUARD.sub("", cell)
