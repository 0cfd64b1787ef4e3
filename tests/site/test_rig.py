"""The rig itself: a test that cannot fail proves nothing, so the tools are tried first."""

from __future__ import annotations

from threading import Event, get_ident

import pytest
from django.conf import settings
from django.db import connection, transaction

from tests import factories
from tools.static_files import collected


def test_it_runs_the_calls_of_a_race_in_threads_at_the_same_time(race):
    first, second = Event(), Event()

    def one():
        first.set()
        return second.wait(10) and get_ident()

    def other():
        second.set()
        return first.wait(10) and get_ident()

    outcomes = race(one, other)
    assert all(outcomes)
    assert outcomes[0] != outcomes[1]


def test_it_reports_what_a_call_of_a_race_raised(race):
    def fails():
        raise ValueError("no")

    fine, failed = race(lambda: "fine", fails)
    assert fine == "fine"
    assert isinstance(failed, ValueError)


def test_it_loses_updates_in_a_race_without_a_guard(race):
    """The control for every race test: read-then-write without a lock must go wrong here, or nothing is being raced."""
    variant = factories.variant(on_hand=10)
    both_have_read = Event()
    readers = []

    def read_then_write():
        seen = type(variant).objects.get(pk=variant.pk).stock_on_hand
        readers.append(seen)
        if len(readers) == 2:
            both_have_read.set()
        both_have_read.wait(10)
        type(variant).objects.filter(pk=variant.pk).update(stock_on_hand=seen - 1)

    assert race(read_then_write, read_then_write) == [None, None]
    variant.refresh_from_db()
    assert variant.stock_on_hand == 9


@pytest.mark.django_db(transaction=True)
def test_it_uses_a_database_that_threads_share_as_in_production():
    if connection.vendor == "sqlite":
        assert not connection.is_in_memory_db()
        with connection.cursor() as cursor:
            assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with transaction.atomic():
        assert connection.in_atomic_block


def test_it_collects_static_files_once_as_long_as_they_stay_the_same():
    assert str(collected()) == settings.STATIC_ROOT


def test_it_serves_the_shop_on_the_address_that_links_name(live_server, client):
    assert live_server.url == settings.SITE_URL
