"""Who waits for whom at PostgreSQL: the proof that a race took place."""

from __future__ import annotations

from django.db import connection


def somebody_waits_for_us() -> bool:
    """Does somebody wait for a lock that this connection's transaction holds?"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
        return cursor.fetchone() is not None
