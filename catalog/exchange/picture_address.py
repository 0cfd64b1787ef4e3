"""Addresses of pictures as people and programs write them. A badly written one never loses the product."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from django.utils.translation import gettext as _

LONGEST = 1000


def tidied(cell: str) -> str:
    """The address as it is kept: `//` is https, blanks and what cannot be seen are encoded. Done twice, it stays."""
    text = cell.strip()
    if text.startswith("//"):
        text = f"https:{text}"
    return "".join(one if one.isprintable() and one != " " else quote(one) for one in text)


def why_never(address: str) -> str:
    """Why nobody can ever fetch it; empty for one that is worth a try."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        host = None
    if host and parts.scheme in ("http", "https"):
        return ""
    return _("“%s” is no address that begins with https:// or http://.") % address[:80]
