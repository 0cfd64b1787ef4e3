"""What is kept in the index and what is asked of it, in no database's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Entry(NamedTuple):
    """A row of catalog_listing with its tokens, spaces between. `choices` and `categories` are JSON."""

    product_id: int
    position: int
    price_minor: int
    choices: str
    categories: str
    terms: str


@dataclass(frozen=True)
class Match:
    """Listings that have one token at least of each group in `groups`, and of one group in `but_not`, if there are any, none.

    A token that ends with * stands for all that begin so. Tokens are letters and digits only.
    """

    groups: tuple[tuple[str, ...], ...] = ()
    but_not: tuple[tuple[str, ...], ...] = ()
