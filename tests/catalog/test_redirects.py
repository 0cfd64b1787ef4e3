"""Addresses that products and categories once had."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from catalog.found import Findable, OldAddress
from catalog.models import Category, Product
from tests import factories

pytestmark = pytest.mark.django_db


def leads(client, address):
    """(status, where to) of an address."""
    answer = client.get(address)
    return answer.status_code, answer.headers.get("Location", "")


def renamed(product, slug):
    product.slug = slug
    product.save()
    return product


# -- Products


def test_it_leads_on_from_an_old_slug_with_the_rest_of_the_address(client):
    renamed(factories.product(slug="old"), "new")
    assert leads(client, "/products/old/?variant=7&utm_source=a%20b") == (301, "/products/new/?variant=7&utm_source=a%20b")
    assert leads(client, "/products/old/") == (301, "/products/new/")
    assert client.head("/products/old/").status_code == 301


def test_it_leads_straight_to_the_last_of_many_addresses(client):
    product = factories.product(slug="one")
    for slug in ("two", "three", "four"):
        renamed(product, slug)
    assert {leads(client, f"/products/{slug}/") for slug in ("one", "two", "three")} == {(301, "/products/four/")}


def test_it_makes_no_ring_of_an_address_that_comes_back(client):
    product = renamed(renamed(factories.product(slug="one"), "two"), "one")
    assert client.get("/products/one/").status_code == 200
    assert leads(client, "/products/two/") == (301, "/products/one/")
    renamed(product, "two")
    assert leads(client, "/products/one/") == (301, "/products/two/")


def test_it_shows_the_product_that_took_an_old_address(client):
    renamed(factories.product(slug="old"), "new")
    taker = factories.product(slug="old", title="The new one")
    assert b"The new one" in client.get("/products/old/").content
    Product.objects.update(is_published=False)
    Product.objects.filter(slug="new").update(is_published=True)
    assert client.get("/products/old/").status_code == 404  # it is the taker's, on show or not
    taker.refresh_from_db()
    renamed(taker, "newer")
    assert client.get("/products/old/").status_code == 404


def test_it_gives_the_address_to_the_last_that_had_it(client):
    renamed(factories.product(slug="old"), "first")
    renamed(factories.product(slug="old"), "second")
    assert leads(client, "/products/old/") == (301, "/products/second/")


def test_it_leads_to_nothing_that_is_hidden_or_gone(client):
    product = renamed(factories.product(slug="old"), "new")
    Product.objects.filter(pk=product.pk).update(is_published=False)
    assert client.get("/products/old/").status_code == 404
    product.delete()
    assert client.get("/products/old/").status_code == 404
    assert not OldAddress.objects.exists()


def test_it_remembers_slugs_that_are_changed_in_bulk(client, django_assert_max_num_queries):
    products = [factories.product(slug=f"old-{number}") for number in range(5)]
    for product in products:
        product.slug = product.slug.replace("old", "new")
    with django_assert_max_num_queries(8):
        Product.objects.bulk_update(products, ["slug"])
    Product.objects.filter(slug="new-4").update(slug="newest")
    assert leads(client, "/products/old-2/") == (301, "/products/new-2/")
    assert leads(client, "/products/old-4/") == (301, "/products/newest/")
    Product.objects.published().order_by("position").update(position=3)
    assert OldAddress.objects.count() == 6


def test_it_writes_nothing_when_nothing_moves(client):
    product, category = factories.product(), factories.category()
    product.save()
    product.save(update_fields=["title"])
    category.save()
    assert not OldAddress.objects.exists()


def test_it_forgets_an_address_together_with_a_change_that_failed():
    taken, product = factories.product(slug="taken"), factories.product(slug="old")
    with pytest.raises(IntegrityError), transaction.atomic():
        renamed(product, taken.slug)
    assert not OldAddress.objects.exists()


def test_it_costs_nothing_where_a_page_is_found(client, django_assert_max_num_queries):
    product = renamed(factories.product(slug="old"), "new")
    factories.variant(product=product)
    with django_assert_max_num_queries(5) as queries:
        client.get("/products/new/")
    assert not [each for each in queries.captured_queries if "oldaddress" in each["sql"]]
    with django_assert_max_num_queries(2):
        client.get("/products/old/")


# -- Categories


def test_it_leads_on_from_everything_below_a_category_that_moved(client):
    prints = factories.category(name="Prints", slug="prints")
    flow = factories.category(name="Flow", slug="flow", parent=prints)
    factories.category(name="Curl", slug="curl", parent=flow)
    factories.category(name="Art", slug="art")
    prints.slug = "posters"
    prints.save()
    assert leads(client, "/categories/prints/flow/curl/?after=0-1") == (301, "/categories/posters/flow/curl/?after=0-1")
    flow.refresh_from_db()
    flow.parent = Category.objects.get(slug="art")
    flow.save()
    for old in ("prints/flow/curl", "posters/flow/curl"):
        assert leads(client, f"/categories/{old}/") == (301, "/categories/art/flow/curl/")
    assert leads(client, "/categories/prints/") == (301, "/categories/posters/")


def test_it_leads_to_no_category_that_is_hidden(client):
    top = factories.category(slug="top")
    below = factories.category(slug="old", parent=top)
    below.slug = "new"
    below.save()
    Category.objects.filter(pk=top.pk).update(is_published=False)
    assert client.get("/categories/top/old/").status_code == 404


def test_it_does_not_mistake_a_category_for_a_product(client):
    renamed(factories.product(slug="old"), "new")
    assert client.get("/categories/old/").status_code == 404
    assert client.get("/categories/%00/").status_code == 404
    assert client.get(f"/categories/{'a' * 3000}/").status_code == 404


# -- At once


def rename_by_two(race, slugs):
    product = factories.product(slug="old")
    copies = [Product.objects.get(pk=product.pk) for _slug in slugs]
    outcomes = race(*[lambda copy=copy, slug=slug: renamed(copy, slug) for copy, slug in zip(copies, slugs, strict=True)])
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    last = Product.objects.get(pk=product.pk).slug
    left = {"old", *slugs} - {last}
    return left, set(OldAddress.objects.filter(product=product).values_list("address", flat=True))


def test_it_remembers_every_address_when_two_rename_at_once(race):
    for number in range(5):
        left, remembered = rename_by_two(race, [f"a{number}", f"b{number}"])
        assert {f"product/{slug}" for slug in left} <= remembered
        Product.objects.all().delete()


def test_the_race_above_fails_when_addresses_are_compared_with_what_was_read_before(race, monkeypatch):
    """The control: each takes the slug that its copy was read with for the one that is left."""

    def save(self, **kwargs):
        before = vars(self).setdefault("_read_as", "old")
        super(Findable, self).save(**kwargs)
        OldAddress.objects.get_or_create(address=f"product/{before}", defaults={"product_id": self.pk})

    monkeypatch.setattr(Findable, "save", save)
    left, remembered = rename_by_two(race, ["a", "b"])
    assert not {f"product/{slug}" for slug in left} <= remembered
