"""A tsvector beside each listing, with a GIN index. Django does not know the column: no other database has it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from catalog.index.match import Match

CREATE = [
    "ALTER TABLE catalog_listing ADD COLUMN terms tsvector NOT NULL DEFAULT ''",
    "ALTER TABLE catalog_listing ALTER COLUMN terms SET STATISTICS 1000",
    "CREATE INDEX catalog_listing_terms ON catalog_listing USING gin (terms)",
]
DROP = ["ALTER TABLE catalog_listing DROP COLUMN terms"]
STORE = """
    UPDATE catalog_listing SET terms = array_to_tsvector(string_to_array(given.terms, ' '))
    FROM unnest(%s::bigint[], %s::text[]) AS given (id, terms) WHERE product_id = given.id
"""


def store(terms: dict[int, Iterable[str]]) -> None:
    """Keep the tokens of listings, by product."""
    with connection.cursor() as cursor:
        cursor.execute(STORE, [list(terms), [" ".join(tokens) for tokens in terms.values()]])


def forget(product_ids: Iterable[int]) -> None:
    """Nothing to do: the tokens go with their listing."""


def condition(match: Match, listing: str) -> tuple[str, list[str]]:
    """SQL that is true for what matches; `listing` is the table's alias."""
    groups = [f"({' | '.join(map(_token, group))})" for group in match.groups]
    if match.but_not:
        groups.append(f"!({' & '.join(map(_token, match.but_not))})")
    return f"{listing}.terms @@ %s::tsquery", [" & ".join(groups)]


def _token(token: str) -> str:
    return f"'{token[:-1]}':*" if token.endswith("*") else f"'{token}'"
