"""Brings the demo's database to where `make run` wants it, in one process: a second start takes about a second."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django
from django.core.management import call_command


def prepare(loaded: Path) -> None:
    """Migrate; fill an empty shop with the demo catalogue. `loaded` is touched once that is complete."""
    django.setup()
    from django.conf import settings

    from catalog.models import Product

    print("Database: migrating", flush=True)
    call_command("migrate", verbosity=0, interactive=False)
    if settings.PICTURES_IN_AZURE:
        call_command("prepare_storage")
    if loaded.exists() and Product.objects.exists():
        return
    print("Demo: loading shipping rates, a promotion code, staff account and catalogue (once, under a minute)", flush=True)
    for command in ("load_demo_shipping", "load_demo_codes", "ensure_demo_staff", "load_demo_catalog"):
        call_command(command, *_options(command))
    loaded.touch()


def _options(command: str) -> list[str]:
    """DEMO_PRODUCTS=6 loads a catalogue of six products, for a first look or a test in a hurry."""
    limit = os.environ.get("DEMO_PRODUCTS", "")
    return ["--limit", limit] if limit.isdigit() and command == "load_demo_catalog" else []


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    prepare(Path(sys.argv[1]))
