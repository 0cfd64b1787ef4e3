"""Pages of narrowed lists, wherever what belongs to them lies: near the mark, far from it, or partly both."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from django.http import QueryDict

from catalog import browse
from catalog.browse import page_of
from catalog.filters import asked_for
from catalog.listing import refreshed_once
from catalog.selection import Selection
from catalog.terms import asked_words
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    """Thirty products in two categories, one below the other: (product, price, words, size, in stock, is it below)."""
    random, above = Random(1), factories.category(slug="above")
    below = factories.category(slug="below", parent=above)
    made = []
    with refreshed_once():
        for _number in range(30):
            inside, size, price = random.random() < 0.4, random.choice(["A3", "A4"]), 1000 * random.randint(1, 4)
            words = " ".join(random.sample(["copper", "ochre", "slow", "tidal"], 2))
            piece = factories.product(
                title=words, summary="", position=random.randint(0, 5), categories=[below if inside else above]
            )
            stock = random.randint(0, 1)
            factories.variant(product=piece, price_minor=price, option_values={"Size": size}, on_hand=stock)
            made.append((piece, price, words, size, stock, inside))
    return above, below, made


ASKED = {  # what belongs to each, of a row of the shop
    "option.Size=A4": lambda row: row[3] == "A4",
    "option.Size=A4&sort=price-down&price_from=20": lambda row: row[3] == "A4" and row[1] >= 2000,
    "price_from=20&price_to=30&sort=price": lambda row: 2000 <= row[1] <= 3000,
    "in_stock=1&sort=newest": lambda row: row[4],
    "category=above/below&in_stock=1": lambda row: row[5] and row[4],
    "option.Size=A3&option.Size=A4&price_to=20": lambda row: row[1] <= 2000,
    "category=above/below&price_from=20&price_to=39.99": lambda row: row[5] and 2000 <= row[1] <= 3000,
    "q=copper&price_from=19.99&price_to=30": lambda row: "copper" in row[2] and 2000 <= row[1] <= 3000,
    "q=copper": lambda row: "copper" in row[2],
    "q=ochre+slow": lambda row: {"ochre", "slow"} <= set(row[2].split()),
    "q=copper&option.Size=A3&sort=price": lambda row: "copper" in row[2] and row[3] == "A3",
}


def in_order(rows, sort):
    keys = {"newest": lambda row: (-row[0].pk,), "price": lambda row: (row[1], row[0].pk)}
    keys["price-down"] = lambda row: (-row[1], -row[0].pk)
    return [row[0].pk for row in sorted(rows, key=keys.get(sort, lambda row: (row[0].position, row[0].pk)))]


@pytest.mark.parametrize("query", ASKED)
def test_it_shows_the_same_wherever_it_lies(shop, monkeypatch, query):
    above, below, made = shop
    given = QueryDict(query)
    asked = asked_for(given, q=given.get("q", ""))
    also = below.pk if asked.category else None
    for here, near, much in product((None, above.pk), (1, 6, 1_000), (1, 1_000)):
        monkeypatch.setattr(browse, "MUCH", much)
        monkeypatch.setattr(browse, "NEAR", near)
        monkeypatch.setattr(browse, "NEAR_OF_FILTERED", near)
        wanted = in_order([row for row in made if ASKED[query](row)], asked.sort)
        assert 4 < len(wanted) < 30
        selection = Selection(asked, tuple(asked_words(asked.q)), here, also)
        seen, mark = [], ""
        while True:
            page = page_of(selection, after=mark, size=4)
            seen += [card.pk for card in page.cards]
            if not page.next:
                break
            mark = page.next
        assert seen == wanted
        back = page_of(selection, before=page.previous, size=4)
        assert [card.pk for card in back.cards] == [pk for pk in wanted if pk not in [card.pk for card in page.cards]][-4:]
