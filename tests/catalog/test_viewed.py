"""The shelf of products that a browser remembers."""

from __future__ import annotations

import pytest

from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(client):
    """`shown("3,1")`: the titles on the shelf that is answered."""

    def ask(ids):
        response = client.get("/viewed/", {"ids": ids})
        assert response.status_code == 200
        return [card.title for card in response.context["cards"]]

    return ask


def product(title, **options):
    return factories.variant(product=factories.product(title=title, **options)).product


def test_it_shows_products_in_the_order_asked(shown):
    first, second = product("First"), product("Second")
    assert shown(f"{second.pk},{first.pk},{second.pk}") == ["Second", "First"]


def test_it_leaves_out_what_is_not_on_show(shown):
    here, hidden = product("Here"), product("Hidden", is_published=False)
    assert shown(f"{hidden.pk},{here.pk},{here.pk + 1000}") == ["Here"]


@pytest.mark.parametrize("ids", ["", ",", "x", "-1", "1.5", "٣", "9" * 30, "1 OR 1=1", "\0", "null"])
def test_it_leaves_out_what_is_no_id(shown, ids):
    assert shown(ids) == []


def test_it_shows_twelve_at_most(shown, django_assert_num_queries):
    ids = ",".join(str(product(f"Print {number}").pk) for number in range(14))
    with django_assert_num_queries(1):
        assert len(shown(ids)) == 12


def test_it_is_kept_by_nobody(client):
    assert client.get("/viewed/").headers["Cache-Control"] == "private, no-store"
