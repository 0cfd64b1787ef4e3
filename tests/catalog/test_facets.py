"""What the form beside a list offers, whatever has been counted."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache

from catalog import counts
from catalog.facets import LONGEST_GROUP
from catalog.listing import refresh_all
from catalog.models import Product, Variant
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted_anew():
    cache.clear()


def offered(page, field):
    """(value, text, is it chosen) of each option of a select."""
    select = re.search(rf'<select[^>]* name="{field}">(.*?)</select>', page, re.DOTALL)[1]
    found = re.findall(r'<option value="([^"]*)"( selected)?>([^<]*)</option>', select)
    return [(value, text, bool(chosen)) for value, chosen, text in found]


@pytest.fixture
def branch():
    """Fields with two categories below, one of them with one below; and Orbit, with none."""
    fields = factories.category(name="Fields", slug="fields")
    flow = factories.category(name="Flow", slug="flow", parent=fields)
    curl = factories.category(name="Curl", slug="curl", parent=flow)
    vector = factories.category(name="Vector", slug="vector", parent=fields)
    orbit = factories.category(name="Orbit", slug="orbit")
    factories.category(name="Bare", slug="bare")
    for home in (curl, vector, orbit):
        factories.variant(product=factories.product(categories=[home]))
    return flow


def test_it_keeps_the_category_that_is_chosen_and_leads_on_from_it(client, branch):
    page = client.get("/products/?category=fields/flow").content.decode()
    assert offered(page, "category") == [
        ("", "All", False),
        ("fields", "Fields (2)", False),
        ("fields/flow", "– Flow (1)", True),
        ("fields/flow/curl", "– – Curl (1)", False),
        ("fields/vector", "– Vector (1)", False),
        ("orbit", "Orbit (1)", False),
    ]


def test_it_keeps_a_category_that_is_not_below_the_one_of_the_page(client, branch):
    page = client.get(f"{branch.get_absolute_url()}?category=fields").content.decode()
    assert offered(page, "category")[1:] == [("fields", "Fields (1)", True), ("fields/flow/curl", "Curl (1)", False)]


def products(count):
    """So many in sizes and at one price; only the last comes in a glaze, is dearer, and has a category of its own."""
    bulk, late = factories.category(name="Bulk", slug="bulk"), factories.category(name="Late", slug="late")
    made = Product.objects.bulk_create(
        Product(title=f"Piece {n}", slug=f"piece-{n}", position=n, is_published=True) for n in range(count)
    )
    *others, last = made
    Variant.objects.bulk_create(
        Variant(product=one, sku=f"P{one.position}", price_minor=900, option_values={"Size": f"A{one.position % 3}"})
        for one in others
    )
    last_of_all = {"Glaze": "Ultraviolet", "Size": "A9"}
    Variant.objects.create(product=last, sku="LAST", price_minor=70_00, option_values=last_of_all)
    homes = [*((one, bulk) for one in others), (last, bulk), (last, late)]
    through = Product.categories.through
    through.objects.bulk_create(through(product=one, category=home) for one, home in homes)
    refresh_all()
    return last


@pytest.fixture
def large(monkeypatch):
    """A shop of which a part is looked at and counted."""
    monkeypatch.setattr(counts, "LOOKED_AT", 40)
    monkeypatch.setattr(counts, "ENOUGH", 10)
    monkeypatch.setattr(counts, "COUNTED", 50)
    return products(120)


def labels(page, group):
    """The values that are offered of an option, with their numbers."""
    found = re.findall(rf'name="option.{group}" value="[^"]*"[^>]*>\s*(.*?)</label>', page)
    return [re.sub(r"<[^>]*>", "", one).strip() for one in found]


@pytest.mark.parametrize(
    "address", ["/products/", "/categories/bulk/", "/search/?q=piece", "/products/?in_stock=0&price_from=1"]
)
def test_it_offers_what_one_of_thousands_has(client, large, address, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        page = client.get(address).content.decode()
    assert labels(page, "Glaze") == ["Ultraviolet (1+)"]
    assert [text.split()[0] for text in labels(page, "Size")] == ["A0", "A1", "A2", "A9"]
    if address.startswith("/products"):
        assert [value for value, _text, _chosen in offered(page, "category")] == ["", "bulk", "late"]


def test_it_offers_what_one_of_thousands_has_that_nobody_looked_at(client):
    products(3_000)
    for address in ("/products/", "/products/?price_from=1"):
        page = client.get(address).content.decode()
        assert labels(page, "Glaze") == ["Ultraviolet (1+)"]
        assert "Prints found: 1000+" in page


@pytest.mark.parametrize("address", ["/products/", "/categories/bulk/"])
def test_it_knows_the_prices_of_a_long_list(client, large, address):
    page = client.get(address).content.decode()
    assert re.findall(r'name="price_(from|to)"[^>]* placeholder="([^"]*)"', page) == [("from", "9.00"), ("to", "70.00")]


def test_it_offers_what_leads_somewhere(client, large):
    page = client.get("/products/?price_to=20").content.decode()
    assert (labels(page, "Glaze"), len(labels(page, "Size"))) == ([], 3)
    page = client.get("/products/?option.Size=A1&option.Size=A2").content.decode()
    assert (labels(page, "Glaze"), len(labels(page, "Size"))) == ([], 4)
    large.variants.update(option_values={"Size": "A1"})
    refresh_all()
    cache.clear()
    assert labels(client.get("/products/").content.decode(), "Glaze") == []


def test_it_offers_so_many_values_of_an_option_and_what_is_chosen(client):
    made = factories.product()
    Variant.objects.bulk_create(
        Variant(product=made, sku=f"P{n}", price_minor=900, option_values={"Brand": f"B{n}"}) for n in range(150)
    )
    refresh_all()
    assert len(labels(client.get("/products/").content.decode(), "Brand")) == LONGEST_GROUP
    assert labels(client.get("/products/?option.Brand=B149").content.decode(), "Brand")[-1] == "B149 (1)"
