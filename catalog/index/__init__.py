"""The index of words: the same boolean questions, asked of PostgreSQL's tsvector or of SQLite's FTS5."""

from __future__ import annotations

from types import ModuleType

from django.db import connection

from catalog.index import postgres, sqlite
from catalog.index.match import Entry, Match

__all__ = ["Entry", "Match", "index"]


def index() -> ModuleType:
    """The module for the database in use.

    Both offer `store`, `forget` and `condition`; EACH, a function that makes rows of a JSON list; HAS, whether a listing `l`
    has the token in a column; ALL_OF_IT, how a part of a statement is planned for all its rows, yet read no further than
    wanted; and ROWS_KNOW, whether a row tells by itself what it has, or the index must be read for it.
    """
    return postgres if connection.vendor == "postgresql" else sqlite
