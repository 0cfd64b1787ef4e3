"""The rules of sitemaps.org/protocol.html (0.9, read in autumn 2026) for one map, as far as they can be checked offline."""

from __future__ import annotations

import re
from xml.etree import ElementTree

NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
CHILD = {"urlset": "url", "sitemapindex": "sitemap"}
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2}))?")
MOST_BYTES, MOST_ADDRESSES, LONGEST_ADDRESS = 50 * 1024 * 1024, 50_000, 2_048


def read_map(content: bytes) -> tuple[str, dict[str, str]]:
    """The kind of a map, and its addresses with their last changes. Raises ValueError for what breaks a rule."""
    root = ElementTree.fromstring(content)  # noqa: S314 - our own
    kind = root.tag.removeprefix(NAMESPACE)
    if kind not in CHILD or root.tag == kind:
        raise ValueError(f"root {root.tag}")
    if len(content) > MOST_BYTES or not 1 <= len(root) <= MOST_ADDRESSES:
        raise ValueError(f"{len(content)} bytes, {len(root)} entries")
    entries = [_entry(each, CHILD[kind]) for each in root]
    if len(dict(entries)) < len(entries):
        raise ValueError("an address twice")
    if len({address.split("/")[2] for address, _at in entries}) != 1:
        raise ValueError("addresses of several hosts")
    return kind, dict(entries)


def _entry(element: ElementTree.Element, tag: str) -> tuple[str, str]:
    names = [child.tag.removeprefix(NAMESPACE) for child in element]
    if element.tag != NAMESPACE + tag or names not in (["loc"], ["loc", "lastmod"]):
        raise ValueError(f"{element.tag}: {names}")
    address, changed = element[0].text or "", (element[1].text or "" if len(element) > 1 else "")
    if not re.fullmatch(r"https?://[!-~]+", address) or len(address) >= LONGEST_ADDRESS:
        raise ValueError(f"address {address!r}")
    if len(element) > 1 and not DATE.fullmatch(changed):
        raise ValueError(f"date {changed!r}")
    return address, changed
