"""Sitemaps and robots.txt."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.robotparser import RobotFileParser

import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from catalog import sitemap
from catalog.models import Category, Product
from tests import factories
from tests.catalog.sitemap_rules import read_map
from tests.trust.every_page import places

pytestmark = pytest.mark.django_db
SITE = "https://shop.example"
LONG_AGO = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL = SITE


def shown(client, path, kind="urlset"):
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml; charset=utf-8")
    assert answer["Cache-Control"] == "public, max-age=3600"
    found, entries = read_map(answer.content)
    assert found == kind
    return {address.removeprefix(SITE): at for address, at in entries.items()}


def all_addresses(client):
    """Every address that the maps lead to."""
    return {address for path in shown(client, "/sitemap.xml", "sitemapindex") for address in shown(client, path)}


# -- What is in them


def test_it_leads_to_every_page_that_is_public_and_to_no_other(client):
    hidden = factories.category(slug="hidden", is_published=False)
    flow = factories.category(slug="flow")
    factories.category(slug="below", parent=hidden)
    product = factories.product(slug="slow-weather", categories=[flow])
    factories.product(slug="draft", is_published=False)
    assert all_addresses(client) == {"/", "/products/", "/categories/flow/", product.get_absolute_url()}
    assert {client.get(address).status_code for address in all_addresses(client)} == {200}


def test_it_is_whole_when_the_shop_is_empty(client):
    assert all_addresses(client) == {"/", "/products/"}


def test_it_splits_products_by_their_keys(client, monkeypatch):
    monkeypatch.setattr(sitemap, "KEYS_IN_A_PART", 10)
    for pk in (7, 9, 10, 25, 31):
        factories.product(pk=pk, slug=f"p-{pk}", is_published=pk != 31)
    maps = [path for path in shown(client, "/sitemap.xml", "sitemapindex") if "products" in path]
    assert maps == ["/sitemap-products-0.xml", "/sitemap-products-1.xml", "/sitemap-products-2.xml"]
    assert [len(shown(client, path)) for path in maps] == [2, 1, 1]
    assert client.get("/sitemap-products-3.xml").status_code == 404
    assert client.get(f"/sitemap-products-{'9' * 40}.xml").status_code == 404


def test_it_takes_slugs_in_any_alphabet(client):
    Product.objects.bulk_create([Product(title="流动", slug="流动-é", is_published=True)])
    assert "/products/%E6%B5%81%E5%8A%A8-%C3%A9/" in all_addresses(client)


# -- When they changed


def changed(client, product):
    [part] = [path for path in shown(client, "/sitemap.xml", "sitemapindex") if "products" in path]
    assert shown(client, "/sitemap.xml", "sitemapindex")[part] == shown(client, part)[product.get_absolute_url()]
    return shown(client, part)[product.get_absolute_url()] != LONG_AGO.isoformat()


def set_back(product):
    Product.objects.filter(pk=product.pk).update(updated_at=LONG_AGO)


def test_it_says_when_a_product_changed_with_its_prices_and_pictures(client):
    variant = factories.variant()
    product = variant.product
    set_back(product)
    assert not changed(client, product)
    variant.price_minor += 100
    variant.save()
    assert changed(client, product)
    for change in (
        lambda: factories.picture(product=product),
        lambda: product.images.get().delete(),
        lambda: variant.delete(),
        lambda: Product.objects.get(pk=product.pk).save(),
    ):
        set_back(product)
        change()
        assert changed(client, product)


def test_it_takes_no_sale_for_a_change(client):
    variant = factories.variant()
    set_back(variant.product)
    factories.order(variants=[(variant, 1)], status="paid")
    assert not changed(client, variant.product)


def test_it_says_when_a_category_changed(client):
    flow = factories.category(slug="flow")
    Category.objects.update(updated_at=LONG_AGO)
    assert shown(client, "/sitemap-pages.xml")["/categories/flow/"] == LONG_AGO.isoformat()
    flow.save()
    assert shown(client, "/sitemap-pages.xml")["/categories/flow/"] > LONG_AGO.isoformat()


# -- What they cost


def test_it_asks_once_for_a_map_and_makes_no_session(client, django_assert_num_queries):
    for number in range(12):
        factories.product(slug=f"p-{number}", categories=[factories.category()])
    for path in ("/sitemap.xml", "/sitemap-pages.xml", f"/sitemap-products-{Product.objects.first().pk // 10_000}.xml"):
        with django_assert_num_queries(1):
            assert client.get(path).status_code == 200
    assert not Session.objects.exists()
    assert not client.cookies


@pytest.mark.only_on("sqlite")
def test_it_reads_an_index_for_the_index_and_a_range_for_a_part(client, django_assert_num_queries):
    factories.product(pk=1)
    plans = []
    for path in ("/sitemap.xml", "/sitemap-products-0.xml"):
        with django_assert_num_queries(1) as queries:
            client.get(path)
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {queries.captured_queries[0]['sql']}")
            plans.append(" ".join(row[3] for row in cursor.fetchall()))
    assert "COVERING INDEX catalog_product_mapped" in plans[0]
    assert re.search(r"SEARCH catalog_product USING (INTEGER PRIMARY KEY|INDEX \w+) \((rowid|id)>\? AND \2<\?\)", plans[1])


# -- The rules


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"https://", b"/"),
        (b"<loc>", b"<lok>"),
        (b"schemas/sitemap/0.9", b"schemas/sitemap/0.8"),
        (b"<lastmod>20", b"<lastmod>x20"),
        (b"shop.example/products/", b"other.example/products/"),
        (b"</url>", b"<priority>1</priority></url>"),
    ],
)
def test_it_would_notice_a_map_that_is_wrong(client, right, wrong):
    factories.category()
    content = client.get("/sitemap-pages.xml").content
    read_map(content)
    with pytest.raises((ValueError, SyntaxError)):
        read_map(content.replace(right, wrong))


def test_it_tells_robots_what_is_theirs_and_where_the_map_is(client):
    answer = client.get("/robots.txt")
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("text/plain; charset=utf-8", "public, max-age=86400")
    rules = RobotFileParser()
    rules.parse(answer.content.decode().splitlines())
    assert rules.site_maps() == [f"{SITE}/sitemap.xml"]
    factories.category(slug="flow")
    allowed = {place.pattern for place in places() if rules.can_fetch("Googlebot", f"{SITE}{place.pattern % Anything()}")}
    nothing_there = re.compile("/(admin|cart|checkout|account|orders|search|viewed|webhooks)")
    assert not {pattern for pattern in allowed if nothing_there.match(pattern)}
    assert {"/", "/products/", "/products/%(slug)s/", "/categories/%(path)s/", "/sitemap.xml"} <= allowed


class Anything(dict):
    def __missing__(self, key):
        return "x"
