"""Handles as other shops write them, in any alphabet, and the addresses of products, which are plain."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from django.utils.text import slugify

LONGEST = 255  # characters, as at Shopify
LONGEST_SLUG = 120
CHECKSUM = 12  # digits: of a million handles no two have the same, but for one chance in five hundred
_PLAIN = re.compile(rf"[-a-zA-Z0-9_]{{1,{LONGEST_SLUG}}}")


def is_handle(text: str) -> bool:
    """Letters with their marks, and digits, of any alphabet, - and _."""
    return 0 < len(text) <= LONGEST and all(one in "-_" or unicodedata.category(one)[0] in "LMN" for one in text)


def slug_of(handle: str) -> str:
    """The slug of the product with this handle: a plain handle as it is, another by a checksum, always the same.

    A slug is a plain handle: an export names it, and finds the same product again.
    """
    if _PLAIN.fullmatch(handle):
        return handle
    checksum = hashlib.sha256(unicodedata.normalize("NFC", handle).encode()).hexdigest()[:CHECKSUM]
    stem = slugify(handle)[: LONGEST_SLUG - CHECKSUM - 1].strip("-_") or "product"
    return f"{stem}-{checksum}"
