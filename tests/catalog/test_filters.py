"""Filters, their counts and the order of lists, as addresses that can be shared."""

from __future__ import annotations

import html
import re
from random import Random

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.urls import reverse

from catalog import browse
from catalog.browse import page_of
from catalog.facets import facets
from catalog.filters import BadFilter, asked_for
from catalog.models import Product
from catalog.selection import Selection
from catalog.tree import CategoryTree
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted_anew():
    cache.clear()


def titles(response):
    return re.findall(r'product-card__title"><a href="[^"]*">([^<]*)<', response.content.decode())


def piece(title, *offers, **fields):
    made = factories.product(title=title, **fields)
    for size, paper, price, on_hand in offers:
        factories.variant(product=made, option_values={"Size": size, "Paper": paper}, price_minor=price, on_hand=on_hand)
    return made


@pytest.fixture
def shop():
    flow = factories.category(name="Flow", slug="flow")
    curl = factories.category(name="Curl", slug="curl", parent=flow)
    orbit = factories.category(name="Orbit", slug="orbit")
    piece("Slow", ("A4", "Matte", 2000, 5), ("A3", "Matte", 3000, 0), categories=[curl], position=1)
    piece("Quiet", ("A3", "Gloss", 4000, 0), categories=[flow], position=2)
    piece("Tidal", ("A2", "Gloss", 9000, 1), categories=[orbit], position=3)
    piece("Plain", categories=[flow], position=4)  # nothing of it is on sale
    return flow


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["Slow", "Quiet", "Tidal"]),
        ("option.Size=A3", ["Slow", "Quiet"]),
        ("option.Size=A3&option.Size=A2", ["Slow", "Quiet", "Tidal"]),
        ("option.Size=A3&option.Paper=Gloss", ["Quiet"]),
        ("option.Size=A9", []),
        ("option.Colour=Red", []),
        ("price_from=30", ["Quiet", "Tidal"]),
        ("price_from=20.00&price_to=40", ["Slow", "Quiet"]),
        ("price_to=19.99", []),
        ("in_stock=1", ["Slow", "Tidal"]),
        ("in_stock=0", ["Slow", "Quiet", "Tidal"]),
        ("category=flow", ["Slow", "Quiet"]),
        ("category=flow/curl", ["Slow"]),
        ("category=flow&in_stock=1&option.Size=A4&price_to=20", ["Slow"]),
        ("sort=newest", ["Tidal", "Quiet", "Slow"]),
        ("sort=price-down", ["Tidal", "Quiet", "Slow"]),
        ("sort=price&in_stock=1", ["Slow", "Tidal"]),
        ("unknown=1&utm_source=x", ["Slow", "Quiet", "Tidal"]),
    ],
)
def test_it_narrows_and_sorts(client, shop, query, shown):
    response = client.get(f"{reverse('catalog:products')}?{query}")
    assert response.status_code == 200
    assert titles(response) == shown


@pytest.mark.parametrize(
    "query",
    [
        "sort=best",
        "sort=relevance",
        "price_from=x",
        "price_from=-1",
        "price_to=1.999",
        "price_to=99999999999",
        "price_from=20&price_to=10",
        "price_from=１",
        "category=nowhere",
        "category=%00",
        "category=../admin",
        "sort=price&after=x",
        "&".join(f"option.Size=A{n}" for n in range(41)),
    ],
)
def test_it_says_what_is_wrong_with_an_address(client, shop, query):
    response = client.get(f"{reverse('catalog:products')}?{query}")
    assert response.status_code == 400
    assert re.search(r"address|price|category|options", response.content.decode())


@pytest.mark.parametrize("query", ["option.=A", "option.Size=", "option.%00=%00", "option.Size=" + "A" * 5000, "in_stock=%00"])
def test_it_takes_odd_options(client, shop, query):
    assert client.get(f"{reverse('catalog:products')}?{query}").status_code == 200


def counts(query, *, q="", category=None):
    found = facets(Selection(asked_for(QueryDict(query)), (q,) if q else (), category), CategoryTree.load())
    by_group = {group.name: {value.text: value.count for value in group.values} for group in found.groups}
    return found, by_group


def test_it_counts_each_group_as_if_nothing_of_it_were_chosen(shop):
    found, groups = counts("option.Size=A3")
    assert (found.total, found.in_stock) == ("2", "1")
    assert groups == {"Size": {"A2": "1", "A3": "2", "A4": "1"}, "Paper": {"Gloss": "1", "Matte": "1"}}
    assert {value.text: value.count for value in found.categories} == {"Flow": "2"}
    found, groups = counts("option.Size=A2&option.Paper=Gloss&in_stock=1")
    assert (found.total, found.in_stock) == ("1", "1")
    assert groups == {"Size": {"A2": "1"}, "Paper": {"Gloss": "1"}}
    found, _groups = counts("category=orbit&in_stock=1")  # (the view finds the category's id)
    assert found.in_stock == "2"


def test_it_counts_what_following_the_filter_shows(client, shop):
    """Each number is how many products the list has once that value is chosen beside the others."""
    _found, groups = counts("option.Paper=Gloss")
    for size, count in groups["Size"].items():
        assert len(titles(client.get(f"/products/?option.Paper=Gloss&option.Size={size}"))) == int(count)


def test_it_keeps_what_is_chosen_in_one_order_of_the_address(shop):
    asked = asked_for(
        QueryDict("sort=price&in_stock=yes&option.Size=B&price_to=9&option.Size=A&category=flow/curl&option.A=%26")
    )
    assert asked.query() == "category=flow%2Fcurl&option.A=%26&option.Size=A&option.Size=B&price_to=9.00&in_stock=1&sort=price"
    assert asked_for(QueryDict(asked.query())) == asked
    assert [chip.text for chip in asked.chips("Curl")] == ["Curl", "A: &", "Size: A", "Size: B", "up to €9.00", "In stock"]
    assert asked_for(QueryDict(asked.chips()[2].without)).options == (("A", ("&",)), ("Size", ("B",)))
    with pytest.raises(BadFilter):
        asked_for(QueryDict("sort=relevance"))


def test_it_keeps_filters_from_page_to_page_and_takes_them_off(client, shop, monkeypatch):
    monkeypatch.setattr(browse, "PAGE_SIZE", 1)
    page = client.get(f"{reverse('catalog:products')}?option.Size=A3&sort=price").content.decode()
    forward = html.unescape(re.search(r'rel="next" href="([^"]+)"', page)[1])
    assert forward.startswith("?option.Size=A3&sort=price&after=")
    second = client.get(reverse("catalog:products") + forward)
    assert titles(second) == ["Quiet"]
    assert 'href="?sort=price"' in second.content.decode()


def test_it_leads_out_of_filters_that_leave_nothing(client, shop):
    page = client.get(f"{shop.get_absolute_url()}?option.Size=A9&option.Paper=Gloss").content.decode()
    assert "Nothing is all of this at once" in page
    assert 'href="?option.Paper=Gloss"' in page


@pytest.mark.parametrize("address", ["/products/", "/categories/flow/", "/search/?q=slow"])
@pytest.mark.parametrize("query", ["", "option.Size=A3&in_stock=1&price_from=1&sort=price"])
def test_it_narrows_with_four_statements(client, shop, django_assert_max_num_queries, address, query):
    with django_assert_max_num_queries(4):
        assert client.get(f"{address}{'&' if '?' in address else '?'}{query}").status_code == 200


@pytest.mark.parametrize("sort", ["featured", "newest", "price", "price-down"])
def test_it_visits_each_product_once_while_others_come_and_go(sort):
    random = Random(sort)
    for number in range(20):
        piece(f"Piece {number}", ("A4", "Matte", 1000 * random.randint(1, 4), 1), position=random.randint(0, 4))
    staying = set(Product.objects.values_list("title", flat=True))
    selection = Selection(asked_for(QueryDict(f"sort={sort}")))
    seen, mark = [], ""
    while True:
        page = page_of(selection, after=mark, size=3)
        seen += [card.title for card in page.cards]
        if not page.next:
            break
        mark = page.next
        piece(f"New {len(seen)}", ("A4", "Matte", 1000 * random.randint(1, 4), 1), position=random.randint(0, 4))
        gone = Product.objects.filter(title__in=seen).first()
        staying.discard(gone.title)
        gone.delete()
    assert len(seen) == len(set(seen))
    assert staying <= set(seen)
    back, mark = [], page.previous
    while mark:
        page = page_of(selection, before=mark, size=3)
        back = [card.title for card in page.cards] + back
        mark = page.previous
    whole = [card.title for card in page_of(selection, size=99).cards]
    assert whole[: len(back)] == back
