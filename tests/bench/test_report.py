from __future__ import annotations

import copy

import pytest

from bench import report
from bench.pages import KEPT, LISTS

MEMORY = {"rss": 80.0, "pss": 60.0, "own": 50.0}


def figures(per_second, *, p95_ms=45.0):
    return {"requests": 9, "per_second": per_second, "p50_ms": 5.0, "p95_ms": p95_ms, "cpu_ms": 1000 / per_second} | {
        "client_cpu_ms": 0.1,
        "busy": 1.0,
    }


def good_run():
    pages = {name: figures(420) for name in (*LISTS, "cart add", "fulfilment")}
    pages |= {f"kept {name}": figures(300) for name in KEPT}
    shop = {"pages": pages | {"checkout start": figures(50)}, "memory": MEMORY, "orders": 9}
    shop["queries"] = dict.fromkeys(LISTS, 4) | {"product": 5}
    bare = dict.fromkeys(("bare page", report.TEMPLATE, report.SESSION, report.INSERT), figures(500))
    shops = [copy.deepcopy(shop) | {"products": size} for size in (1000, 100_000)]
    return {"database": "sqlite", "software": "SQLite 3.40.1", "bare": bare, "bare_memory": MEMORY, "shops": shops}


def test_it_says_when_all_aims_are_reached():
    assert report.misses(good_run()) == []
    assert "All aims are reached." in report.markdown([good_run()])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda shop: shop["pages"].update({"list": figures(390)}), "list 0.78 of bare template + query, aim 0.8"),
        (lambda shop: shop["pages"].update({"kept list": figures(240)}), "kept list 0.48 of bare page, aim 0.5"),
        (lambda shop: shop["pages"].update({"fulfilment": figures(350, p95_ms=140.0)}), "webhook p95 140 ms, aim 100"),
        (lambda shop: shop["pages"].update({"suggest": figures(350, p95_ms=60.0)}), "suggest p95 60 ms, aim 50"),
        (lambda shop: shop["queries"].update({"product": 6}), "product 6 SQL queries, aim 5"),
        (lambda shop: shop["memory"].update({"rss": 120.0}), "worker 120 MiB resident, aim 100"),
        (lambda shop: shop["pages"].update({"search": figures(120)}), "search 3.5 times slower than with 1000, aim 1.5"),
    ],
)
def test_it_names_every_aim_that_is_missed(change, words):
    run = copy.deepcopy(good_run())
    change(run["shops"][1])
    assert report.misses(run) == [f"sqlite, 100000 products: {words}"]


def test_it_tells_how_much_slower_each_page_is():
    run = good_run()
    run["shops"][1]["pages"]["suggest"] = figures(210)
    table = report.slower_table(run)
    assert "| Times slower than with 1,000 | 100,000 |" in table
    assert "| suggest | 2.00 |" in table
    assert table in report.markdown([run])
    assert report.slower_table(run | {"shops": run["shops"][:1]}) == ""


def test_it_replaces_only_the_table_in_the_documentation(tmp_path, monkeypatch):
    page = tmp_path / "performance.md"
    page.write_text(f"Before\n\n{report.BEGIN}\nold\n{report.END}\n\nAfter\n")
    monkeypatch.setattr(report, "DOCS", page)
    report.write_into_docs("new\n")
    assert page.read_text() == f"Before\n\n{report.BEGIN}\nnew\n{report.END}\n\nAfter\n"


def test_it_finds_its_marks_in_the_real_documentation():
    text = report.DOCS.read_text()
    assert text.count(report.BEGIN) == text.count(report.END) == 1
