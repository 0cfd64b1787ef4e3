"""Imports that are large, and imports that meet others."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import Sum

from catalog.exchange import load as loading
from catalog.exchange import read as reading
from catalog.exchange.read import count_lines, read_blocks
from catalog.models import Product, StockMovement, Variant
from catalog.stock import OutOfStock, reserve
from tests import factories
from tests.catalog.product_files import LINE, imported, outcomes, written

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


@pytest.mark.django_db(transaction=True)
def test_it_writes_each_product_once_when_two_import_the_same_file(race):
    lines = [LINE | {"Handle": f"pot-{number}", "Variant Inventory Qty": "2"} for number in range(5)]
    found = race(lambda: imported(written(*lines)), lambda: imported(written(*reversed(lines))))
    assert [error for error in found if isinstance(error, Exception)] == []
    assert Product.objects.count() == Variant.objects.count() == 5
    assert StockMovement.objects.aggregate(sum=Sum("delta"))["sum"] == 10
    told = [done.outcome for one in found for done in one]
    assert told.count("new") == 5
    assert set(told) <= {"new", "unchanged", "refused"}
    assert outcomes(written(*lines)) == {"unchanged": 5}


def count_while_somebody_buys(race, variant: Variant) -> list[object]:
    """An import counts two units while two shoppers each want two of five."""
    line = {"Handle": variant.product.slug, "Variant SKU": variant.sku, "Variant Inventory Qty": "2"}

    def buy() -> object:
        with transaction.atomic():
            return reserve([(variant.pk, 2)], reference="order", by="ada")

    return race(lambda: imported(written(line)), buy, buy)


@pytest.mark.django_db(transaction=True)
def test_it_never_counts_below_what_is_promised_while_others_buy(race):
    variant = factories.variant(on_hand=5)
    found = count_while_somebody_buys(race, variant)
    assert [error for error in found if isinstance(error, Exception) and not isinstance(error, OutOfStock)] == []
    variant.refresh_from_db()
    assert variant.stock_reserved <= variant.stock_on_hand
    movements = StockMovement.objects.filter(variant=variant).aggregate(on_hand=Sum("delta"), reserved=Sum("reserved_delta"))
    assert movements == {"on_hand": variant.stock_on_hand, "reserved": variant.stock_reserved}


@pytest.mark.only_on("postgres")
@pytest.mark.django_db(transaction=True)
def test_the_race_shows_it_when_rows_are_not_locked(race, monkeypatch):
    """The control: between the look and the write somebody buys, and the books and the count part."""
    variant = factories.variant(on_hand=5)
    look_up, bought = loading.look_up, []

    def unlocked(records, *, lock):
        shelf = look_up(records, lock=False)
        if not bought:
            bought.append(race(lambda: Variant.objects.filter(pk=variant.pk).update(stock_on_hand=4)))
        return shelf

    monkeypatch.setattr(loading, "look_up", unlocked)
    line = {"Handle": variant.product.slug, "Variant SKU": variant.sku, "Variant Inventory Qty": "9"}
    imported(written(line))
    assert StockMovement.objects.get(kind="import").delta == 4, "it counted from 5, though 4 were there"
