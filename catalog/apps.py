from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CatalogConfig(AppConfig):
    name = "catalog"

    def ready(self) -> None:
        from catalog import changes, listing_signals  # noqa: F401  listen

        post_migrate.connect(_list_what_is_there, sender=self)


def _list_what_is_there(**_about: Any) -> None:
    """After an update from a version without listings: make them, or the shop would look empty."""
    from catalog.index_models import Listing
    from catalog.listing import refresh_all

    if not Listing.objects.exists():
        refresh_all()
