from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cart.cart import Cart
from catalog.models import Variant
from tests import factories, people

pytestmark = pytest.mark.django_db

ADD, UPDATE, CART = "/cart/add/", "/cart/update/", "/cart/"


def in_cart(client: Client) -> dict[int, int]:
    return Cart(client.session).quantities


def put_in(client: Client, variant: Variant, quantity: int = 1) -> HttpResponse:
    return client.post(ADD, {"variant": variant.pk, "quantity": quantity})


def said(response: HttpResponse) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


@contextmanager
def only_reading() -> Iterator[None]:
    with CaptureQueriesContext(connection) as queries:
        yield
    assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []


def test_it_has_the_addresses_that_others_rely_on():
    assert [reverse(f"cart:{name}") for name in ("detail", "add", "update")] == [CART, ADD, UPDATE]


# -- The session ------------------------------------------------------------------------------------------------------


def test_it_makes_no_session_for_a_visitor_who_only_looks(client):
    with only_reading():
        assert client.get(CART).status_code == 200
        assert client.get("/").status_code == 200
    assert settings.SESSION_COOKIE_NAME not in client.cookies
    assert not Session.objects.exists()


def test_it_makes_no_session_for_a_refused_form(client):
    assert client.post(ADD, {"variant": "x", "quantity": "1"}).status_code == 422
    assert client.post(UPDATE, {"variant": "5", "quantity": "1"}).status_code == 422
    assert not Session.objects.exists()


def test_it_makes_one_session_for_the_first_thing_that_is_put_in(client):
    variant = factories.variant()
    assert put_in(client, variant, 2).status_code == 302
    put_in(client, variant)
    assert Session.objects.count() == 1
    assert in_cart(client) == {variant.pk: 3}


def test_it_writes_nothing_when_a_cart_is_looked_at(client):
    put_in(client, factories.variant())
    client.get(CART)  # shows, and so drops, the message about adding
    with only_reading():
        client.get(CART)


def test_it_takes_as_many_queries_for_ten_lines_as_for_one(client, django_assert_num_queries):
    put_in(client, factories.variant())
    with CaptureQueriesContext(connection) as queries:
        client.get(CART)
        for_one = len(queries)
    for _unused in range(9):
        put_in(client, factories.variant())
    with django_assert_num_queries(for_one):
        client.get(CART)


def test_it_keeps_the_cart_when_the_visitor_logs_in(client, ada):
    variant = factories.variant()
    put_in(client, variant, 2)
    cart_id, key = Cart(client.session).id, client.session.session_key
    response = client.post(reverse("accounts:login"), {"username": ada.email, "password": people.PASSWORD})
    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(ada.pk)
    assert client.session.session_key != key
    assert (in_cart(client), Cart(client.session).id) == ({variant.pk: 2}, cart_id)


def test_it_forgets_the_cart_when_the_visitor_logs_out(ada_client):
    put_in(ada_client, factories.variant())
    ada_client.post(reverse("accounts:logout"))
    assert in_cart(ada_client) == {}


# -- Adding and changing ----------------------------------------------------------------------------------------------


def test_it_puts_a_thing_in_and_shows_the_cart(client):
    variant = factories.variant(price_minor=4900)
    response = client.post(ADD, {"variant": variant.pk, "quantity": "2"}, follow=True)
    assert response.redirect_chain == [(CART, 302)]
    assert "Flow Field No. 7" in response.text
    assert "€98.00" in response.text
    assert "is in your cart" in response.text


def test_it_changes_a_quantity(client):
    variant = factories.variant()
    put_in(client, variant, 2)
    assert client.post(UPDATE, {"variant": variant.pk, "quantity": "5"}).status_code == 302
    assert in_cart(client) == {variant.pk: 5}


def test_it_takes_a_line_out_at_quantity_zero(client):
    variant, other = factories.variant(), factories.variant()
    put_in(client, variant)
    put_in(client, other)
    assert said(client.post(UPDATE, {"variant": variant.pk, "quantity": "0"}))[-1] == "Taken out of your cart."
    assert in_cart(client) == {other.pk: 1}


def test_it_puts_in_what_is_left_and_says_so(client):
    variant = factories.variant(on_hand=2)
    response = put_in(client, variant, 5)
    assert any("Only 2 left" in text for text in said(response))
    assert not any("is in your cart" in text for text in said(response))
    assert in_cart(client) == {variant.pk: 2}


def test_it_says_once_that_a_thing_is_sold_out(client):
    response = put_in(client, factories.variant(on_hand=0))
    assert any("sold out" in text for text in said(response))
    assert in_cart(client) == {}
    assert "sold out" in client.get(CART).text
    assert "sold out" not in client.get(CART).text


def test_it_tells_a_new_price_on_the_page_once(client):
    variant = factories.variant(price_minor=4900)
    put_in(client, variant)
    Variant.objects.update(price_minor=5900)
    assert "from €49.00 to €59.00" in client.get(CART).text
    assert "€49.00" not in client.get(CART).text


def test_it_tells_a_new_price_when_more_is_added(client):
    variant = factories.variant(price_minor=4900)
    put_in(client, variant)
    Variant.objects.update(price_minor=5900)
    assert any("from €49.00 to €59.00" in text for text in said(put_in(client, variant)))


@pytest.mark.parametrize(
    "change",
    [{"is_active": False}, {"product__is_published": False}, {"currency": "USD"}],
    ids=lambda change: next(iter(change)),
)
def test_it_refuses_a_variant_that_is_not_on_sale(client, change):
    variant = factories.variant()
    if "product__is_published" in change:
        type(variant.product).objects.update(is_published=False)
    else:
        Variant.objects.update(**change)
    response = put_in(client, variant)
    assert response.status_code == 422
    assert "no longer on sale" in response.text
    assert in_cart(client) == {}


def test_it_refuses_the_hundredth_piece_and_keeps_the_ninety_nine(client):
    variant = factories.variant(on_hand=500)
    put_in(client, variant, 99)
    response = put_in(client, variant, 1)
    assert response.status_code == 422
    assert "At most 99 pieces of one thing." in response.text
    assert in_cart(client) == {variant.pk: 99}


def test_it_refuses_the_hundred_and_first_line(client):
    product = factories.product()
    variants = Variant.objects.bulk_create(
        Variant(product=product, sku=f"S{each}", price_minor=100, stock_tracked=False) for each in range(101)
    )
    for variant in variants[:100]:
        put_in(client, variant)
    response = put_in(client, variants[100])
    assert response.status_code == 422
    assert "at most 100 different things" in response.text
    assert len(in_cart(client)) == 100


def test_it_does_not_change_what_is_not_in_the_cart(client):
    variant = factories.variant()
    response = client.post(UPDATE, {"variant": variant.pk, "quantity": "3"})
    assert response.status_code == 422
    assert "not in your cart any more" in response.text
    assert in_cart(client) == {}


def test_it_takes_no_price_from_the_client(client):
    variant = factories.variant(price_minor=4900)
    forged = {"price": "1", "price_minor": "1", "unit_price": "1", "currency": "JPY", "total": "0", "lines[0][unit_price]": "1"}
    client.post(ADD, {"variant": variant.pk, "quantity": "2", **forged})
    client.post(UPDATE, {"variant": variant.pk, "quantity": "3", **forged})
    response = client.get(CART, forged)
    assert response.context["cart"].subtotal.minor == 3 * 4900
    assert response.context["cart"].subtotal.currency == "EUR"
    assert not response.context["cart"].has_changed


def test_it_shows_the_count_on_other_pages_at_no_query_of_its_own(client):
    put_in(client, factories.variant(), 7)
    assert client.get("/").context["cart_count"] == 7


def test_it_keeps_the_carts_of_two_visitors_apart(client):
    variant, other = factories.variant(), Client()
    put_in(client, variant)
    assert in_cart(other) == {}
    assert Cart(client.session).id != Cart(other.session).id


def test_it_shows_the_cart_to_no_cache(client):
    for response in (client.get(CART), put_in(client, factories.variant()), client.post(ADD, {})):
        assert "no-store" in response["Cache-Control"]


# -- What is told once ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [CART, "/checkout/"])
@pytest.mark.parametrize(
    "look_ahead",
    [
        lambda client, page: client.head(page),
        lambda client, page: client.get(page, headers={"Sec-Purpose": "prefetch"}),
        lambda client, page: client.get(page, headers={"Sec-Purpose": "prefetch;prerender"}),
    ],
    ids=["HEAD", "prefetch", "prerender"],
)
def test_it_tells_what_changed_to_people_only(client, page, look_ahead):
    dearer, gone = factories.variant(price_minor=100), factories.variant()
    put_in(client, dearer)
    put_in(client, gone)
    Variant.objects.filter(pk=dearer.pk).update(price_minor=200)
    Variant.objects.filter(pk=gone.pk).update(is_active=False)
    with only_reading():
        look_ahead(client, page)
    told = client.get(page).context["cart"]
    assert (len(told.notices), len(told.lines[0].notices)) == (1, 1)
    assert not client.get(page).context["cart"].has_changed


def test_it_looks_everything_up_once_to_add_a_thing(client):
    held, wanted = factories.variant(), factories.variant()
    put_in(client, held)
    with CaptureQueriesContext(connection) as queries:
        put_in(client, wanted)
    assert in_cart(client) == {held.pk: 1, wanted.pk: 1}
    assert len([query for query in queries if "catalog_" in query["sql"]]) == 1
