"""What shoppers type, and what they find: the same on both databases."""

from __future__ import annotations

import re
from random import Random

import pytest
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from catalog.browse import page_of
from catalog.filters import Asked
from catalog.selection import Selection
from catalog.terms import asked_words, tokens
from catalog.typos import corrected, distance
from tests import factories

pytestmark = pytest.mark.django_db

HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)


def piece(title, *, options=None, **fields):
    made = factories.product(title=title, **{"summary": "", **fields})
    factories.variant(product=made, option_values=options or {})
    return made


def found(q):
    return [card.title for card in page_of(Selection(Asked(q=q), tuple(asked_words(q)))).cards]


class EveryPairOfNeighbours(TestCase):
    @settings(max_examples=12)
    @given(title=st.text(HAN, min_size=2, max_size=12), data=st.data())
    def test_it_finds_chinese_by_any_two_neighbours(self, title, data):
        piece(title)
        at = data.draw(st.integers(0, len(title) - 2))
        assert title in found(title[at : at + 2])
        assert title in found(title[at])


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("缓慢的天气", "天气"),
        ("緩慢的天氣", "天氣"),
        ("東京の夜 No. 7", "京の"),
        ("한국의 산", "국의"),
        ("Café Étude", "CAFE etude"),
        ("Ｆｕｌｌ Width", "full"),
        ("Straße bei Nacht", "strasse"),
        ("Tidal Prints", "print"),
        ("Tidal Print", "prints"),
        ("Slow Weather", "slow weath"),
        ("Slow Weather", "weather slow"),
        ("Field No. 98765", "98765"),  # no SKU begins so
        ("𠮷野家", "𠮷野"),
    ],
)
def test_it_finds_what_is_meant(title, words):
    piece(title)
    piece("Something Else")
    assert found(words) == [title]


@pytest.mark.parametrize(
    "words", ["slo weather", "weat her", "low", "天的", "%", "_", "'", '"', "\\", "NEAR(a b)", "a:*", "NOT"]
)
def test_it_finds_nothing_else(words):
    piece("Slow Weather 天缓的慢")
    assert found(words) == [] or not asked_words(words)


def test_it_ranks_titles_over_options_over_descriptions():
    piece("Text", description="<p>All of <b>copper</b> and gold</p>", position=0)
    piece("Chosen", options={"Paper": "Copper"}, position=1)
    piece("Copper Field", position=3)
    piece("Copper Delta", position=2)
    assert found("copper") == ["Copper Delta", "Copper Field", "Chosen", "Text"]
    piece("Copper", options={"Paper": "Gold"}, position=9)
    assert found("copper gold") == ["Copper", "Text"]


def test_it_keeps_the_words_of_paragraphs_apart():
    piece("Text", description="<p>All of copper</p><p>gold<br>tin</p><script>lead</script>&eacute;tain")
    assert [found(word) for word in ("copper", "gold", "tin", "étain", "coppergold", "lead")] == [["Text"]] * 4 + [[]] * 2


def test_it_finds_by_sku():
    made = piece("Slow Weather")
    assert found(made.variants.get().sku) == ["Slow Weather"]


def test_it_visits_each_tier_once_page_by_page():
    for place in range(7):
        piece(f"Copper {place}", position=place)
        piece(f"Other {place}", position=place, options={"Paper": "copper"})
        piece(f"Text {place}", position=place, summary="copper")
    selection = Selection(Asked(q="copper"), ("copper",))
    seen, mark, marks = [], "", []
    while True:
        page = page_of(selection, after=mark, size=4)
        seen += [card.title for card in page.cards]
        if not page.next:
            break
        mark = page.next
        marks.append(mark)
        piece(f"Copper early {len(seen)}", position=0)  # before every mark: must not push anything on to the next page
    assert [title for title in seen if "early" not in title] == [
        f"{kind} {n}" for kind in ("Copper", "Other", "Text") for n in range(7)
    ]
    back = page_of(selection, before=page.previous, size=4)
    assert [card.title for card in back.cards] == seen[-5:-1] if len(page.cards) == 1 else back.cards


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("weathre", "weather"),
        ("wether", "weather"),
        ("weatherr", "weather"),
        ("lsow", "slow"),
        ("harvour", "harbour"),
        ("hrabuor", "harbour"),
    ],
)
def test_it_forgives_a_mistyped_word(typed, meant, client):
    piece("Slow Weather over the Harbour")
    if distance(typed, meant) > (2 if len(typed) >= 8 else 1):
        assert corrected([typed]) == [typed]
        return
    assert corrected([typed, "over"]) == [meant, "over"]
    page = client.get(reverse("catalog:search"), {"q": typed}).content.decode()
    assert "Slow Weather" in page
    assert f"These have “{meant}”" in page


def test_it_leaves_words_that_somebody_has_as_they_are(client):
    piece("Slow Weather")
    piece("Slew of Lines")
    assert corrected(["slow", "slew", "xyzzy", "no1"]) == ["slow", "slew", "xyzzy", "no1"]
    assert "These have" not in client.get(reverse("catalog:search"), {"q": "slew"}).content.decode()


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    ("one", "other", "far"), [("", "", 0), ("slow", "slow", 0), ("slow", "lsow", 1), ("slow", "slo", 1), ("abc", "xyz", 3)]
)
def test_it_counts_letters_to_change(one, other, far):
    assert distance(one, other) == distance(other, one) == far


@pytest.mark.same_on_both
def test_it_indexes_long_texts_within_bounds():
    made = tokens(title="t" * 200, options=[], body="word " * 100_000 + "late", choices={})
    assert max(map(len, made)) <= 41
    assert "dlate" not in made


@pytest.mark.same_on_both
def test_it_keeps_fewer_tokens_than_the_index_holds():
    """In PostgreSQL more than a MiB of them are stored without a word, and cannot be read again."""
    letters = "".join(Random(1).choices([chr(0x20000 + number) for number in range(40_000)], k=150_000))  # of four bytes each
    values = {"Size": [str(number) for number in range(4500)]}
    made = tokens(title=letters[:200], options=[letters[:120_000]], body=letters[120_000:], choices=values)
    assert sum(len(token.encode()) for token in made) < 1_000_000


# -- Suggestions -------------------------------------------------------------------------------------------------------


def test_it_suggests_while_somebody_types(client, settings, django_assert_max_num_queries):
    settings.PAGE_CACHE_SECONDS = 7
    for number in range(9):
        piece(f"Slow Weather {number}")
    with django_assert_max_num_queries(2):
        answer = client.get(reverse("catalog:suggest"), {"q": "slow we"})
    assert answer["Cache-Control"] == "public, max-age=7", "it has prices: no older than those of a page"
    products = answer.json()["products"]
    assert len(products) == 6
    assert products[0]["title"].startswith("Slow Weather")
    assert re.fullmatch(r"/products/[\w-]+/", products[0]["url"])
    assert products[0]["price"] == "€49.00"
    assert client.get(reverse("catalog:suggest"), {"q": "weathre"}).json()["meant"] == "weather"


@pytest.mark.parametrize(("q", "status"), [("", 200), ("%", 200), ("a" * 101, 400), ("a\0b", 400), ("'; DROP", 200)])
def test_it_suggests_nothing_for_nonsense(client, q, status):
    answer = client.get(reverse("catalog:suggest"), {"q": q})
    assert answer.status_code == status
    assert not answer.json().get("products")
    assert client.post(reverse("catalog:suggest")).status_code == 405
