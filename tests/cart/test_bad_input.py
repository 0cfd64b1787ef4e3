"""What a form of the cart may be sent instead of a number: a 4xx that says why, and nothing changes. Never a 500."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from cart.cart import Cart
from cart.forms import AddForm, CartLineForm
from tests import factories

pytestmark = pytest.mark.django_db

ADD, UPDATE = "/cart/add/", "/cart/update/"
TOO_MANY, NO_NUMBER, REQUIRED = "At most 99 pieces", "Enter a whole number", "This field is required"
NOT_QUANTITIES = {
    "minus one": ("-1", NO_NUMBER),
    "a fraction": ("1.5", NO_NUMBER),
    "a comma": ("1,5", NO_NUMBER),
    "an exponent": ("1e9", NO_NUMBER),
    "2**31": ("2147483648", TOO_MANY),
    "one hundred": ("100", TOO_MANY),
    "40 digits": ("9" * 40, TOO_MANY),
    "a full-width digit": ("９", NO_NUMBER),
    "an arabic digit": ("٣", NO_NUMBER),
    "a superscript": ("²", NO_NUMBER),
    "empty": ("", REQUIRED),
    "blank": ("   ", REQUIRED),
    "plus": ("+1", NO_NUMBER),
    "underscore": ("1_0", NO_NUMBER),
    "hexadecimal": ("0x10", NO_NUMBER),
    "nan": ("NaN", NO_NUMBER),
    "infinity": ("Infinity", NO_NUMBER),
    "json array": ("[1]", NO_NUMBER),
    "json null": ("null", NO_NUMBER),
    "nul": ("1\x00", "Null characters are not allowed"),
    "two lines": ("1\n2", NO_NUMBER),
    "a script": ("<script>alert(1)</script>", NO_NUMBER),
    "sql": ("1;DROP TABLE", NO_NUMBER),
    "10 kB": ("1" * 10_000, "at most 40 characters"),
}
NOT_VARIANTS = {
    **{name: text for name, (text, _why) in NOT_QUANTITIES.items() if name not in ("2**31", "one hundred")},
    "zero": "0",
    "unknown": "987654321",
    "2**31": "2147483648",
    "2**63": str(2**63),
    "largest": str(2**63 - 1),
    "10**30": str(10**30),
    "a sku": "FF-1",
}


@pytest.fixture
def variant():
    return factories.variant()


@pytest.fixture
def shopper(client, variant):
    """A client with three of `variant` in the cart."""
    client.post(ADD, {"variant": variant.pk, "quantity": 3})
    return client


@pytest.mark.parametrize("url", [ADD, UPDATE])
def test_it_refuses_what_is_no_quantity(shopper, variant, url, subtests):
    for name, (text, why) in NOT_QUANTITIES.items():
        with subtests.test(name):
            response = shopper.post(url, {"variant": variant.pk, "quantity": text})
            assert response.status_code == 422
            assert why in response.text
            assert "<script>alert" not in response.text
            assert Cart(shopper.session).quantities == {variant.pk: 3}


def test_it_says_beside_the_line_what_is_wrong_with_its_quantity(shopper, variant):
    response = shopper.post(UPDATE, {"variant": variant.pk, "quantity": "1.5"})
    assert response.context["errors"] == {variant.pk: "Enter a whole number."}
    assert not response.context["problem"]


def test_it_refuses_to_add_none(shopper, variant):
    response = shopper.post(ADD, {"variant": variant.pk, "quantity": "0"})
    assert response.status_code == 422
    assert "Choose at least one" in response.text
    assert Cart(shopper.session).quantities == {variant.pk: 3}


@pytest.mark.parametrize("url", [ADD, UPDATE])
def test_it_refuses_what_is_no_variant(shopper, variant, url, subtests):
    for name, text in NOT_VARIANTS.items():
        with subtests.test(name):
            response = shopper.post(url, {"variant": text, "quantity": "1"})
            assert response.status_code == 422
            assert response.context["problem"]
            assert Cart(shopper.session).quantities == {variant.pk: 3}


@pytest.mark.parametrize("url", [ADD, UPDATE])
@pytest.mark.parametrize(
    "names", [(), ("variant",), ("quantity",), ("variant[]", "quantity[]"), ("Variant", "Quantity")], ids=repr
)
def test_it_refuses_a_form_with_missing_fields(shopper, variant, url, names):
    values = {"variant": variant.pk, "quantity": 1}
    response = shopper.post(url, {name: values[name.lower().strip("[]")] for name in names})
    assert response.status_code == 422
    assert REQUIRED in response.text
    assert Cart(shopper.session).quantities == {variant.pk: 3}


@pytest.mark.parametrize("url", [ADD, UPDATE])
def test_it_names_the_field_that_is_wrong(client, variant, url):
    assert client.post(url, {"quantity": 1}).context["problem"] == "Variant: This field is required."
    assert client.post(url, {"variant": variant.pk, "quantity": "x"}).context["problem"] == "Quantity: Enter a whole number."


@pytest.mark.parametrize("url", [ADD, UPDATE])
def test_it_reads_forms_only(shopper, variant, url):
    body = {"variant": variant.pk, "quantity": 1, "price": 1}
    assert shopper.post(url, body, content_type="application/json").status_code == 422
    assert shopper.post(url, b"\xff\xfe\x00", content_type="application/x-www-form-urlencoded").status_code == 422
    assert shopper.post(f"{url}?variant={variant.pk}&quantity=1").status_code == 422
    assert Cart(shopper.session).quantities == {variant.pk: 3}


@pytest.mark.parametrize("url", [ADD, UPDATE])
def test_it_refuses_thousands_of_fields(shopper, variant, url):
    response = shopper.post(url, {"variant": variant.pk, "quantity": 1, **{f"lines[{each}]": each for each in range(10_000)}})
    assert response.status_code == 400
    assert Cart(shopper.session).quantities == {variant.pk: 3}


@pytest.mark.parametrize("url", [ADD, UPDATE])
@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_it_changes_the_cart_by_post_only(shopper, variant, url, method):
    response = getattr(shopper, method)(url, {"variant": variant.pk, "quantity": 1})
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert Cart(shopper.session).quantities == {variant.pk: 3}


def test_it_shows_the_cart_to_a_get_only(client):
    assert client.post("/cart/").status_code == 405
    assert client.head("/cart/").status_code == 200


@pytest.mark.parametrize("url", [ADD, UPDATE])
def test_it_refuses_forms_of_other_sites(variant, url):
    client = Client(enforce_csrf_checks=True)
    assert client.post(url, {"variant": variant.pk, "quantity": 1}).status_code == 403
    assert not Session.objects.exists()


def test_it_takes_its_own_form_with_its_token(variant):
    client = Client(enforce_csrf_checks=True)
    client.get(variant.product.get_absolute_url())
    token = client.cookies["csrftoken"].value
    response = client.post(ADD, {"variant": variant.pk, "quantity": 1, "csrfmiddlewaretoken": token})
    assert response.status_code == 302


def test_it_takes_surrounding_blanks_and_the_last_of_two_values(client, variant):
    client.post(ADD, {"variant": f" {variant.pk} ", "quantity": ["9", " 2 "]})
    assert Cart(client.session).quantities == {variant.pk: 2}


@pytest.mark.parametrize("form", [AddForm, CartLineForm])
def test_it_cleans_to_whole_numbers(form):
    bound = form({"variant": "007", "quantity": "99"})
    assert bound.is_valid()
    assert bound.cleaned_data == {"variant": 7, "quantity": 99}
