from __future__ import annotations

from collections import Counter

import pytest
from django.db.models import Count, F

from bench import catalogue, inside
from bench.catalogue import RARE, SOLD_OUT, load
from bench.report import MOST_QUERIES
from bench.words import COLOURS, SELDOM, SELDOM_COUNT
from catalog.models import Product, Variant

pytestmark = pytest.mark.django_db

PRODUCTS = 60


def test_it_loads_what_every_page_needs_with_few_queries(monkeypatch):
    monkeypatch.setattr(inside, "SHOWN", 10)
    monkeypatch.setattr(catalogue, "DRAWN", 20)
    load(PRODUCTS, quiet=True)
    assert sorted(Product.objects.values_list("position", flat=True)) == list(range(PRODUCTS))
    assert not Variant.objects.exclude(image=None).exclude(image__product=F("product")).exists()
    assert Product.objects.published().count() == PRODUCTS
    assert Variant.objects.on_sale().count() == 4 * PRODUCTS
    assert Product.objects.filter(categories__path="rare").count() == RARE
    assert not Product.objects.annotate(pictures=Count("images")).exclude(pictures=2).exists()
    found = inside.addresses()
    assert len(found["product"]) == len(found["deep list"]) + 1 == inside.SHOWN
    assert len(found["variants"]) > inside.SHOWN // 2
    counted = inside.queries()
    assert {name: counted[name] <= most for name, most in MOST_QUERIES.items()} == dict.fromkeys(MOST_QUERIES, True)


def test_it_has_frequent_words_and_many_seldom_ones():
    load(200, quiet=True)
    titles = list(Product.objects.values_list("title", flat=True))
    assert sum(SELDOM.title() in title for title in titles) == SELDOM_COUNT
    assert 30 < sum(COLOURS[0].title() in title for title in titles) < 90
    assert len({word for title in titles for word in title.split()}) > 300
    assert Variant.objects.filter(stock_on_hand=0).count() == 4 * 200 // SOLD_OUT
    held = Counter(Product.categories.through.objects.values_list("category", flat=True))
    assert max(held.values()) > 10 > 2 > min(held.values())


def test_it_refuses_what_it_cannot_copy():
    with pytest.raises(ValueError, match="1500 products"):
        load(1500, quiet=True)
