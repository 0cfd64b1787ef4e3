from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import Http404
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from orders.access import get_order_for, key_opens, order_key, order_link
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
    assert foreign.content.decode().replace(number, "") == missing.content.decode().replace(MISSING, "")
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
