"""How a code is compared: as shoppers type it, copy it from a mail, or paste it from a phone."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 40  # characters
TYPED = 100  # characters worth looking at
_CODE = re.compile(rf"[A-Z0-9][A-Z0-9_-]{{0,{LONGEST - 1}}}", re.ASCII)
_DASHES = {"Pd": "-", "Cf": ""}  # a dash of any length is a hyphen; what nobody can see is nothing


def fold(typed: str) -> str:
    """The one spelling of a code: letters, digits, hyphens and underscores of ASCII, in capitals. Empty for what is no code.

    Case, space around it, full-width letters, dashes and invisible characters do not matter. A letter of another script
    that only looks the same is another letter.
    """
    text = unicodedata.normalize("NFKC", typed[:TYPED]).casefold()
    plain = "".join(_DASHES.get(unicodedata.category(each), each) for each in text).strip().upper()
    return plain if _CODE.fullmatch(plain) else ""
