"""The lists of the catalogue's admin, however long they are."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts import long_lists
from accounts.models import User
from catalog import variant_search
from catalog.exchange.models import ImportRun, PictureToFetch
from catalog.models import Category, Product, StockMovement, Variant
from tests import factories
from tests.catalog.admin_forms import list_of
from tests.catalog.test_list_index import plan

LISTS = ["product", "variant", "category", "stockmovement", "lowstock", "importrun", "picturetofetch"]


def some_of_everything(how_many):
    above = factories.category()
    for _number in range(how_many):
        product = factories.product(categories=[above, factories.category(parent=above)])
        factories.picture(product=product)
        for price in (1900, 4900):
            factories.variant(product=product, price_minor=price, on_hand=3)
        PictureToFetch.objects.create(product=product, url="https://pictures.test/1.jpg")
        ImportRun.objects.create(file_name="products.csv", by=User.objects.get(email="grace@shop.test"))


def listed(client, name, query=""):
    return list(client.get(list_of(name, query)).context["cl"].result_list)


@pytest.mark.parametrize("name", LISTS)
def test_it_asks_as_often_for_many_rows_as_for_few(
    grace_client, name, django_assert_num_queries, django_assert_max_num_queries
):
    some_of_everything(2)
    grace_client.get(list_of(name))
    with django_assert_max_num_queries(12) as few:
        assert len(listed(grace_client, name)) >= 2
    some_of_everything(10)
    with django_assert_max_num_queries(len(few)):
        assert len(listed(grace_client, name)) >= 12


# -- Counting and pages -----------------------------------------------------------------------------------------------


@pytest.fixture
def counts_to_four(monkeypatch):
    monkeypatch.setattr(long_lists, "COUNTED", 4)
    monkeypatch.setattr(long_lists.LongList, "list_per_page", 2)


def many(how_many):
    return Product.objects.bulk_create(Product(title=f"Piece {n}", slug=f"piece-{n}", position=n) for n in range(how_many))


def test_it_counts_exactly_what_is_few(grace_client, counts_to_four):
    many(4)
    found = grace_client.get(list_of("product")).context["cl"]
    assert (found.result_count, found.paginator.num_pages, found.paginator.more) == (4, 2, False)


def test_it_says_that_there_are_more_and_where_the_pages_end(grace_client, counts_to_four):
    many(5)
    answer = grace_client.get(list_of("product"))
    page = " ".join(answer.content.decode().split())
    assert "More than 4 products. The pages end there: search or filter for the others." in page
    assert "Select all products, more than 4" in page
    assert "more than 4 results" in grace_client.get(list_of("product", "?q=piece")).content.decode()
    assert [one.position for one in listed(grace_client, "product", "?p=2")] == [2, 3]
    assert grace_client.get(list_of("product", "?p=3")).url.endswith("?e=1")


def test_it_does_not_look_further_than_it_counts(grace_client, counts_to_four, django_assert_max_num_queries):
    many(9)
    with django_assert_max_num_queries(12) as seen:
        grace_client.get(list_of("product"))
    asked = [each["sql"] for each in seen.captured_queries if 'FROM "catalog_product"' in each["sql"]]
    assert len(asked) == 2, asked
    assert "LIMIT 5" in asked[0]
    assert "IN (" in asked[1]


# -- Searching --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("murmur", {"Murmuration No. 7"}),
        ("no. 7", {"Murmuration No. 7"}),
        ('"No. 7"', {"Murmuration No. 7"}),
        ("MURM 7", {"Murmuration No. 7"}),
        ("tide", {"Ébb & Tide's", "Flow Field"}),
        ("tide's", {"Ébb & Tide's"}),
        ("ebb-and", {"Ébb & Tide's"}),
        ("ff-tide", {"Flow Field"}),
        ("FF-TIDE-1", {"Flow Field"}),
        ("flow ff-", {"Flow Field"}),
        ("nothing", set()),
        ("flow nothing", set()),
    ],
)
def test_it_finds_products_in_the_shop_and_not(grace_client, words, found):
    factories.product(title="Murmuration No. 7", slug="murmuration", is_published=False)
    factories.product(title="Ébb & Tide's", slug="ebb-and-tide")
    field = factories.product(title="Flow Field", slug="tidal-flow")
    for number in (1, 2):
        factories.variant(product=field, sku=f"FF-TIDE-{number}")
    Product.objects.filter(slug="tidal-flow").update(slug="tide-flow")
    assert {one.title for one in listed(grace_client, "product", f"?q={words.replace('&', '%26')}")} == found


ODD = ["'", '"', '""', "\\", "'\\'' | x", "a:* & !b", "— …", "%", "_", "<->", "( x", "x " * 300]


@pytest.mark.parametrize("name", ["product", "variant"])
def test_it_takes_any_words_for_words(grace_client, stocked, name):
    assert [words for words in ODD if grace_client.get(list_of(name), {"q": words}).status_code != 200] == []


@pytest.mark.parametrize("several", [1, 1_000])
def test_it_finds_variants_and_their_books(grace_client, monkeypatch, several):
    """By a word that few titles have and by one that many have."""
    monkeypatch.setattr(variant_search, "SEVERAL", several)
    one = factories.variant(product=factories.product(title="Slow Weather"), sku="SW-1")
    factories.variant(sku="FF-1")
    for words in ("sw-", "weath", "weather slow", "slow sw-1"):
        assert listed(grace_client, "variant", f"?q={words}") == [one]
    assert [row.variant for row in listed(grace_client, "stockmovement", "?q=sw-")] == [one]
    assert listed(grace_client, "variant", "?q=weath+ff-") == []
    StockMovement.objects.filter(variant=one).update(reference="ABCD-EFGH")
    assert [row.variant for row in listed(grace_client, "stockmovement", "?q=abcd")] == [one]


SEARCHES = [
    (Product.objects.filter(title__word="slow"), "catalog_product_words"),
    (Product.objects.filter(slug__istartswith="slow"), "catalog_product_slug_begins"),
    (Variant.objects.filter(sku__istartswith="ff"), "catalog_variant_sku_begins"),
    (StockMovement.objects.filter(reference__istartswith="ab"), "catalog_movement_reference"),
    (User.objects.filter(email__istartswith="ada"), "accounts_user_email"),
    (User.objects.filter(name__word="ada"), "accounts_user_name"),
]
ORDERS = [
    (Product.objects.order_by("position", "id"), "catalog_product_position"),
    (Product.objects.order_by("title", "-pk"), "catalog_product_title"),
    (Product.objects.order_by("-created_at", "-pk"), "catalog_product_created"),
    (Variant.objects.order_by("sku", "-pk"), "autoindex" if connection.vendor == "sqlite" else "sku"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("rows", "name"), SEARCHES)
def test_it_searches_by_an_index(rows, name):
    assert name in plan(*rows.order_by().values("pk").query.sql_with_params())


@pytest.mark.django_db
@pytest.mark.parametrize(("rows", "name"), ORDERS)
def test_it_sorts_by_an_index(rows, name):
    found = plan(*rows.values("pk")[:51].query.sql_with_params(), walks=True)
    assert name in found


@pytest.mark.django_db
def test_it_notices_a_search_without_an_index():
    found = plan(*Product.objects.filter(summary__istartswith="x").order_by().values("pk").query.sql_with_params())
    assert "SCAN" in found if connection.vendor == "sqlite" else "Seq Scan" in found


# -- Choosing among many ----------------------------------------------------------------------------------------------


def test_it_offers_the_categories_of_one_branch(grace_client):
    prints, books = factories.category(slug="prints"), factories.category(slug="books")
    fields = factories.category(slug="fields", parent=prints)
    factories.category(slug="blue", parent=fields)
    factories.category(slug="maps", parent=books)

    def offered(query=""):
        (spec,) = [
            one for one in grace_client.get(list_of("product", query)).context["cl"].filter_specs if one.title == "category"
        ]
        return [path for path, _name in spec.lookup_choices]

    assert offered() == ["books", "prints"]
    assert offered("?category=prints") == ["books", "prints", "prints/fields"]
    assert offered("?category=prints/fields") == ["books", "prints", "prints/fields", "prints/fields/blue"]


@pytest.mark.parametrize(
    ("model", "field", "found"), [("product", "categories", "Prints"), ("variant", "product", "Flow Field No. 7")]
)
def test_it_searches_instead_of_listing_what_may_be_many(grace_client, stocked, model, field, found):
    factories.category()
    ask = {"app_label": "catalog", "model_name": model, "field_name": field, "term": found.split(" ")[0].lower()}
    answer = grace_client.get("/admin/autocomplete/", ask).json()
    assert [one["text"] for one in answer["results"]] == [found]
    assert Category.objects.count() == 1
