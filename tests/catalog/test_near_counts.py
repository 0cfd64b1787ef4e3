"""Counts of a large shop, where not all is looked at: exact, or "at least"."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from django.http import QueryDict

from catalog import counts
from catalog.facets import facets
from catalog.filters import asked_for
from catalog.index import index
from catalog.listing import refreshed_once
from catalog.selection import Selection
from catalog.terms import asked_words
from catalog.tree import CategoryTree
from tests import factories

pytestmark = pytest.mark.django_db

ASKED = [
    "option.Size=A4", "option.Size=A4&option.Paper=Matte", "option.Size=A1", "price_from=20&price_to=30", "in_stock=1",
    "in_stock=1&option.Paper=Gloss&price_to=20", "q=copper", "q=copper&in_stock=1&option.Size=A3", "q=nobody",
]  # fmt: skip


@pytest.fixture
def shop():
    """Sixty products, most of them below a category. Size A1 is rare."""
    random, category = Random(2), factories.category(slug="above")
    with refreshed_once():
        for number in range(60):
            words = " ".join(random.sample(["copper", "ochre", "slow", "tidal"], 2))
            piece = factories.product(title=words, summary="", categories=[category] if random.random() < 0.7 else [])
            chosen = {"Size": "A1" if number == 50 else random.choice(["A3", "A4"]), "Paper": random.choice(["Matte", "Gloss"])}
            price, on_hand = 1000 * random.randint(1, 4), random.randint(0, 1)
            factories.variant(product=piece, price_minor=price, option_values=chosen, on_hand=on_hand)
    return category


def selected(query, category_id):
    given = QueryDict(query)
    asked = asked_for(given, q=given.get("q", ""))
    return Selection(asked, tuple(asked_words(asked.q)), category_id)


def test_it_says_what_is_true_or_at_least_what_it_saw(shop, monkeypatch):
    seen = []
    for query, here in product(ASKED, (None, shop.pk)):
        selection = selected(query, here)
        monkeypatch.setattr(counts, "LOOKED_AT", 1_000)
        truth = counts._read(selection)
        monkeypatch.setattr(counts, "LOOKED_AT", 12)
        monkeypatch.setattr(counts, "ENOUGH", 3)
        counted = counts._read(selection)
        assert counted.keys() == truth.keys()
        for name, found in counted.items():
            seen.append(found.exact)
            if found.exact:
                assert found == truth[name], (query, name)
            else:
                assert 3 <= found.listings <= truth[name].listings
                assert found.categories <= truth[name].categories
                assert all(found.choices[option] <= truth[name].choices[option] for option in found.choices)
    assert all(seen) is not index().ROWS_KNOW, "in a large shop some are guessed where rows know what they have"
    assert any(seen), "what little is left is always counted"


@pytest.mark.only_on("postgres")
def test_it_tells_that_there_may_be_more(shop, monkeypatch):
    monkeypatch.setattr(counts, "LOOKED_AT", 12)
    monkeypatch.setattr(counts, "ENOUGH", 3)
    shown = facets(selected("in_stock=1", None), CategoryTree.load_branch(""))
    assert shown.total.endswith("+")
    assert (shown.exact, shown.lowest) == (False, None)
    assert all(value.count.endswith("+") for group in shown.groups for value in group.values)


def test_it_looks_no_further_in_a_small_shop(shop, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert counts._read(selected("option.Size=A1", None))[counts.ALL].listings == 1
