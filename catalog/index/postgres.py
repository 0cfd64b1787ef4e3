"""A tsvector beside each listing, with a GIN index. Django does not know the column: no other database has it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from catalog.index.match import Entry, Match

CREATE = [
    "ALTER TABLE catalog_listing ADD COLUMN terms tsvector NOT NULL DEFAULT ''",
    "ALTER TABLE catalog_listing ALTER COLUMN terms SET STATISTICS 1000",
    "CREATE INDEX catalog_listing_terms ON catalog_listing USING gin (terms)",
]
DROP = ["ALTER TABLE catalog_listing DROP COLUMN terms"]
STORE = """
    INSERT INTO catalog_listing AS l (product_id, position, price_minor, choices, categories, terms)
    SELECT id, position, price, choices::jsonb, categories::jsonb, array_to_tsvector(string_to_array(terms, ' '))
    FROM unnest(%s::bigint[], %s::integer[], %s::bigint[], %s::text[], %s::text[], %s::text[])
        AS given (id, position, price, choices, categories, terms)
    ON CONFLICT (product_id) DO UPDATE SET position = EXCLUDED.position, price_minor = EXCLUDED.price_minor,
        choices = EXCLUDED.choices, categories = EXCLUDED.categories, terms = EXCLUDED.terms
    WHERE (l.position, l.price_minor, l.choices, l.categories, l.terms) IS DISTINCT FROM
        (EXCLUDED.position, EXCLUDED.price_minor, EXCLUDED.choices, EXCLUDED.categories, EXCLUDED.terms)
"""
ALL_OF_IT = "MATERIALIZED"
ROWS_KNOW = True
HAS = "l.terms @@ {}::tsquery"
EACH = "jsonb_array_elements_text"


def store(entries: list[Entry]) -> None:
    """Write listings with their tokens, where they are new or changed."""
    with connection.cursor() as cursor:
        cursor.execute(STORE, [list(column) for column in zip(*entries, strict=True)])


def forget(product_ids: Iterable[int]) -> None:
    """Nothing to do: the tokens go with their listing."""


def condition(match: Match, listing: str) -> tuple[str, list[str]]:
    """SQL that is true for what matches; `listing` is the table's alias."""
    question = f"{listing}.terms @@ %s::tsquery"
    if not match.but_not:
        return question, [_every(match.groups)]
    # Two conditions: in one, the index would be asked for all that must not be.
    return f"{question} AND NOT {question}", [_every(match.groups), _every(match.but_not)]


def _every(groups: Iterable[tuple[str, ...]]) -> str:
    return " & ".join(f"({' | '.join(map(_token, group))})" for group in groups)


def _token(token: str) -> str:
    return f"'{token[:-1]}':*" if token.endswith("*") else f"'{token}'"
