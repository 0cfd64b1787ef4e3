"""Lists must cost the same however long they are: the databases themselves say how they would look."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import QueryDict

from catalog.browse import rows
from catalog.facets import facets
from catalog.filters import asked_for
from catalog.home_page import _first_product, home_page
from catalog.index import index
from catalog.listing import refresh_all
from catalog.models import Category, Product, Variant
from catalog.selection import Selection
from catalog.terms import asked_words
from catalog.tree import CategoryTree
from tests import factories

pytestmark = pytest.mark.django_db
BIG = ("catalog_listing", "catalog_place", "catalog_product", "catalog_variant")


def plan(sql, values=(), *, walks=False):
    """How the database would find these; on PostgreSQL as if reading a whole table were dear, as it is in a large one."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"SET LOCAL enable_bitmapscan = {'off' if walks else 'on'}")
            cursor.execute(f"SET LOCAL enable_sort = {'off' if walks else 'on'}")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}", values)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def selection(address="", *, q="", category=None):
    return Selection(asked_for(QueryDict(address), q=q), tuple(asked_words(q)), category)


SORTED = [
    ("featured", "catalog_listing_position", "catalog_place_position"),
    ("price", "catalog_listing_price", "catalog_place_price"),
    ("price-down", "catalog_listing_price", "catalog_place_price"),
]


@pytest.mark.parametrize(("sort", "of_all", "of_category"), SORTED)
@pytest.mark.parametrize("mark", [None, (5, 7)])
@pytest.mark.parametrize("back", [False, True])
def test_it_walks_to_any_page_along_an_index(sort, of_all, of_category, mark, back):
    for category, name in ((None, of_all), (factories.category().pk, of_category)):
        found = plan(*rows(selection(f"sort={sort}", category=category), mark, back=back, limit=25), walks=True)
        assert name in found
        assert "TEMP B-TREE" not in found
        assert "Sort" not in found


@pytest.fixture
def many():
    """Twelve hundred listings, so that PostgreSQL has something to choose."""
    home = factories.category(slug="flow")
    made = Product.objects.bulk_create(
        Product(title=f"Piece {'slow ' * (n % 50 == 0)}{n}", slug=f"piece-{n}", position=n, is_published=True)
        for n in range(1_200)
    )
    Variant.objects.bulk_create(
        Variant(
            product=one, sku=f"P{one.position}", price_minor=900 + one.position, option_values={"Size": f"A{one.position % 24}"}
        )
        for one in made
    )
    Product.categories.through.objects.bulk_create(Product.categories.through(product=one, category=home) for one in made[::2])
    refresh_all()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return home


@pytest.mark.only_on("postgres")
def test_it_reads_no_large_table_as_a_whole(many):
    addresses = ["", "option.Size=A7", "price_from=20&price_to=21", "in_stock=1&option.Size=A7&option.Size=A8"]
    wanted = [selection(address, category=many.pk) for address in addresses]
    wanted += [selection(address) for address in addresses] + [selection(q="slow"), selection(q="piece slow 10")]
    for each in wanted:
        found = plan(*rows(each, None, back=False, limit=25))
        assert not [name for name in BIG if f"Seq Scan on {name}" in found], found


@pytest.mark.only_on("postgres")
def test_it_notices_a_list_that_no_index_knows(many):
    assert "Seq Scan on catalog_product" in Product.objects.filter(summary="x").explain()


def test_it_counts_at_least_a_thousand(many):
    cache.clear()
    counted = facets(selection(), CategoryTree.load())
    assert (counted.total, counted.exact) == ("1000+", False)
    exact = facets(selection("option.Size=A7"), CategoryTree.load())
    assert (exact.total, exact.exact) == ("50", True)


def test_it_keeps_counts_of_narrowed_lists_only_where_they_say_at_least(many, django_assert_num_queries):
    cache.clear()
    tree = CategoryTree.load()
    anew = 1 if index().ROWS_KNOW else 2  # two where a thousand is all that is read of those in other sizes
    for address, statements in (("price_from=1", 0), ("option.Size=A7", anew), ("", 0)):
        facets(selection(address), tree)
        with django_assert_num_queries(statements):
            facets(selection(f"{address}&sort=price"), tree)
    with django_assert_num_queries(anew):
        facets(selection("price_from=2"), tree)


def test_it_finds_the_cover_of_a_category_by_the_index():
    query = Category.objects.order_by().annotate(cover_id=_first_product()).query.sql_with_params()
    found = plan(*query, walks=True)
    assert "catalog_place_position" in found
    assert "TEMP B-TREE" not in found


def test_it_hangs_what_is_on_sale_over_a_category():
    home = factories.category()
    below = factories.category(slug="below", parent=home)
    factories.variant(product=factories.product(categories=[home], is_published=False))
    factories.product(categories=[home])
    shown = factories.variant(product=factories.product(categories=[below])).product
    assert {each.cover_id for each in Category.objects.annotate(cover_id=_first_product())} == {shown.pk}


def test_it_says_on_the_home_page_what_is_new():
    made = [factories.variant(product=factories.product(position=number * 7 % 30)).product for number in range(30)]
    shown = home_page()
    first = {card.pk for card in (*shown.wall, *shown.shelf)}
    assert first == {one.pk for one in made if one.position < len(first)}
    assert [card.pk for card in shown.new] == [one.pk for one in reversed(made) if one.pk not in first][: len(shown.new)]
    assert len(shown.new) > 1
