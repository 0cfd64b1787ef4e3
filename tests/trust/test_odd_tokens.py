"""Keys and links that open nothing, and things that are not there: not found, whoever asks."""

from __future__ import annotations

import pytest
from django.core import signing

from orders.access import order_key
from orders.models import Order
from tests import factories
from tests.trust.furnished import FurnishedShop, visitor
from tests.trust.nonsense import Request, send_all
from tests.trust.odd_bodies import URLENCODED

TOKENS = [
    "", "null", "0", "[]", "{}", "undefined", "true", "None", "-1", "a" * 27, "A" * 43, "%20", "%00", "a%00", "%ff%fe", "%C3",
    "%F0%9F%98%80", "*", "%25", "_", "=", "9" * 3000, "%0d%0aa", "'%20OR%20''='",
]  # fmt: skip


def _questions(name: str, *stolen: str) -> list[str]:
    """Everything one may write after the question mark in the hope of being let in."""
    shapes = [f"{name}[]=", f"{name}[]={stolen[0]}", f"{name}[0]={stolen[0]}", f"{name}={stolen[0]}&{name}=", "", name.upper()]
    return [
        *(f"{name}={token}" for token in (*TOKENS, *stolen)),
        *shapes,
        f"{name}={stolen[0].lower()}",
        f"{name}={stolen[0]}%20",
    ]


@pytest.mark.case("A32")
def test_an_order_opens_to_its_own_key_only(furnished: FurnishedShop):
    mine, hers, mallory = furnished.pending.order, furnished.paid.order, furnished.mallory
    pages = [f"/orders/{hers.number}/", f"/orders/{hers.number}/status/", f"/checkout/cancel/{hers.number}/"]
    questions = _questions("key", order_key(mine), hers.number, mine.number)
    for request, answer in send_all(Request(mallory, f"{page}?{odd}") for page in pages for odd in questions):
        assert answer.status == 404, request
        assert hers.number not in answer.words
    for page in pages[:2]:
        assert mallory.send("GET", f"{page}?key={order_key(hers)}").status == 200


@pytest.mark.case("A32")
def test_no_number_is_guessed_from_another(furnished: FurnishedShop):
    number, mallory = furnished.paid.order.number, furnished.mallory
    odd = [number.lower(), number[:-1], number + "0", number.replace("-", ""), str(furnished.paid.order.pk), *TOKENS[1:]]
    pages = [f"/orders/{one}/{rest}?key={order_key(furnished.paid.order)}" for one in odd for rest in ("", "status/")]
    for request, answer in send_all(Request(mallory, page) for page in pages):
        assert answer.status == 404, request


@pytest.mark.case("A32")
def test_the_way_back_from_stripe_shows_nothing_to_a_stranger(furnished: FurnishedShop):
    mallory, theirs = furnished.mallory, furnished.paid.session_id
    odd = _questions("session_id", theirs, furnished.pending.session_id, f"{theirs}&key={order_key(furnished.pending.order)}")
    for request, answer in send_all(Request(mallory, f"/checkout/return/?{each}") for each in odd):
        assert answer.status == 404, request


@pytest.mark.case("A32")
def test_links_of_mails_open_nothing_when_they_are_not_ours(furnished: FurnishedShop):
    anyone = furnished.anyone
    forged = [signing.dumps("mallory@shop.test"), signing.dumps("mallory@shop.test", key="x", salt="accounts.sign_up")]
    odd = [*TOKENS[1:], *forged]
    sign_up = [f"/account/sign-up/{token}/" for token in odd]
    users = ["MQ", "MA", "zzzz", "%ff", "null", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"]
    reset = [f"/account/reset/{user}/{token}/" for user in users for token in odd][::5]
    links = [*sign_up, *reset, "/account/reset/MQ/set-password/"]
    for request, answer in send_all(Request(anyone, link) for link in links):
        assert answer.status == 404, request
        assert "link" in answer.words or "Nothing hangs here" in answer.words


def test_what_is_not_on_sale_is_not_found(world):
    hidden, away = factories.variant(product=factories.product(is_published=False)), factories.category(is_published=False)
    inactive = factories.variant(is_active=False)
    anyone = visitor(world)
    pages = [hidden.product.get_absolute_url(), away.get_absolute_url(), "/products/nothing/", "/categories/no/thing/"]
    for request, answer in send_all(Request(anyone, page) for page in pages):
        assert answer.status == 404, request
    for variant in (hidden.pk, inactive.pk, 987654321):
        answer = anyone.send("POST", "/cart/add/", {"Content-Type": URLENCODED}, b"variant=%d&quantity=1" % variant)
        assert (answer.status, "no longer on sale" in answer.words) == (422, True)
    assert not Order.objects.exists()
