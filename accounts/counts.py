"""What no row tells, counted per hour: refused webhooks, for instance. A flood of them writes once a second, not each time."""

from __future__ import annotations

import logging
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from threading import Lock

from django.db import DatabaseError, transaction
from django.db.models import F, Sum
from django.utils import timezone

from accounts.models import HourlyCount

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0  # between two writes of one process
KEPT = timedelta(days=35)  # by the hour; what is older becomes one sum
EVER = datetime(1970, 1, 1, tzinfo=UTC)  # the "hour" of that sum

_lock = Lock()
_waiting: Counter[str] = Counter()
_written_at = -PAUSE_SECONDS


def count(name: str, *, write: bool = True) -> None:
    """Count something that happened now. Not to be called inside a transaction that may be undone.

    What comes within a second of the last write waits for the next `count` or `write_counts` of this process; a process that
    is killed takes that with it. Never raises because of the database: what could not be written waits as well. Without
    `write` it waits in any case.
    """
    with _lock:
        _waiting[name] += 1
    if write:
        write_counts(at_once=False)


def write_counts(*, at_once: bool = True) -> None:
    """Write down what this process has counted. Safe under concurrent calls, in whatever process."""
    global _written_at
    with _lock:
        if not _waiting or not (at_once or time.monotonic() - _written_at >= PAUSE_SECONDS):
            return
        _written_at, counted = time.monotonic(), Counter(_waiting)
        _waiting.clear()
    hour = this_hour()
    for name, times in counted.items():
        try:
            _add(name, hour, times)
        except DatabaseError as error:
            log.warning("Not counted yet: %s (%s)", name, error)
            with _lock:
                _waiting[name] += times


def this_hour() -> datetime:
    return timezone.now().replace(minute=0, second=0, microsecond=0)


def counted_ever(prefix: str) -> dict[str, int]:
    """Sums since the first day, by the rest of the name. They only grow."""
    rows = HourlyCount.objects.filter(name__startswith=prefix).values_list("name").annotate(Sum("times")).order_by("name")
    return {name.removeprefix(prefix): times for name, times in rows}


def counted_since(prefix: str, since: datetime) -> list[tuple[datetime, str, int]]:
    """(hour, rest of the name, times), oldest first."""
    rows = HourlyCount.objects.filter(name__startswith=prefix, hour__gte=since).order_by("hour", "name")
    return [(row.hour, row.name.removeprefix(prefix), row.times) for row in rows]


def add_up_old_counts() -> int:
    """Turn hours that are long over into one sum per name; answers how many rows went. Safe to run beside itself.

    A row is added to the sum by whoever deleted it, in one transaction.
    """
    gone = 0
    for row in list(HourlyCount.objects.filter(hour__gt=EVER, hour__lt=timezone.now() - KEPT)):
        with transaction.atomic():
            if HourlyCount.objects.filter(pk=row.pk).delete()[0]:
                _add(row.name, EVER, row.times)
                gone += 1
    return gone


def _add(name: str, hour: datetime, times: int) -> None:
    row = HourlyCount.objects.filter(name=name, hour=hour)
    if not row.update(times=F("times") + times):
        HourlyCount.objects.bulk_create([HourlyCount(name=name, hour=hour)], ignore_conflicts=True)
        row.update(times=F("times") + times)
