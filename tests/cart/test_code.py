"""A promotion code in the cart: the form, what it says, and what is shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Tally
from cart.cart import Cart
from cart.totals import price_cart
from cart.views import UNKNOWN_CODES_FROM_ADDRESS
from catalog.models import Variant
from money import Money
from promotions.models import Promotion
from promotions.uses import take
from tests import factories
from tests.cart.sessions import next_request
from tests.orders.placing import basket

pytestmark = pytest.mark.django_db

CART, CODE, REMOVE = "/cart/", "/cart/code/", "/cart/code/remove/"


def told(cart: Cart) -> list[str]:
    """What is said of the cart when it is looked at once more, by its next request."""
    return price_cart(Cart(next_request(cart._session))).notices


def spring(**fields) -> Cart:
    """A cart with one print of €49.00 and the code."""
    factories.promotion(**fields)
    return basket((factories.variant(price_minor=4900), 1), code="SPRING")


@pytest.fixture
def shopper(client):
    client.post("/cart/add/", {"variant": factories.variant(price_minor=4900).pk, "quantity": "2"})
    return client


# -- What it costs ----------------------------------------------------------------------------------------------------


def test_it_takes_the_discount_off_the_goods():
    priced = price_cart(spring(percent=15))
    assert (priced.subtotal, priced.discount, priced.total) == (Money(4900, "EUR"), Money(735, "EUR"), Money(4165, "EUR"))
    assert (priced.discounts_minor, priced.has_changed) == ([735], False)


@pytest.mark.case("F74")
def test_it_never_costs_less_than_nothing():
    priced = price_cart(spring(amount_minor=9900))
    assert (priced.discount, priced.total, priced.can_checkout) == (Money(4900, "EUR"), Money(0, "EUR"), True)


@pytest.mark.case("F74")
def test_it_says_that_what_is_left_is_too_little_to_be_charged():
    factories.promotion(percent=95)
    priced = price_cart(basket((factories.download(price_minor=900), 1), code="SPRING"))
    assert (priced.total, priced.can_checkout) == (Money(45, "EUR"), False)
    assert priced.problem == "The smallest amount that can be paid is €0.50."


def test_it_leaves_it_to_the_checkout_where_shipping_comes_on_top():
    factories.promotion(amount_minor=4880)
    assert price_cart(basket((factories.variant(price_minor=4900), 1), code="SPRING")).can_checkout


def test_it_asks_nothing_more_of_the_database_without_a_code(django_assert_num_queries):
    factories.promotion()
    cart = basket((factories.variant(), 1))
    with django_assert_num_queries(2):
        price_cart(cart)


# -- What is not valid any more ---------------------------------------------------------------------------------------

CHANGES = {
    "ended": ({"ends_at": timezone.now() - timedelta(days=1)}, "The code “SPRING” has ended."),
    "used up": ({"most_uses": 0}, "The code “SPRING” is used up."),
    "too little": ({"minimum_minor": 5000}, "The code “SPRING” is for goods of €50.00 or more: €1.00 is missing."),
    "switched off": ({"is_active": False}, "The code “SPRING” is not valid any more."),
    "for customers": (
        {"most_uses_per_customer": 1},
        "The code “SPRING” is for customers with an account: please log in first.",
    ),
}


@pytest.mark.parametrize(("fields", "why"), CHANGES.values(), ids=CHANGES.keys())
def test_it_says_once_why_a_code_is_taken_out(fields, why):
    cart = spring()
    assert told(cart) == []
    Promotion.objects.update(**fields)
    priced = price_cart(cart)
    assert (priced.notices, priced.promotion, priced.total) == (
        [f"{why} We took it out of your cart."],
        None,
        Money(4900, "EUR"),
    )
    assert (cart.code, told(cart)) == ("", [])


def test_it_says_once_that_a_code_takes_less_off_now():
    cart = spring(percent=20)
    Promotion.objects.update(percent=10)
    priced = price_cart(cart)
    assert (priced.notices, priced.discount) == (["The code “SPRING” takes 10 % off now."], Money(490, "EUR"))
    assert told(cart) == []


def test_it_takes_nothing_out_while_nobody_looks():
    cart = spring()
    Promotion.objects.update(is_active=False)
    assert price_cart(cart, told=False).promotion is None
    assert cart.code == "SPRING"


def test_it_does_not_count_the_visitors_own_hold_as_used_up():
    cart = spring(most_uses=1)
    take(Promotion.objects.get(), order_number="AAAA-BBBB", user=None)
    cart.remember_order("AAAA-BBBB", {})
    assert (told(cart), price_cart(cart).discount) == ([], Money(490, "EUR"))
    cart.forget_order()
    assert "used up" in told(cart)[0]


def test_it_is_gone_from_the_cart_once_it_was_bought_with():
    cart = spring()
    cart.remember_order("AAAA-BBBB", {})
    cart.order_was_paid()
    assert (cart.code, cart.quantities) == ("", {})


# -- The form ---------------------------------------------------------------------------------------------------------


@pytest.mark.case("A18")
def test_it_applies_a_code_however_it_is_typed_and_takes_it_out_again(shopper):
    factories.promotion(code="SPRING-10")
    page = shopper.post(CODE, {"code": " ｓｐｒｉｎｇ\u201310 "}, follow=True)
    assert page.redirect_chain == [(CART, 302)]
    for words in ("The code “SPRING-10” is applied.", "Code SPRING-10 (10 %)", "−€9.80", "€88.20"):
        assert words in page.text
    assert 'name="code"' not in page.text
    page = shopper.post(REMOVE, follow=True)
    assert "The code is taken out of your cart." in page.text
    assert ("€88.20" in page.text, 'name="code"' in page.text) == (False, True)


def test_it_has_one_code_at_a_time(shopper):
    factories.promotion(code="SPRING")
    factories.promotion(code="SUMMER", percent=50)
    for code in ("SPRING", "SUMMER"):
        shopper.post(CODE, {"code": code})
    priced = shopper.get(CART).context["cart"]
    assert (str(priced.promotion), priced.total) == ("SUMMER", Money(4900, "EUR"))


WRONG = {
    "unknown": ("WINTER", "We do not know this code."),
    "of another script": ("ЅРRІNG", "We do not know this code."),
    "NUL": ("SPR\x00ING", "Null characters are not allowed."),
    "empty": ("", "This field is required."),
    "too long": ("S" * 101, "at most 100 characters"),
    "markup": ("<b>SPRING</b>", "We do not know this code."),
    "too little": ("BIG", "The code “BIG” is for goods of €100.00 or more: €2.00 is missing."),
    "over": ("OLD", "The code “OLD” has ended."),
}


@pytest.mark.parametrize(("typed", "why"), WRONG.values(), ids=WRONG.keys())
def test_it_says_beside_the_field_why_not(shopper, typed, why):
    factories.promotion(code="SPRING")
    factories.promotion(code="BIG", minimum_minor=10_000)
    factories.promotion(code="OLD", ends_at=timezone.now() - timedelta(days=1))
    page = shopper.post(CODE, {"code": typed})
    assert page.status_code == 422
    assert why in page.text
    assert 'aria-invalid="true"' in page.text
    assert (page.context["cart"].promotion, Cart(shopper.session).code) == (None, "")


def test_it_keeps_the_code_that_works_when_another_does_not(shopper):
    factories.promotion()
    shopper.post(CODE, {"code": "SPRING"})
    page = shopper.post(CODE, {"code": "WINTER"})
    assert (page.status_code, "−€9.80" in page.text, "We do not know this code." in page.text) == (422, True, True)
    assert Cart(shopper.session).code == "SPRING"


def test_it_is_for_those_who_are_logged_in_where_it_counts_customers(shopper, ada):
    factories.promotion(most_uses_per_customer=1)
    assert "please log in first" in shopper.post(CODE, {"code": "SPRING"}).text
    shopper.force_login(ada)
    assert shopper.post(CODE, {"code": "SPRING"}).status_code == 302
    assert shopper.get(CART).context["cart"].discount == Money(980, "EUR")
    assert shopper.get("/checkout/").context["cart"].discount == Money(980, "EUR")


def test_it_makes_no_session_for_a_visitor_with_an_empty_cart(client):
    factories.promotion()
    with CaptureQueriesContext(connection) as queries:
        for address in (CODE, REMOVE):
            assert client.post(address, {"code": "SPRING"})["Location"] == CART
    assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []
    assert not Session.objects.exists()


def test_it_wants_a_post_with_a_token(shopper):
    assert [shopper.get(address).status_code for address in (CODE, REMOVE)] == [405, 405]
    strict = Client(enforce_csrf_checks=True)
    assert [strict.post(address, {"code": "SPRING"}).status_code for address in (CODE, REMOVE)] == [403, 403]


def test_it_tells_on_the_page_what_else_changed_when_a_code_is_applied(shopper):
    factories.promotion()
    Variant.objects.update(price_minor=5900)
    assert "from €49.00 to €59.00" in shopper.post(CODE, {"code": "SPRING"}, follow=True).text


# -- Guessing ---------------------------------------------------------------------------------------------------------


@pytest.mark.case("A18")
def test_it_limits_guessing_and_says_nothing_of_right_guesses_then(shopper):
    factories.promotion()
    for number in range(UNKNOWN_CODES_FROM_ADDRESS.times):
        assert shopper.post(CODE, {"code": f"GUESS{number}"}).status_code == 422
    page = shopper.post(CODE, {"code": "SPRING"})
    assert (page.status_code, "That was tried too often." in page.text) == (429, True)
    assert int(page["Retry-After"]) > 0
    assert Cart(shopper.session).code == ""


def test_it_does_not_count_codes_that_are_there(shopper):
    factories.promotion()
    for _unused in range(UNKNOWN_CODES_FROM_ADDRESS.times + 1):
        assert shopper.post(CODE, {"code": "SPRING"}).status_code == 302
    assert Tally.objects.get().times == 0
