"""Imports that are large, and imports that meet others."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from threading import Barrier, Event, get_ident

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, connection
from django.db.models import Sum

from catalog.exchange import load as loading
from catalog.exchange import read as reading
from catalog.exchange.read import count_lines, read_blocks
from catalog.models import Product, StockMovement, Variant
from tests import factories, shelf
from tests.catalog.product_files import LINE, imported, outcomes, written
from tests.catalog.waiting import somebody_waits_for_us
from tests.sandbox_process import wait_for

BOUND = 200  # MiB
PROGRAM = """
import resource, sys
from django.core.management import execute_from_command_line as manage
manage(["manage.py", "migrate", "-v", "0"])
manage(["manage.py", "import_products", sys.argv[1]])
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def many(products: int, *, variants: int = 4) -> bytes:
    """A line for each variant, with texts as long as they are in shops."""
    sizes = ["S", *(f"S{number}" for number in range(1, variants))]
    first = {"Title": "Thing", "Body (HTML)": "<p>" + "Words. " * 60 + "</p>", "Type": "Pots", "Option1 Name": "Size"}
    return written(
        *(
            {"Handle": f"thing-{number}", "Variant Price": "9.99", "Variant Inventory Qty": "3", "Option1 Value": size}
            | (first if size == "S" else {})
            for number in range(products)
            for size in sizes
        )
    )


@pytest.mark.same_on_both
def test_it_holds_one_product_at_a_time_while_it_reads():
    data = many(2_000)
    tracemalloc.start()
    try:
        lines = count_lines(lambda: io.BytesIO(data))
        blocks = sum(1 for _block in read_blocks(lambda: io.BytesIO(data)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (lines, blocks) == (8_000, 2_000)
    assert peak < len(data), "the whole file was in memory"


@pytest.mark.same_on_both
def test_it_keeps_only_so_many_lines_of_one_product(monkeypatch):
    monkeypatch.setattr(reading, "MOST_OF_ONE", 3)
    data = written(*[LINE] * 5, LINE | {"Handle": "pan"})
    pot, pan = read_blocks(lambda: io.BytesIO(data))
    assert ([line.number for line in pot.lines], [line.number for line in pan.lines]) == ([2, 3, 6], [7])
    assert [str(reason) for reason in pot.reasons] == ["line 5: More than 3 lines of one product."]


@pytest.mark.django_db
@pytest.mark.same_on_both
def test_it_takes_fewer_products_at_once_that_have_many_variants(monkeypatch):
    monkeypatch.setattr(loading, "BATCH_LINES", 5)
    data = many(5, variants=3)
    batches = loading.load(lambda: io.BytesIO(data), write_it=False)
    assert [len(batch) for batch in batches] == [2, 2, 1]


@pytest.mark.django_db
@pytest.mark.same_on_both
def test_it_takes_fewer_products_at_once_with_which_much_is_wrong(monkeypatch):
    monkeypatch.setattr(loading, "BATCH_LINES", 5)
    data = b"Handle,Title\n" + b"".join(b"pot-%d\n" % number * 3 for number in range(5))
    batches = loading.load(lambda: io.BytesIO(data), write_it=False)
    assert [len(batch) for batch in batches] == [2, 2, 1]


@pytest.mark.long
@pytest.mark.same_on_both
@pytest.mark.parametrize(("products", "variants"), [(25_000, 4), (200, 500)])
def test_it_imports_a_hundred_thousand_lines_within_its_memory(tmp_path: Path, products: int, variants: int):
    file = tmp_path / "many.csv"
    file.write_bytes(many(products, variants=variants))
    env = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'shop.sqlite3'}", "DJANGO_SETTINGS_MODULE": "shop.settings"}
    command = [sys.executable, "-c", PROGRAM, str(file)]
    run = subprocess.run(command, env=env, cwd=django_settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert f"{products} new, 0 changed, 0 unchanged, 0 refused" in run.stdout, run.stderr[-2000:]
    assert int(run.stdout.split()[-1]) < BOUND


def import_twice_at_once(race, monkeypatch, *files: bytes) -> list[object]:
    """Both have looked and seen nothing before one of them writes; on SQLite, which lets one begin, both want to begin."""
    both, write, look_up = Barrier(len(files)), loading._write, loading.look_up
    met: set[int] = set()

    def meet() -> None:
        if get_ident() not in met:
            met.add(get_ident())
            both.wait(20)

    def looking(records, *, lock):
        shelf = look_up(records, lock=lock)
        if connection.vendor == "postgresql":
            meet()
        return shelf

    def beginning(*batch):
        if connection.vendor == "sqlite":
            meet()
        return write(*batch)

    with monkeypatch.context() as during_the_race:
        during_the_race.setattr(loading, "look_up", looking)
        during_the_race.setattr(loading, "_write", beginning)
        found = race(*[lambda file=file: imported(file) for file in files])
    assert len(met) == len(files)
    return found


POTS = [LINE | {"Handle": f"pot-{number}", "Variant Inventory Qty": "2"} for number in range(5)]


@pytest.mark.django_db(transaction=True)
def test_it_writes_each_product_once_when_two_import_the_same_file(race, monkeypatch):
    found = import_twice_at_once(race, monkeypatch, written(*POTS), written(*reversed(POTS)))
    assert [error for error in found if isinstance(error, Exception)] == []
    assert Product.objects.count() == Variant.objects.count() == 5
    assert StockMovement.objects.aggregate(sum=Sum("delta"))["sum"] == 10
    told = [done.outcome for one in found for done in one]
    assert told.count("new") == 5
    assert set(told) <= {"new", "unchanged", "refused"}
    assert outcomes(written(*POTS)) == {"unchanged": 5}


@pytest.mark.only_on("postgres")
@pytest.mark.django_db(transaction=True)
def test_without_a_second_look_one_of_two_imports_would_end(race, monkeypatch):
    """The control: whoever comes second does not try its products one by one."""
    monkeypatch.setattr(loading, "_written", lambda *batch: loading._write(*batch))
    found = import_twice_at_once(race, monkeypatch, written(*POTS), written(*POTS))
    assert len([error for error in found if isinstance(error, IntegrityError)]) == 1


def count_while_somebody_buys(race, monkeypatch, *, locked: bool) -> Variant:
    """An import has looked and counts nine of five; then one of the five is sold, or waits until the import is through."""
    variant = factories.variant(on_hand=5)
    shelf.reserve(variant.pk, 1)
    looked, at_the_door, sold, look_up = Event(), Event(), Event(), loading.look_up

    def looking(records, *, lock):
        found = look_up(records, lock=lock and locked)
        looked.set()
        assert at_the_door.wait(20)
        if not locked:
            assert sold.wait(20), "the sale came between"
        elif connection.vendor == "postgresql":
            wait_for(somebody_waits_for_us, seconds=20, what="the sale, waiting")
        assert sold.is_set() is not locked
        return found

    def sell() -> None:
        assert looked.wait(20)
        at_the_door.set()
        shelf.sell(variant.pk, 1)
        sold.set()

    monkeypatch.setattr(loading, "look_up", looking)
    line = {"Handle": variant.product.slug, "Variant SKU": variant.sku, "Variant Inventory Qty": "9"}
    found = race(lambda: imported(written(line)), sell)
    assert [error for error in found if isinstance(error, Exception)] == []
    variant.refresh_from_db()
    return variant


def in_the_books(variant: Variant) -> int:
    return variant.movements.aggregate(on_hand=Sum("delta"))["on_hand"]


@pytest.mark.django_db(transaction=True)
def test_it_loses_no_sale_that_comes_while_it_counts(race, monkeypatch):
    variant = count_while_somebody_buys(race, monkeypatch, locked=True)
    assert (variant.stock_on_hand, variant.stock_reserved, in_the_books(variant)) == (8, 0, 8)


@pytest.mark.only_on("postgres")
@pytest.mark.django_db(transaction=True)
def test_the_race_shows_it_when_rows_are_not_locked(race, monkeypatch):
    """The control: it counted from five though four were there, so the books and the count part."""
    variant = count_while_somebody_buys(race, monkeypatch, locked=False)
    assert (variant.stock_on_hand, in_the_books(variant)) == (9, 8)
