from __future__ import annotations

from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts import counts
from accounts.counts import add_up_old_counts, count, counted_ever, counted_since, this_hour, write_counts
from accounts.models import HourlyCount


@pytest.fixture(autouse=True)
def nothing_waits(monkeypatch):
    """Neither from another test nor for another one; and a second has gone by."""
    counts._waiting.clear()
    monkeypatch.setattr(counts, "_written_at", -counts.PAUSE_SECONDS)
    yield
    counts._waiting.clear()


def statements(work) -> list[str]:
    seen: list[str] = []

    def note(execute, sql, *rest):
        seen.append(sql.split()[0])
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        work()
    return seen


@pytest.mark.django_db
def test_it_counts_by_the_hour_and_name():
    for name in ("webhook:signature", "webhook:signature", "webhook:handler", "other:one"):
        count(name)
    write_counts()
    assert counted_since("webhook:", this_hour()) == [(this_hour(), "handler", 1), (this_hour(), "signature", 2)]
    assert counted_ever("webhook:") == {"handler": 1, "signature": 2}


@pytest.mark.django_db
def test_it_writes_once_a_second_however_many_come():
    count("flood:x")

    def flood():
        for _again in range(1000):
            count("flood:x")

    assert statements(flood) == []
    assert counted_ever("flood:") == {"x": 1}
    write_counts()
    assert counted_ever("flood:") == {"x": 1001}


@pytest.mark.django_db(transaction=True)
def test_it_keeps_what_the_database_would_not_take():
    def refuse(*_args):
        raise DatabaseError("locked")

    with connection.execute_wrapper(refuse):
        count("webhook:signature")
    write_counts()
    assert counted_ever("webhook:") == {"signature": 1}


@pytest.mark.django_db
def test_it_adds_up_what_is_old_so_that_sums_only_grow():
    now = this_hour()
    for days in (100, 36, 2):
        HourlyCount.objects.create(name="webhook:signature", hour=now - timedelta(days=days), times=days)
    assert add_up_old_counts() == 2
    assert add_up_old_counts() == 0
    assert counted_ever("webhook:") == {"signature": 138}
    assert HourlyCount.objects.count() == 2
    assert [times for _hour, _name, times in counted_since("webhook:", now - timedelta(days=30))] == [2]


def test_it_counts_right_when_many_processes_write_at_once(race):
    """Each write of a thread is one of another process: they share nothing but the row."""
    hour = this_hour()
    outcomes = race(*[partial(counts._add, "webhook:signature", hour, 3) for _each in range(8)])
    assert outcomes == [None] * 8
    assert counted_ever("webhook:") == {"signature": 24}


def test_its_race_would_lose_counts_that_are_read_first(race):
    """The control: the same without an UPDATE that adds."""
    HourlyCount.objects.create(name="webhook:signature", hour=this_hour(), times=0)
    all_have_read = Barrier(4)

    def read_then_write():
        row = HourlyCount.objects.get(name="webhook:signature")
        all_have_read.wait(20)
        HourlyCount.objects.filter(pk=row.pk).update(times=row.times + 3)

    race(*[read_then_write] * 4)
    assert counted_ever("webhook:") == {"signature": 3}


def test_old_counts_are_added_once_however_many_do_it(race):
    for day in range(36, 42):
        HourlyCount.objects.create(name="webhook:signature", hour=timezone.now() - timedelta(days=day), times=10)
    gone = race(*[add_up_old_counts] * 4)
    assert sum(gone) == 6
    assert counted_ever("webhook:") == {"signature": 60}
