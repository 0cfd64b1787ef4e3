"""Imports, pictures and the mail about stock are killed in the middle, as a power cut does it: by SIGKILL, at a known place."""

from __future__ import annotations

import signal
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Sum
from django.utils import timezone

from catalog import low_stock
from catalog.exchange import pictures, runs
from catalog.exchange.load import BATCH
from catalog.exchange.models import ImportRun, PictureToFetch
from catalog.models import LowStockMail, Product, ProductImage, StockMovement
from tests import factories
from tests.catalog.picture_server import PictureServer
from tests.catalog.product_files import LINE, imported, outcomes, written
from tests.trust.kills import walk_to

SECOND_BATCH = ["^after COMMIT", '^after INSERT INTO "catalog_stockmovement"']
MORE = 5
STAFF = "grace@shop.test"


def kill_at(world, places, *command, **environment):
    """Start a command, and SIGKILL it once it has come by each of the places and is at the last."""
    stop = world.shop.stops.set(places[0])
    started = world.shop.start_command(*command, **environment)
    assert walk_to(world.shop, stop, *places[1:]).wait() == [started.pid]
    world.shop.end_worker(started)
    world.shop.stops.clear()
    assert started.returncode == -signal.SIGKILL


@pytest.fixture
def large() -> bytes:
    """One product more than a batch, and some."""
    return written(*[LINE | {"Handle": f"pot-{number}", "Variant Inventory Qty": "2"} for number in range(BATCH + MORE)])


def there() -> tuple[int, int]:
    """Products, and the units of them that the books know."""
    return Product.objects.count(), StockMovement.objects.aggregate(sum=Sum("delta"))["sum"]


@pytest.mark.case("F40")
def test_an_import_that_was_killed_leaves_whole_batches_and_the_next_does_the_rest(world, tmp_path: Path, large):
    file = tmp_path / "products.csv"
    file.write_bytes(large)
    kill_at(world, SECOND_BATCH, "import_products", str(file))
    assert there() == (BATCH, 2 * BATCH)
    assert world.violations() == {}
    assert outcomes(large) == {"unchanged": BATCH, "new": MORE}
    assert there() == (BATCH + MORE, 2 * (BATCH + MORE))
    world.check()


@pytest.mark.case("F40")
@pytest.mark.long  # tests/catalog/test_import_admin.py breaks it off within one process
def test_an_upload_whose_worker_was_killed_is_gone_on_with_after_its_lease(world, large):
    run = runs.receive(SimpleUploadedFile("products.csv", large), by=None)
    assert runs.work_on_due() == 1
    assert runs.begin_to_apply(run, by=None)
    booked = '^before UPDATE "catalog_importrun" SET "groups_done"'
    kill_at(world, [booked, "^after COMMIT", *SECOND_BATCH[1:]], "worker", "--once")
    run.refresh_from_db()
    assert (run.state, run.groups_done, there()) == ("applying", BATCH, (BATCH, 2 * BATCH))
    assert runs.work_on_due() == 0, "its lease has not run out"
    ImportRun.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert runs.work_on_due() == 1
    run.refresh_from_db()
    assert (run.state, run.new, run.unchanged, there()) == ("done", BATCH + MORE, 0, (BATCH + MORE, 2 * (BATCH + MORE)))
    world.check()


@pytest.mark.case("F40")
def test_a_picture_whose_fetcher_was_killed_comes_once(world, settings):
    with PictureServer() as server:
        settings.IMPORT_PICTURE_HOSTS = [server.host]
        imported(written(LINE | {"Image Src": f"{server.address}/teal.png"}))
        place = '^before INSERT INTO "catalog_productimage"'  # its file is in the storage
        kill_at(world, [place], "fetch_pictures", IMPORT_PICTURE_HOSTS=server.host)
        assert not ProductImage.objects.exists()
        assert pictures.fetch_due_pictures() == 0, "its lease has not run out"
        PictureToFetch.objects.update(due_at=timezone.now())
        assert pictures.fetch_due_pictures() == 1
    row = PictureToFetch.objects.get()
    assert (row.image, row.due_at) == (ProductImage.objects.get(), None)
    world.check()


@pytest.mark.case("F40")
@pytest.mark.long  # tests/catalog/test_low_stock.py takes over from a killed worker within one process
def test_a_mail_about_stock_that_was_out_when_its_worker_was_killed_is_repeated_as_the_same(world, settings):
    settings.STOCK_MAIL_TO = [STAFF]
    factories.variant(on_hand=1)
    kill_at(world, ['^before UPDATE "catalog_lowstockmail" SET "sent_at"'], "worker", "--once", STOCK_MAIL_TO=STAFF)
    assert len(world.mail.accepted) == 1
    assert low_stock.send_due() == 0, "its lease has not run out"
    LowStockMail.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert low_stock.send_due() == 1
    assert len({message["Message-ID"] for message in world.mail.accepted}) == 1
    assert world.violations() == {}
