from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from catalog.exchange import runs
from catalog.exchange.models import ImportPiece, ImportRun
from catalog.models import Product, StockMovement
from tests import factories
from tests.catalog.product_files import LINE, imported, written

pytestmark = pytest.mark.django_db

ADD = "/admin/catalog/importrun/add/"
WRONG = LINE | {"Handle": "pan", "Variant Price": "=9"}


def page_of(run: ImportRun, what: str = "change/") -> str:
    return f"/admin/catalog/importrun/{run.pk}/{what}"


def upload(client, data: bytes):
    return client.post(ADD, {"file": SimpleUploadedFile("pots.csv", data, "text/csv")}, follow=True)


@pytest.fixture
def large(monkeypatch):
    """Files of this test are left to the worker, in batches of two products."""
    monkeypatch.setattr("catalog.import_admin.SMALL", 0)
    monkeypatch.setattr("catalog.exchange.load.BATCH", 2)


def test_it_shows_what_a_file_would_change_then_applies_it(grace_client):
    page = upload(grace_client, written(LINE | {"Vendor": "Acme"}, WRONG)).content.decode()
    run = ImportRun.objects.get()
    assert (run.state, run.new, run.refused, run.by.email) == ("checked", 1, 1, "grace@shop.test")
    for shown in ("Apply: 1 new, 0 changed", "line 3, Variant Price", "Clay Pot", "pots.csv"):
        assert shown in page
    assert not Product.objects.exists()
    page = grace_client.post(page_of(run, "apply/"), follow=True).content.decode()
    run.refresh_from_db()
    assert (run.state, run.new, run.refused, run.applied_by.email) == ("done", 1, 1, "grace@shop.test")
    assert "Applied" in page
    assert Product.objects.get().vendor == "Acme"
    assert not ImportPiece.objects.exists(), "the file is not kept longer than it is needed"


def test_it_lets_the_refused_lines_be_downloaded_with_the_reasons(grace_client):
    upload(grace_client, written(LINE, WRONG | {"Handle": "-pan"}))
    answer = grace_client.get(page_of(ImportRun.objects.get(), "refused.csv"))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert text.splitlines()[0] == "Line,Handle,Reason"
    assert text.splitlines()[1].startswith("3,'-pan,")
    assert "attachment" in answer["Content-Disposition"]


def test_it_tells_what_is_left_out_of_a_product_that_is_imported(grace_client):
    file = written(LINE | {"Image Src": "photo.jpg"})
    for outcome in ("new", "unchanged"):
        page = upload(grace_client, file).content.decode()
        assert "line 2, Image Src: “photo.jpg” is no address" in page
        run = ImportRun.objects.first()
        assert (getattr(run, outcome), run.refused) == (1, 0)
        grace_client.post(page_of(run, "apply/"))


def downloaded(client, run: ImportRun, what: str) -> list[dict[str, str]]:
    answer = client.get(page_of(run, what))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def sizes(**cells: str) -> bytes:
    """Thirty variants of one product."""
    first = {"Title": "Clay Pot", "Option1 Name": "Size"}
    line = {"Handle": "pot", "Variant Price": "9.99", **cells}
    return written(*[line | {"Option1 Value": f"S{number}"} | (first if not number else {}) for number in range(30)])


def test_it_shows_the_first_reasons_of_a_product_and_lets_all_be_downloaded(grace_client):
    page = upload(grace_client, sizes(**{"Variant Price": "x"})).content.decode()
    assert page.count("Variant Price") == 20
    assert "… and 10 more" in page
    found = downloaded(grace_client, ImportRun.objects.get(), "refused.csv")
    assert [row["Reason"].split(",")[0] for row in found] == [f"line {number}" for number in range(2, 32)]


def test_it_shows_the_first_changes_and_lets_all_be_downloaded(grace_client, monkeypatch):
    imported(sizes())
    page = upload(grace_client, sizes(**{"Variant Price": "7.00"})).content.decode()
    assert page.count("Variant Price") == 20
    assert "… and 10 more" in page
    run = ImportRun.objects.get()
    found = downloaded(grace_client, run, "changes.csv")
    assert [row["What"] for row in found] == [f"S{number}: Variant Price €9.99 → €7.00" for number in range(30)]
    assert {(row["Outcome"], row["Line"], row["Handle"], row["Title"]) for row in found} == {
        ("changed", "2", "pot", "Clay Pot")
    }
    imported(sizes(**{"Variant Price": "8.00"}))
    assert "€8.00 → €7.00" in downloaded(grace_client, run, "changes.csv")[0]["What"], "compared with the shop as it is now"
    grace_client.post(page_of(run, "apply/"))
    page = grace_client.get(page_of(run)).content.decode()
    assert "… and 10 more" in page
    assert "changes.csv" not in page
    assert grace_client.get(page_of(run, "changes.csv")).status_code == 404


def test_it_lists_all_outcomes_for_a_download_however_few_it_keeps(grace_client, monkeypatch):
    monkeypatch.setattr(runs, "MOST_KEPT", 2)
    monkeypatch.setattr("catalog.import_admin.MOST_KEPT", 2)
    imported(written(LINE | {"Handle": "same"}))
    new = [LINE | {"Handle": f"pot-{number}"} for number in range(3)]
    page = upload(grace_client, written(*new, LINE | {"Handle": "same"}, WRONG, {"Handle": "pan-2"}, {"Handle": "pan-3"}))
    assert page.content.decode().count("The first 2 are shown.") == 2
    found = downloaded(grace_client, ImportRun.objects.get(), "changes.csv")
    assert [row["Outcome"] for row in found] == ["new"] * 3 + ["refused"] * (len(found) - 3)
    assert {row["Handle"] for row in found} == {"pot-0", "pot-1", "pot-2", "pan", "pan-2", "pan-3"}


def test_it_says_so_when_the_download_is_overtaken_by_the_import(grace_client, monkeypatch):
    monkeypatch.setattr("catalog.exchange.load.BATCH", 1)
    upload(grace_client, written(*[LINE | {"Handle": f"pot-{number}"} for number in range(3)]))
    run = ImportRun.objects.get()
    parts = iter(grace_client.get(page_of(run, "changes.csv")).streaming_content)
    assert [b"Outcome" in next(parts), b"pot-0" in next(parts)] == [True, True]
    grace_client.post(page_of(run, "apply/"))
    assert "not whole: the import was applied" in list(parts)[-1].decode()


@pytest.mark.parametrize(
    ("data", "says"), [(b"", "The submitted file is empty"), (b"nonsense", "must name the columns"), (b"\xff\x00", "UTF-8")]
)
def test_it_says_what_is_wrong_with_a_file(grace_client, data, says):
    assert says in upload(grace_client, data).content.decode()
    assert not Product.objects.exists()


def test_it_asks_for_a_file(grace_client):
    answer = grace_client.post(ADD, {})
    assert answer.status_code == 422
    assert "This field is required" in answer.content.decode()


def test_it_applies_once_however_often_somebody_asks(grace_client):
    upload(grace_client, written(LINE | {"Variant Inventory Qty": "3"}))
    run = ImportRun.objects.get()
    for _each in range(2):
        answer = grace_client.post(page_of(run, "apply/"), follow=True)
    assert "applied already" in answer.content.decode()
    assert StockMovement.objects.count() == 1


def test_it_leaves_large_files_to_the_worker_and_says_how_far_it_is(grace_client, large):
    lines = [LINE | {"Handle": f"pot-{number}"} for number in range(5)]
    page = upload(grace_client, written(*lines)).content.decode()
    assert 'http-equiv="refresh"' in page
    assert runs.work_on_due() == 1
    run = ImportRun.objects.get()
    assert (run.state, run.groups_done, run.groups_total, run.new) == ("checked", 5, 5, 5)
    assert "<progress" in grace_client.post(page_of(run, "apply/"), follow=True).content.decode()
    assert runs.work_on_due() == 1
    run.refresh_from_db()
    assert (run.state, run.groups_done, run.new) == ("done", 5, 5)
    assert Product.objects.count() == 5


def test_it_leaves_many_short_lines_to_the_worker(grace_client, monkeypatch):
    """To look through them is quick. To write twenty thousand takes longer than a request may."""
    monkeypatch.setattr("catalog.import_admin.FEW", 1)
    upload(grace_client, written(LINE, LINE | {"Handle": "pan"}))
    run = ImportRun.objects.get()
    assert run.state == "checked"
    assert "<progress" in grace_client.post(page_of(run, "apply/"), follow=True).content.decode()
    assert runs.work_on_due() == 1
    assert Product.objects.count() == 2


def test_it_goes_on_where_a_killed_worker_stopped(grace_client, large, monkeypatch):
    lines = [LINE | {"Handle": f"pot-{number}", "Variant Inventory Qty": "1"} for number in range(5)]
    upload(grace_client, written(*lines))
    runs.work_on_due()
    run = ImportRun.objects.get()
    runs.begin_to_apply(run, by=None)
    book, calls = runs._Work._book, []

    def killed(self, batch):
        book(self, batch)
        calls.append(len(batch))
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(runs._Work, "_book", killed)
    with pytest.raises(KeyboardInterrupt):
        runs.work_on_due()
    monkeypatch.undo()
    run.refresh_from_db()
    assert (run.state, run.groups_done, Product.objects.count()) == ("applying", 2, 2), "the second batch was rolled back whole"
    assert runs.work_on_due() == 0, "its lease has not run out"
    ImportRun.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert runs.work_on_due() == 1
    run.refresh_from_db()
    assert (run.state, run.groups_done, run.new, run.unchanged) == ("done", 5, 5, 0)
    assert Product.objects.count() == StockMovement.objects.count() == 5
    assert {movement.by for movement in StockMovement.objects.all()} == {f"import {run.pk}"}, "nobody's account, but a cause"


def test_it_stops_when_another_worker_took_over(grace_client, large):
    upload(grace_client, written(*[LINE | {"Handle": f"pot-{number}"} for number in range(3)]))
    run = ImportRun.objects.get()
    assert runs._take(run)
    assert not runs._take(run)
    ImportRun.objects.update(groups_done=7)
    with pytest.raises(runs.TakenOver):
        runs._Work(run)._book([])


def test_it_lets_only_those_import_who_may_write_products(grace, grace_client):
    grace.is_superuser = False
    grace.save()
    assert grace_client.get(ADD).status_code == 403
    grace.user_permissions.set(Permission.objects.filter(codename__in=["add_importrun", "view_importrun"]))
    assert grace_client.get(ADD).status_code == 403
    grace.user_permissions.add(
        *Permission.objects.filter(codename__in=["add_product", "change_product", "add_variant", "change_variant"])
    )
    assert grace_client.get(ADD).status_code == 200
    assert grace_client.get("/admin/catalog/importrun/export.csv").status_code == 403


def test_it_exports_from_the_list_of_products(grace_client):
    factories.variant()
    page = grace_client.get("/admin/catalog/product/").content.decode()
    assert ADD in page
    answer = grace_client.get("/admin/catalog/importrun/export.csv")
    assert b"".join(answer.streaming_content).startswith(b"\xef\xbb\xbfHandle,")


def test_it_shows_nothing_of_imports_to_shoppers(ada_client, grace_client):
    upload(grace_client, written(LINE))
    run = ImportRun.objects.get()
    for way in (
        ADD,
        page_of(run),
        page_of(run, "refused.csv"),
        page_of(run, "changes.csv"),
        "/admin/catalog/importrun/export.csv",
    ):
        assert ada_client.get(way).status_code == 302
    assert ada_client.post(page_of(run, "apply/")).status_code == 302
    assert not Product.objects.exists()


def test_it_forgets_files_that_nobody_applied_and_says_so(grace_client):
    upload(grace_client, written(LINE))
    runs.forget_old_files()
    assert ImportPiece.objects.exists()
    ImportRun.objects.update(created_at=timezone.now() - timedelta(days=15))
    runs.forget_old_files()
    assert not ImportPiece.objects.exists()
    page = grace_client.post(page_of(ImportRun.objects.get(), "apply/"), follow=True).content.decode()
    assert "Nobody applied it within 14 days" in page


def test_it_keeps_the_file_of_an_import_that_is_applied_at_last(grace_client, large):
    """Without its rest the file would seem to end there, and the import to be done."""
    upload(grace_client, written(LINE))
    runs.work_on_due()
    run = ImportRun.objects.get()
    assert runs.begin_to_apply(run, by=None)
    ImportRun.objects.update(created_at=timezone.now() - timedelta(days=15))
    runs.forget_old_files()
    assert runs.work_on_due() == 1
    run.refresh_from_db()
    assert (run.state, run.new) == ("done", 1)


def test_it_reads_the_file_from_the_database_piece_by_piece(grace_client, monkeypatch):
    monkeypatch.setattr(ImportPiece, "SIZE", 10)
    upload(grace_client, written(LINE | {"Title": "陶" * 30}))
    run = ImportRun.objects.get()
    assert (run.state, run.new) == ("checked", 1)
    assert ImportPiece.objects.count() > 5
