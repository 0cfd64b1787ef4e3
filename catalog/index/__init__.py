"""The index of words: the same boolean questions, asked of PostgreSQL's tsvector or of SQLite's FTS5."""

from __future__ import annotations

from types import ModuleType

from django.db import connection

from catalog.index import postgres, sqlite
from catalog.index.match import Match

__all__ = ["Match", "index"]


def index() -> ModuleType:
    """The module for the database in use. Both offer `condition`, `store` and `forget`."""
    return postgres if connection.vendor == "postgresql" else sqlite
