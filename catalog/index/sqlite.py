"""An FTS5 table beside the listings; rowid is the product."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from catalog.index.match import Entry, Match

CREATE = ["CREATE VIRTUAL TABLE catalog_terms USING fts5(terms, tokenize='ascii', detail='none', columnsize=0)"]
DROP = ["DROP TABLE catalog_terms"]

STORE = """
    INSERT INTO catalog_listing (product_id, position, price_minor, choices, categories) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (product_id) DO UPDATE SET position = EXCLUDED.position, price_minor = EXCLUDED.price_minor,
        choices = EXCLUDED.choices, categories = EXCLUDED.categories
"""
ALL_OF_IT = "NOT MATERIALIZED"
ROWS_KNOW = False
HAS = "l.product_id IN (SELECT rowid FROM catalog_terms WHERE catalog_terms MATCH {})"
EACH = "json_each"


def store(entries: list[Entry]) -> None:
    """Write listings with their tokens."""
    terms = [(entry.product_id, _ascii(entry.terms)) for entry in entries]
    with connection.cursor() as cursor:
        cursor.executemany(STORE, [entry[:-1] for entry in entries])
        cursor.executemany("INSERT OR REPLACE INTO catalog_terms (rowid, terms) VALUES (%s, %s)", terms)


def forget(product_ids: Iterable[int]) -> None:
    """Drop the tokens of listings that are gone."""
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM catalog_terms WHERE rowid = %s", [(pk,) for pk in product_ids])


def condition(match: Match, listing: str) -> tuple[str, list[str]]:
    """SQL that is true for what matches; `listing` is the table's alias."""
    wanted = _every(match.groups)
    if match.but_not:
        wanted = f"({wanted}) NOT ({_every(match.but_not)})"
    return f"{listing}.product_id IN (SELECT rowid FROM catalog_terms WHERE catalog_terms MATCH %s)", [wanted]  # noqa: S608


def _every(groups: Iterable[tuple[str, ...]]) -> str:
    return " AND ".join(f"({' OR '.join(map(_token, group))})" for group in groups)


def _token(token: str) -> str:
    return f'"{_ascii(token[:-1])}" *' if token.endswith("*") else f'"{_ascii(token)}"'


def _ascii(token: str) -> str:
    """Tokens in letters that FTS5 cannot take apart, whatever Unicode it was built for. A prefix stays a prefix."""
    if token.isascii():
        return token
    return "".join(one if one.isascii() else f"{ord(one):06x}" for one in token)
