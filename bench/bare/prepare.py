"""Makes the tables and the rows: `python -m bench.bare.prepare`, with DATABASE_URL naming an empty database."""

from __future__ import annotations

import os

import django
from django.core.management import call_command


def prepare() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.bare.settings"
    django.setup()
    from bench.bare.models import Row
    from bench.bare.views import ROWS

    call_command("migrate", run_syncdb=True, verbosity=0)
    numbers = range(ROWS)
    Row.objects.bulk_create(Row(title=f"Slow Weather No. {n}", slug=f"slow-weather-{n}", price=f"{29 + n}.00") for n in numbers)


if __name__ == "__main__":
    prepare()
