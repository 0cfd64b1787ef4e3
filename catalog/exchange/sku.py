"""SKUs for variants that a file gives none."""

from __future__ import annotations

import hashlib

from django.utils.text import slugify

LONGEST = 64


def made_sku(slug: str, options: dict[str, str], *, sure: bool = False) -> str:
    """Always the same for the same product and choice. With `sure` a checksum is in it: no other choice is called so.

    It is there also where letters were lost, as with Chinese values, or where the name would be too long.
    """
    values = list(options.values())
    plain = "-".join([slug, *(slugify(value) for value in values)])
    faithful = all(slugify(value) for value in values) and len(plain) <= LONGEST
    if faithful and not sure:
        return plain
    whole = "\0".join([slug, *(part for pair in options.items() for part in pair)])
    return f"{plain[: LONGEST - 11].rstrip('-')}-{hashlib.sha256(whole.encode()).hexdigest()[:10]}"
