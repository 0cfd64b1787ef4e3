"""What the form beside a list offers, whatever has been counted."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache

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
