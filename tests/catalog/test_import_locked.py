"""Another program writes to SQLite for longer than anybody waits."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from catalog.exchange import load as loading
from catalog.exchange import runs
from catalog.models import Product
from tests.catalog.product_files import LINE, written

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.django_db(transaction=True)]

FILE = written(*[LINE | {"Handle": f"pot-{number}"} for number in range(3)])


@contextmanager
def somebody_writes() -> Iterator[None]:
    """And we give up at once."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        patience = cursor.fetchone()[0]
        cursor.execute("PRAGMA busy_timeout = 0")
    somebody = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, uri=True)
    try:
        somebody.execute("BEGIN IMMEDIATE")
        yield
    finally:
        somebody.close()
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {patience}")


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(loading, "BATCH", 1)


def test_it_says_so_and_keeps_what_was_imported(tmp_path, small_batches, monkeypatch):
    file = tmp_path / "pots.csv"
    file.write_bytes(FILE)
    written_whole, locks = loading._written, ExitStack()

    def locked_after_the_first(batch, *more):
        if batch[0].handle == "pot-1":
            locks.enter_context(somebody_writes())
        return written_whole(batch, *more)

    monkeypatch.setattr(loading, "_written", locked_after_the_first)
    with locks, pytest.raises(CommandError, match=r"database is locked.* What was imported stays; run it again") as error:
        call_command("import_products", str(file), stdout=io.StringIO(), stderr=io.StringIO())
    assert error.value.returncode == 1
    assert list(Product.objects.values_list("slug", flat=True)) == ["pot-0"]
    monkeypatch.undo()
    out = io.StringIO()
    call_command("import_products", str(file), stdout=out, stderr=io.StringIO())
    assert "2 new, 0 changed, 1 unchanged, 0 refused" in out.getvalue()


def test_a_worker_goes_on_later(small_batches, grace):
    run = runs.receive(SimpleUploadedFile("pots.csv", FILE), by=grace)
    assert runs.work_on(run)
    assert runs.begin_to_apply(run, by=grace)
    assert runs._take(run)
    with somebody_writes(), pytest.raises(OperationalError):
        runs._Work(run).all()
    run.refresh_from_db()
    assert (run.state, run.groups_done) == ("applying", 0)
    type(run).objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert runs.work_on_due() == 1
    run.refresh_from_db()
    assert (run.state, run.new, Product.objects.count()) == ("done", 3, 3)
