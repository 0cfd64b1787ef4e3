"""What is in the shop's database, to be compared before and after something that must change nothing."""

from __future__ import annotations

from django.apps import apps

from accounts.models import HourlyCount, Tally

UNTOLD = {HourlyCount, Tally}  # they count what was tried


def rows() -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, sessions too, by model."""
    models = [model for model in apps.get_models() if model not in UNTOLD]
    return {model._meta.label: list(model._default_manager.order_by("pk").values_list()) for model in models}
