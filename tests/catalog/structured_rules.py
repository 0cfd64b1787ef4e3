"""What Google's documentation asked of structured data in autumn 2026, as rules: types, what they must have, of which form.

developers.google.com/search/docs/appearance/structured-data/{merchant-listing,product-variants,breadcrumb,organization,
site-names}. Written from the text; `faults` says what is wrong with a block.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

URL = re.compile(r"https?://[^\s<>\"]+")
AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?")
CURRENCY = re.compile(r"[A-Z]{3}")
AVAILABILITY = re.compile(
    r"https://schema\.org/(InStock|OutOfStock|LimitedAvailability|PreOrder|BackOrder|Discontinued|InStoreOnly|OnlineOnly|SoldOut)"
)
VARIES_BY = re.compile(r"https://schema\.org/(color|size|suggestedAge|suggestedGender|material|pattern)")
TEXT = re.compile(r".+", re.DOTALL)
CONDITION = re.compile(r"https://schema\.org/(New|Used|Refurbished|Damaged)Condition")

REQUIRED: dict[str, dict[str, Any]] = {
    "Product": {"name": TEXT, "offers": "Offer"},
    "ProductGroup": {"name": TEXT, "productGroupID": TEXT, "hasVariant": "Product"},
    "Offer": {"price": AMOUNT, "priceCurrency": CURRENCY},
    "BreadcrumbList": {"itemListElement": "ListItem"},
    "ListItem": {"position": int, "name": TEXT, "item": URL},
    "Organization": {"name": TEXT, "url": URL, "logo": URL},
    "WebSite": {"name": TEXT, "url": URL},
    "PropertyValue": {"name": TEXT, "value": TEXT},
    "Brand": {"name": TEXT},
}
ALLOWED: dict[str, dict[str, Any]] = {
    "Product": {
        **dict.fromkeys(("description", "sku", "color", "size", "material", "pattern", "gtin"), TEXT),
        **{"url": URL, "image": URL, "additionalProperty": "PropertyValue", "brand": "Brand"},
    },
    "ProductGroup": {"description": TEXT, "url": URL, "image": URL, "variesBy": VARIES_BY, "brand": "Brand"},
    "Offer": {"url": URL, "availability": AVAILABILITY, "itemCondition": CONDITION},
}


def blocks(html: str) -> list[dict[str, Any]]:
    """The blocks of JSON-LD in a page."""
    reader = _Blocks()
    reader.feed(html)
    reader.close()
    return [json.loads(text) for text in reader.texts]


def faults(data: dict[str, Any], *, top: bool = True) -> list[str]:
    """What does not keep to the rules, each with the type and the property it is about."""
    kind = data.get("@type", "")
    if kind not in REQUIRED:
        return [f"type {kind!r}"]
    rules = {**REQUIRED[kind], **ALLOWED.get(kind, {})}
    wrong = [f"{kind} has no {name}" for name in REQUIRED[kind] if name not in data]
    wrong += ["context"] if top and data.get("@context") != "https://schema.org" else []
    for name in data.keys() - {"@type", "@context"}:
        wrong += [f"{kind}.{name}: {fault}" for fault in _value_faults(data[name], rules.get(name))]
    return wrong + list(_across(data))


def _value_faults(value: Any, rule: Any) -> Iterator[str]:
    if rule is None:
        yield "not known"
    elif isinstance(value, list):
        yield from ["empty"] if not value else [fault for each in value for fault in _value_faults(each, rule)]
    elif rule is int:
        yield from [] if isinstance(value, int) else [f"{value!r} is no number"]
    elif isinstance(rule, str):
        right = isinstance(value, dict) and value.get("@type") == rule
        yield from faults(value, top=False) if right else [f"not a {rule}"]
    elif not (isinstance(value, str) and rule.fullmatch(value)):
        yield f"{value!r}"


def _across(data: dict[str, Any]) -> Iterator[str]:
    """Rules that tie values together: members of a group differ, crumbs are counted from one."""
    if data["@type"] == "ProductGroup":
        members = data.get("hasVariant", [])
        for key in (lambda one: one.get("sku"), lambda one: one.get("offers", {}).get("url")):
            if len({key(one) for one in members}) < len(members):
                yield "two members share a SKU or an address"
    if data["@type"] == "BreadcrumbList":
        places = [item.get("position") for item in data.get("itemListElement", [])]
        if places != list(range(1, len(places) + 1)):
            yield f"positions {places}"


class _Blocks(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and dict(attributes).get("type") == "application/ld+json"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = False
