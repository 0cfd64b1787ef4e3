"""PostgreSQL is told that our statements are short: no compiling, no helpers, and rows are looked up one by one.

A statement may have parts that are dear but seldom needed. For their sake PostgreSQL would compile it, or start workers, each
time: tens of milliseconds, where the rest takes one. And by its own figures, which are of spinning disks, it would rather read
all variants of a small shop than look up those of a page.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.signals import connection_created
from django.dispatch import receiver

TOLD = "SET jit = off; SET max_parallel_workers_per_gather = 0; SET random_page_cost = 1.1"


@receiver(connection_created)
def _tell(connection: Any, **_about: Any) -> None:
    if connection.vendor == "postgresql":  # a SET, for poolers refuse such options when a connection begins
        connection.connection.execute(TOLD)
