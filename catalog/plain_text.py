"""Descriptions without their markup, for places that know none."""

from __future__ import annotations

import html
import re
from functools import lru_cache

import nh3

UNWRITABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 has no way to write these
BREAKS = re.compile(r"</?(?:p|br|li|h[1-6]|div|blockquote)\b[^>]*>", re.IGNORECASE)


@lru_cache(maxsize=128)  # a feed needs the text of a product once for each of its variants
def plain_text(text: str) -> str:
    """The words of simple HTML, or of plain text, in one line; scripts and styles go with their contents."""
    if "<" in text:
        text = html.unescape(nh3.clean(BREAKS.sub(" ", text), tags=set()))
    return " ".join(writable(text).split())


def writable(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return UNWRITABLE.sub("", text)
