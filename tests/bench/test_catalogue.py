from __future__ import annotations

import pytest
from django.db.models import Count, F

from bench import catalogue, inside
from bench.catalogue import RARE, load
from bench.report import MOST_QUERIES
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
    assert len(found["product"]) == len(found["list"]) == len(found["variants"]) == inside.SHOWN
    counted = inside.queries()
    assert {name: counted[name] <= most for name, most in MOST_QUERIES.items()} == dict.fromkeys(MOST_QUERIES, True)


def test_it_refuses_what_it_cannot_copy():
    with pytest.raises(ValueError, match="1500 products"):
        load(1500, quiet=True)
