"""A model field that keeps its order."""

from __future__ import annotations

from typing import Any

from django.db import models


class ChoicesField(models.JSONField):
    """A dict such as {"Size": "A3", "Paper": "Matte"}, in the order it was given.

    Stored as a list of pairs: PostgreSQL's jsonb keeps the order of lists, not that of keys.
    """

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value([list(pair) for pair in value.items()] if isinstance(value, dict) else value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return dict(super().from_db_value(value, expression, connection) or [])
