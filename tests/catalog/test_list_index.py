"""Lists must cost the same however long they are: the databases themselves say how they would look."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Q

from catalog import browse
from catalog.browse import in_categories, listed
from catalog.home_page import _first_product
from catalog.models import Category, Product
from tests import factories

pytestmark = pytest.mark.django_db


def plan(products):
    """How the database would find these; on PostgreSQL as if reading a whole table were dear, as it is in a large one."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    return products.explain()


@pytest.fixture
def asked(monkeypatch):
    """The queries that a page of a list begins with."""
    seen = []
    monkeypatch.setattr(browse, "cards_of", lambda products: seen.append(products) or [])
    return seen


@pytest.mark.parametrize("mark", [{}, {"after": "5-7"}, {"before": "5-7"}])
def test_it_finds_any_page_by_the_index(asked, mark):
    browse.page_of(listed(), **mark)
    (products,) = asked
    assert "catalog_product_shown" in plan(products)
    if connection.vendor == "sqlite" and mark:
        assert "SEARCH catalog_product USING INDEX catalog_product_shown (position" in plan(products)


def test_it_walks_a_category_in_the_order_of_the_index(asked):
    browse.page_of(in_categories([factories.category().pk]))
    assert "catalog_product_shown" in plan(asked[0]) or connection.vendor == "postgresql"


def test_it_notices_a_list_that_no_index_knows():
    assert "catalog_product_shown" not in plan(Product.objects.order_by("title")[:24])
    assert "catalog_product_shown" not in plan(Product.objects.filter(Q(is_published=False)).order_by("position")[:24])


def test_it_finds_the_cover_of_a_category_by_the_index():
    found = plan(Category.objects.annotate(cover_id=_first_product()))
    assert "catalog_members" in found or connection.vendor == "postgresql"  # a small table has other indexes as cheap


def test_it_hangs_what_is_published_over_a_category():
    home = factories.category()
    factories.product(categories=[home], is_published=False)
    shown = factories.product(categories=[home])
    assert Category.objects.annotate(cover_id=_first_product()).get().cover_id == shown.pk
