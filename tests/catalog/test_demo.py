from __future__ import annotations

import multiprocessing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import Sum

from catalog.demo.canvas import Canvas
from catalog.demo.catalogue import SERIES, entries, leaves
from catalog.demo.load import drawings, load_categories
from catalog.demo.palettes import PALETTES
from catalog.demo.pictures import draw
from catalog.demo.prices import offers
from catalog.models import Category, Option, Product, ProductImage, StockMovement, Variant
from catalog.templatetags.safe_html import safe_html
from money.currencies import THREE_DECIMAL, WHOLE_UNITS_OF_TWO_DECIMALS, ZERO_DECIMAL, currency


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


# -- What is on offer -------------------------------------------------------------------------------------------------


def test_it_offers_a_shop_worth_looking_at():
    assert len(entries()) >= 60
    parents = {parent for parent, _child, _blurb in leaves()}
    assert len(parents) >= 6
    assert len({entry.series.draw for entry in entries()}) >= 15
    assert len({entry.series.code for entry in entries()[:12]}) == 12, "the first page shows many kinds"


def test_it_tells_products_apart():
    everything = entries()
    assert len({entry.slug for entry in everything}) == len({entry.piece.title for entry in everything}) == len(everything)
    skus = [offer.sku for entry in everything for offer in offers(entry, "EUR")]
    assert len(set(skus)) == len(skus)


def test_it_describes_every_product_in_harmless_html():
    for entry in entries():
        shown = str(safe_html(entry.description))
        assert shown.count("<p>") == entry.description.count("<p>") >= 2
        assert shown.count("<li>") == entry.description.count("<li>")
        assert 10 < len(entry.piece.summary) <= 300


@pytest.mark.parametrize(
    "code", sorted({"EUR", "USD", *ZERO_DECIMAL, *THREE_DECIMAL, *WHOLE_UNITS_OF_TWO_DECIMALS, "HUF", "INR"})
)
def test_it_has_prices_in_any_currency(code):
    about = currency(code)
    for entry in entries():
        for offer in offers(entry, code):
            assert offer.price.currency == code
            assert offer.price.minor % about.step == 0
            assert about.minimum <= offer.price.minor <= 99_999_999
            assert offer.compare_at is None or offer.compare_at > offer.price


def test_it_has_the_last_ones_sold_out_ones_and_downloads():
    stock = [offer.stock for entry in entries() for offer in offers(entry, "EUR")]
    assert {0, 1, 2, None} <= set(stock)
    assert max(count for count in stock if count is not None) >= 20


# -- The drawings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.code)
def test_it_draws_every_series(series):
    piece = series.pieces[-1]
    palette = PALETTES[piece.palette]
    canvas = Canvas(palette.paper, scale=1)
    series.draw(canvas, palette, Random(piece.seed), **piece.settings)
    colours = canvas.image.resize((100, 126)).getcolors(100 * 126)
    assert len(colours) > 20, "something was drawn"
    assert max(count for count, _colour in colours) < 0.97 * 100 * 126


def test_it_draws_the_same_everywhere():
    first, again = draw("ring-road"), draw("ring-road")
    assert [shot.picture for shot in first] == [shot.picture for shot in again]
    assert [shot.role for shot in first] == ["sheet", "framed", "detail"]
    assert all(0 < len(shot.alt) <= 250 for shot in first)


def test_it_draws_the_same_in_several_processes():
    slugs = ["ring-road", "octave", "garden-hose", "kelim"]
    with drawings(slugs) as drawn:
        names = [[shot.picture.original.name for shot in shots] for shots in drawn]
    assert names == [[shot.picture.original.name for shot in draw(slug)] for slug in slugs]
    assert multiprocessing.active_children() == []


# -- Loading ----------------------------------------------------------------------------------------------------------


def books_balance() -> bool:
    sums = dict(StockMovement.objects.values_list("variant").annotate(sum=Sum("delta")).values_list("variant", "sum"))
    return all(variant.stock_on_hand == sums.get(variant.pk, 0) for variant in Variant.objects.all())


def test_it_loads_products_whole(db, media, capsys):
    call_command("load_demo_catalog", limit=2)
    assert "2 products loaded" in capsys.readouterr().out
    product = Product.objects.order_by("position").first()
    assert product.is_published
    assert [option.name for option in product.options.all()] == ["Size", "Finish"]
    assert product.variants.count() == 6
    assert product.categories.get().path == "fields/flow-fields"
    assert {variant.image.product for variant in product.variants.all()} == {product}
    for image in product.images.all():
        assert image.alt
        assert (media / image.name).stat().st_size > 10_000
        assert [one["width"] for one in image.renditions] == [320, 640]
    assert books_balance()
    assert Variant.objects.aggregate(sum=Sum("stock_on_hand"))["sum"] > 0


def test_it_changes_nothing_the_second_time(db, media, capsys):
    call_command("load_demo_catalog", limit=2)
    tables = (Category, Product, Option, Variant, ProductImage, StockMovement)
    before = [list(table.objects.order_by("pk").values()) for table in tables]
    stored = sorted(media.rglob("*.*"))
    Product.objects.filter(position=0).update(title="Mine now")
    call_command("load_demo_catalog", limit=2)
    assert "is there" in capsys.readouterr().out
    assert Product.objects.get(position=0).title == "Mine now"
    Product.objects.filter(position=0).update(title=before[1][0]["title"])
    assert [list(table.objects.order_by("pk").values()) for table in tables] == before
    assert sorted(media.rglob("*.*")) == stored


def test_it_loads_each_product_once_when_run_twice_at_once(race, media):
    outcomes = race(*[lambda: call_command("load_demo_catalog", limit=1)] * 3)
    assert outcomes == [None, None, None]
    assert Product.objects.count() == 1
    assert Variant.objects.count() == 6
    assert ProductImage.objects.count() == 3
    assert books_balance()
    missing = [image.name for image in ProductImage.objects.all() if not (media / image.name).exists()]
    assert missing == []


def test_it_makes_the_tree_once(db):
    load_categories()
    assert {path: category.pk for path, category in load_categories().items()} == dict(
        Category.objects.values_list("path", "pk")
    )


def test_it_sells_downloads_that_never_run_out(db):
    downloads = [entry for entry in entries() if entry.piece.kind != "print"]
    assert len(downloads) >= 4
    assert {offer.stock for entry in downloads for offer in offers(entry, "EUR")} == {None}
