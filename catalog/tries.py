"""Rows that are work to be done, each by one worker: taken for a while, tried a few times with longer and longer pauses.

Such a row has `due_at`, when it is to be tried (None: done, or given up), and `tries`, how often it failed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

LEASE = timedelta(minutes=5)
PAUSES = [timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=12)]  # after tries that failed


def take(row: Any) -> datetime | None:
    """Hold the row for LEASE, and say until when, which is its `due_at` then; None if somebody else was quicker."""
    until = timezone.now() + LEASE
    taken = type(row)._default_manager.filter(pk=row.pk, due_at=row.due_at).update(due_at=until)
    return until if taken else None


def next_try(tries: int) -> datetime | None:
    """When to try again what failed, `tries` times before; None: it is given up."""
    return timezone.now() + PAUSES[tries] if tries < len(PAUSES) else None


def soon() -> datetime:
    """When to try again what failed through no fault of its own: the storage is down."""
    return timezone.now() + PAUSES[0]
