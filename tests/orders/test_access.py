from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import Http404
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from orders.access import GUESSES_FROM_ADDRESS, get_order_for, key_opens, order_key, order_link
from tests import factories

pytestmark = pytest.mark.django_db

MISSING = "AAAA-AAAA-AAAA-AAAA"
ODD_KEYS = ["", "null", "0", "[]", "\x00", "a\x00b", "ключ", "x" * 10_000, ":", "::", "é", "\ud800", "%00"]


def page(order, query: str = "") -> str:
    return f"{order.get_absolute_url()}{query}"


def stranger(**query: str):
    request = RequestFactory().get("/", query)
    request.user, request.session = AnonymousUser(), SessionStore()
    return request


def test_it_shows_the_order_to_its_owner(ada, ada_client):
    assert ada_client.get(page(factories.order(user=ada))).status_code == 200


def test_it_shows_a_guests_order_to_the_holder_of_the_link(client, settings):
    order = factories.order()
    link = order_link(order)
    assert link.startswith(settings.SITE_URL + "/orders/")
    assert client.get(link.removeprefix(settings.SITE_URL)).status_code == 200


def test_it_shows_any_order_to_staff_who_may_view_orders(grace_client):
    assert grace_client.get(page(factories.order())).status_code == 200


def test_it_hides_orders_from_staff_without_the_permission(client):
    client.force_login(User.objects.create_user("packer@shop.test", "secret", is_staff=True))
    assert client.get(page(factories.order())).status_code == 404


def test_it_hides_orders_from_everybody_else(ada, client, mallory_client):
    for order in (factories.order(user=ada), factories.order(user=None)):
        assert client.get(page(order)).status_code == 404
        assert mallory_client.get(page(order)).status_code == 404


def test_it_answers_the_same_for_a_foreign_and_a_missing_order(ada, mallory_client):
    number = factories.order(user=ada).number
    foreign = mallory_client.get(f"/orders/{number}/")
    missing = mallory_client.get(f"/orders/{MISSING}/")
    assert foreign.status_code == missing.status_code == 404
    shown = [re.sub(f'{number}|{MISSING}|nonce="[^"]+"', "", answer.content.decode()) for answer in (foreign, missing)]
    assert shown[0] == shown[1]
    assert [*foreign.headers] == [*missing.headers]


@pytest.mark.parametrize("key", ODD_KEYS, ids=lambda key: ascii(key[:8]))
def test_it_refuses_odd_keys(key):
    number = factories.order().number
    assert not key_opens(number, key)
    request = stranger()
    request.GET = {"key": key}
    with pytest.raises(Http404):
        get_order_for(request, number)


@pytest.mark.parametrize("query", ["?key[]=x", "?key=&key=", "?key=%00", "?key=%ff", "?key=" + "x" * 3000])
def test_it_answers_404_to_odd_queries(client, query):
    assert client.get(page(factories.order(), query)).status_code == 404


def test_it_refuses_the_key_of_another_order():
    one, other = factories.order(), factories.order()
    assert key_opens(one.number, order_key(one))
    assert not key_opens(one.number, order_key(other))


@pytest.mark.parametrize("number", ["%00", "x" * 5000, "ORDER", "%E2%82%AC", "1;DROP", "..", "aaaa-aaaa-aaaa-aaaa"])
def test_it_answers_404_to_odd_numbers(grace_client, number):
    assert grace_client.get(f"/orders/{number}/").status_code == 404


def test_it_keeps_links_valid_while_the_secret_key_is_replaced(settings):
    order = factories.order()
    key = order_key(order)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another-key-" * 5
    assert key_opens(order.number, key)
    settings.SECRET_KEY_FALLBACKS = []
    assert not key_opens(order.number, key)


def test_it_asks_the_database_nothing_for_a_stranger(client, django_assert_num_queries):
    request = stranger(key="wrong")
    order = factories.order()
    with django_assert_num_queries(0), pytest.raises(Http404):
        get_order_for(request, order.number)


def test_it_takes_as_many_queries_for_a_long_order_as_for_a_short_one(client, django_assert_num_queries):
    short, long = (factories.order(variants=[(factories.variant(), 1) for _unused in range(count)]) for count in (1, 8))
    with CaptureQueriesContext(connection) as taken:
        client.get(page(short, f"?key={order_key(short)}"))
    with django_assert_num_queries(len(taken)):
        client.get(page(long, f"?key={order_key(long)}"))


# -- Guessing


@pytest.fixture
def guessed_often(client) -> None:
    """This address has asked for so many orders that are not there, or not its own."""
    factories.order()
    for number in range(GUESSES_FROM_ADDRESS.times):
        assert client.get(f"/orders/AAAA-{number:04d}/").status_code == 404


@pytest.mark.parametrize(
    "address", ["/orders/{}/", "/orders/{}/status/", "/checkout/cancel/{}/", "/checkout/return/?session_id={}"]
)
def test_it_stops_guessing_whether_there_is_such_an_order_or_not(guessed_often, client, address):
    there, missing = (client.get(address.format(number)) for number in (factories.order().number, MISSING))
    assert there.status_code == missing.status_code == 429
    assert there.content == missing.content
    assert 0 < int(there["Retry-After"]) <= 600
    assert "no-store" in there["Cache-Control"]


def test_it_shows_an_order_to_those_who_may_see_it_while_others_guess(guessed_often, ada, client, ada_client, grace_client):
    mine, guests = factories.order(user=ada), factories.order()
    assert ada_client.get(page(mine)).status_code == 200
    assert grace_client.get(page(mine)).status_code == 200
    assert client.get(page(guests, f"?key={order_key(guests)}")).status_code == 200
    assert client.get(page(guests, f"status/?key={order_key(guests)}")).status_code == 200


def test_it_counts_guesses_by_address(guessed_often, client):
    assert client.get(f"/orders/{MISSING}/", REMOTE_ADDR="198.51.100.7").status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_it_stops_guessing_behind_forged_addresses(guessed_often, client, header):
    forged = {header: "for=198.51.100.7" if header == "Forwarded" else "198.51.100.7"}
    assert client.get(f"/orders/{MISSING}/", headers=forged).status_code == 429


def test_it_counts_no_order_that_was_found(client):
    order = factories.order()
    for _unused in range(GUESSES_FROM_ADDRESS.times + 1):
        assert client.get(page(order, f"?key={order_key(order)}")).status_code == 200
