"""Google Merchant's product data specification (support.google.com/merchants/answer/7052112, autumn 2026) as rules."""

from __future__ import annotations

import re
from xml.etree import ElementTree

G = "{http://base.google.com/ns/1.0}"
URL = r"https?://[!-~]{1,1990}"
PRICE = r"[0-9]+(\.[0-9]{1,3})? [A-Z]{3}"
RULES = {  # name: (must be there, pattern of the whole value)
    "id": (True, r".{1,50}"),
    "title": (True, r".{1,150}"),
    "description": (True, r"(?s).{1,5000}"),
    "link": (True, URL),
    "image_link": (True, URL),
    "additional_image_link": (False, URL),
    "availability": (True, "in_stock|out_of_stock|preorder|backorder"),
    "price": (True, PRICE),
    "sale_price": (False, PRICE),
    "condition": (False, "new|refurbished|used"),
    "brand": (False, r".{1,70}"),
    "gtin": (False, r"[0-9]{8}|[0-9]{12,14}"),
    "identifier_exists": (False, "yes|no"),
    "item_group_id": (False, r".{1,50}"),
    "size": (False, r".{1,100}"),
    "color": (False, r".{1,100}"),
    "material": (False, r".{1,200}"),
    "pattern": (False, r".{1,100}"),
}
MOST = {"additional_image_link": 10}


def read_feed(content: bytes) -> list[dict[str, list[str]]]:
    """The items of a feed, each value in a list. Raises ValueError for what breaks a rule."""
    root = ElementTree.fromstring(content)  # noqa: S314 - our own
    if (root.tag, root.get("version"), [child.tag for child in root]) != ("rss", "2.0", ["channel"]):
        raise ValueError("no RSS 2.0")
    about = [child for child in root[0] if child.tag != "item"]
    if [child.tag for child in about] != ["title", "link", "description"] or not all(child.text for child in about):
        raise ValueError("a channel has a title, a link and a description")
    items = [_item(item) for item in root[0].findall("item")]
    if len({item["id"][0] for item in items}) < len(items):
        raise ValueError("an id twice")
    return items


def _item(element: ElementTree.Element) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for child in element:
        values.setdefault(child.tag.removeprefix(G), []).append(child.text or "")
        if child.tag == child.tag.removeprefix(G):
            raise ValueError(f"{child.tag} is not in Google's namespace")
    missing = [name for name, (needed, _pattern) in RULES.items() if needed and name not in values]
    unknown = values.keys() - RULES.keys()
    many = [name for name, found in values.items() if len(found) > MOST.get(name, 1)]
    known = [(name, value) for name, found in values.items() if name in RULES for value in found]
    wrong = [(name, value) for name, value in known if not re.fullmatch(RULES[name][1], value)]
    if missing or unknown or many or wrong:
        raise ValueError(f"missing {missing}, unknown {unknown}, too often {many}, wrong {wrong}")
    return values
