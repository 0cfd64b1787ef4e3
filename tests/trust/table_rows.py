"""What is in the shop's database, to be compared before and after something that must change nothing."""

from __future__ import annotations

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db.models import Model

from accounts.models import Tally

UNTOLD: set[type[Model]] = {Tally}  # it counts what was tried


def rows(*, without: set[type[Model]] | None = None) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, by model."""
    left_out = UNTOLD | (without or set())
    models = [model for model in apps.get_models() if model not in left_out]
    return {model._meta.label: list(model._default_manager.order_by("pk").values_list()) for model in models}


def rows_but_sessions() -> dict[str, list[tuple[object, ...]]]:
    return rows(without={Session})
