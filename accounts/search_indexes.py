"""What lets staff search large tables: indexes of how values begin, in any case, and of the words in them.

Each database has a way of its own, which Django cannot say. As indexes of models they outlive a table that SQLite makes anew.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.ddl_references import Columns, Statement, Table
from django.db.models.lookups import IContains


class AnyCaseIndex(models.Index):
    """For `field__istartswith`, of one field."""

    on_postgresql = "CREATE INDEX %(name)s ON %(table)s (UPPER(%(columns)s::text) text_pattern_ops)"

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **kwargs: Any) -> Statement:
        table, quote = model._meta.db_table, schema_editor.quote_name
        columns = [model._meta.get_field(name).column for name in self.fields]
        # SQLite looks through this index even for what lies within a value: it is smaller than the table.
        on_sqlite = "CREATE INDEX %(name)s ON %(table)s (%(columns)s COLLATE NOCASE)"
        return Statement(
            self.on_postgresql if schema_editor.connection.vendor == "postgresql" else on_sqlite,
            table=Table(table, quote),
            columns=Columns(table, columns, quote),
            name=quote(self.name),
        )


class WordIndex(AnyCaseIndex):
    """For `field__word`, of one field."""

    on_postgresql = "CREATE INDEX %(name)s ON %(table)s USING gin (to_tsvector('simple', %(columns)s))"


@models.CharField.register_lookup
class Word(models.Lookup):
    """`title__word="weath"`: some word of it begins so, in any case. On SQLite it may also be within a word."""

    lookup_name = "word"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return IContains(self.lhs, self.rhs).as_sql(compiler, connection)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, values = self.process_lhs(compiler, connection)
        word = self.rhs.replace("\\", "\\\\").replace("'", "''")
        return f"to_tsvector('simple', {column}) @@ to_tsquery('simple', %s)", [*values, f"'{word}':*"]
