"""A question to the index, in no database's language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Match:
    """Listings that have one token at least of each group in `groups`, and not every token of `but_not`.

    A token that ends with * stands for all that begin so. Tokens are letters and digits only.
    """

    groups: tuple[tuple[str, ...], ...] = ()
    but_not: tuple[str, ...] = ()
