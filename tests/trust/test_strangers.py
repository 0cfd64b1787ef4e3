"""Strangers at other people's orders, and fields that no form has."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core import signing

from accounts.mails import SALT
from accounts.models import User
from orders.access import GUESSES_FROM_ADDRESS, order_key
from orders.models import Order
from orders.status import Status
from payments.models import Payment
from tests import factories, people
from tests.payments.shopping import Shopper
from tests.trust.furnished import rows
from tests.trust.http_client import HttpClient
from tests.trust.visitors import visitor

MISSING = "AAAA-AAAA-AAAA-AAAA"
ORDER_PAGES = ["/orders/{number}/", "/orders/{number}/status/", "/checkout/cancel/{number}/"]
SESSION_PAGE = "/checkout/return/?session_id={session}"
ODD_KEYS = [
    "?key=", "?key=null", "?key=undefined", "?key=0", "?key=[]", "?key[]=x", "?key=%00", "?key=%ff", "?key=%ED%A0%80", "?key=:",
    "?key=" + "x" * 4000,
    "?key=' or 1=1--", "?key=../../x", "?key=True", "?key=*", "?key=%25", "?token=x", "?key={other}",
]  # fmt: skip
ODD_NUMBERS = [
    "0",
    "1",
    "-1",
    "null",
    "[]",
    "%00",
    "%ff",
    "x" * 3000,
    "' or 1=1--",
    "*",
    "%25",
    "__",
    "\u200b",
    "1%0d%0ax:y",
]


@pytest.fixture
def order(world) -> Order:
    return factories.order(user=people.ada(), status=Status.PAID)


@pytest.fixture
def payment(order) -> Payment:
    return Payment.objects.create(
        order=order, amount_minor=order.total_minor, currency="EUR", session_id="cs_test_adas", status=Payment.Status.SUCCEEDED
    )


def packer() -> User:
    """A member of staff who may not look at orders."""
    return User.objects.create_user("packer@shop.test", people.PASSWORD, is_staff=True)


def shown(answer: Any, *names: str) -> tuple[int, list[str], str]:
    """An answer without what is different each time: dates, marks against replay, and the number that was asked for."""
    text = re.sub(r"[A-Za-z0-9+/=_-]{22,}", "", answer.text)
    for name in names:
        text = text.replace(name, "")
    headers = [
        f"{name}: {value}"
        for name, value in answer.headers.items()
        if name not in ("Date", "Content-Length", "Set-Cookie", "X-Request-ID")
    ]
    return answer.status_code, sorted(re.sub(r"'nonce-[^']+'|\d+", "", header) for header in headers), text


# -- Walking numbers


@pytest.mark.case("A31")
@pytest.mark.parametrize("who", ["nobody", "mallory", "packer"])
def test_a_foreign_order_looks_like_one_that_is_not_there(world, order, payment, who):
    user = {"nobody": lambda: None, "mallory": people.mallory, "packer": packer}[who]()
    guests = factories.order(user=None)
    before = rows()
    for page in ORDER_PAGES:
        stranger = visitor(world.shop.url, user=user)
        missing = shown(stranger.get(page.format(number=MISSING)), MISSING)
        assert missing[0] == 404
        for number in (order.number, guests.number):
            assert shown(stranger.get(page.format(number=number)), number) == missing, page
    stranger = visitor(world.shop.url, user=user)
    there, not_there = (stranger.get(SESSION_PAGE.format(session=name)) for name in (payment.session_id, "cs_test_nobodys"))
    assert shown(there, payment.session_id) == shown(not_there, "cs_test_nobodys")
    assert there.status_code == 404
    assert rows() == before


@pytest.mark.case("A31")
def test_a_walk_along_the_numbers_ends_soon_whatever_it_meets(world, order, payment):
    """One address, many browsers, at all processes; every fifth number is a real one."""
    numbers = [order.number if place % 5 == 0 else f"AAAA-{place:04d}" for place in range(60)]
    address, answers = "198.51.100.7", []
    for place, number in enumerate(numbers):
        walker = HttpClient(world.shop.url, address=address)
        answers.append(walker.get(ORDER_PAGES[place % len(ORDER_PAGES)].format(number=number)))
    assert [answer.status_code for answer in answers] == [404] * GUESSES_FROM_ADDRESS.times + [429] * 30
    refused = [shown(answer, *numbers) for answer in answers[30:]]
    assert refused == [refused[0]] * 30
    assert all(0 < int(answer["Retry-After"]) <= GUESSES_FROM_ADDRESS.seconds for answer in answers[30:])
    owner = HttpClient(world.shop.url, address=address)  # in the same house
    assert owner.get(f"/orders/{order.number}/", params={"key": order_key(order)}).status_code == 200
    assert world.client().get(f"/orders/{MISSING}/").status_code == 404


@pytest.mark.case("A31")
def test_the_pages_of_others_name_no_order_of_ada(world, order):
    mallory = visitor(world.shop.url, user=people.mallory(), variant=factories.variant())
    for path in ("/", "/account/", "/cart/", "/checkout/", "/search/?q=" + order.number, "/products/"):
        text = mallory.get(path).text.replace(f"q={order.number}", "")
        assert order_key(order) not in text
        assert path.startswith("/search/") or order.number not in text


@pytest.mark.case("A32")
def test_no_odd_key_opens_an_order(world, order, payment):
    other = order_key(factories.order())
    for page in (*ORDER_PAGES, SESSION_PAGE.replace("?", "?x&")):
        stranger = world.client()
        for odd in ODD_KEYS:
            path = page.format(number=order.number, session=payment.session_id)
            query = odd.format(other=other) if "{other}" in odd else odd
            answer = stranger.get(path + (query if "?" not in path else "&" + query[1:]))
            assert answer.status_code in (400, 404), (page, odd)
            assert order.number not in answer.text.replace(path, "")


@pytest.mark.case("A32")
def test_no_odd_number_is_an_order(world, order):
    for page in ORDER_PAGES:
        stranger = world.client()
        statuses = {odd: stranger.get(page.format(number=odd)).status_code for odd in ODD_NUMBERS}
        assert {odd: status for odd, status in statuses.items() if status not in (400, 404)} == {}, page
    assert not any("Traceback" in line for line in world.shop.tracebacks())


@pytest.mark.case("A32")
def test_no_page_of_ones_own_order_tells_the_key_of_another(world, order):
    other = factories.order(user=people.ada())
    for path in (f"/orders/{order.number}/", f"/orders/{order.number}/status/"):
        answer = world.client().get(path, params={"key": order_key(order)})
        assert answer.status_code == 200
        assert order_key(other) not in answer.text
        assert other.number not in answer.text
    assert world.client().get(f"/orders/{other.number}/", params={"key": order_key(order)}).status_code == 404


# -- Fields that no form has

WISHES = {
    "status": "paid", "paid": "1", "is_paid": "on", "paid_minor": "1", "total": "1", "total_minor": "1", "subtotal_minor": "1",
    "price": "1", "price_minor": "1", "unit_price": "1", "unit_price_minor": "1", "amount": "1", "discount": "99",
    "coupon": "FREE", "currency": "JPY", "owner": "1", "user": "1", "user_id": "1",
    "is_staff": "on", "is_superuser": "on", "is_active": "on",
    "groups": "1", "user_permissions": "1", "balance": "9999", "stripe_customer": "cus_x", "session_id": "cs_test_x",
    "shipping_minor": "0", "shipping_price": "0", "lines[0][unit_price]": "1", "lines-0-unit_price_minor": "1", "id": "1",
    "pk": "1", "stock_on_hand": "999", "expires_at": "2099-01-01", "cart_id": "x",
    "number": MISSING, "success_url": "https://evil.test",
}  # fmt: skip


@pytest.mark.case("A12", "A37")
def test_wishes_beside_the_forms_change_no_price(world, ada: Shopper):
    """From cart to payment, in every form, in the address too."""
    rate, variant = factories.shipping_rate(price_minor=590), factories.variant(price_minor=4900)
    query = "&".join(f"{name}={value}" for name, value in WISHES.items())
    client = ada.client
    assert client.post(f"/cart/add/?{query}", {**WISHES, "variant": variant.pk, "quantity": 1}).status_code == 302
    assert client.post(f"/cart/update/?{query}", {**WISHES, "variant": variant.pk, "quantity": 2}).status_code == 302
    client.cookies.set("price", "1", domain="127.0.0.1", path="/")
    answer = client.post(f"/checkout/?{query}", {**WISHES, "shipping_rate": rate.pk})
    assert answer.status_code == 303, answer
    order = Order.objects.get()
    assert (order.total_minor, order.shipping_minor, order.currency, order.status) == (2 * 4900 + 590, 590, "EUR", "pending")
    assert (order.user, order.paid_minor, order.number == MISSING) == (None, 0, False)
    session = world.sandbox.session(order.payments.get().session_id)
    assert (session["amount_total"], session["currency"]) == (order.total_minor, "eur")
    assert session["success_url"].startswith(world.shop.url)
    variant.refresh_from_db()
    assert (variant.stock_on_hand, variant.stock_reserved, variant.price_minor) == (100, 2, 4900)
    world.quiesce()
    world.check()


@pytest.mark.case("A37")
def test_wishes_beside_the_forms_make_nobody_staff(world, settings):
    token = signing.dumps("new@shop.test", salt=SALT)
    password = {"password1": people.PASSWORD, "password2": people.PASSWORD}
    answer = world.client().post(
        f"/account/sign-up/{token}/", {**WISHES, **password, "name": "New", "email": "grace@shop.test"}
    )
    assert answer.status_code == 302
    mallory = people.mallory()
    visitor(world.shop.url, user=mallory).post(
        "/account/password/", {**WISHES, "email": "grace@shop.test", "old_password": "x"}
    )
    world.client().post("/account/reset/", {**WISHES, "email": mallory.email})
    powers = User.objects.values_list("email", "is_staff", "is_superuser").order_by("email")
    assert list(powers) == [("mallory@shop.test", False, False), ("new@shop.test", False, False)]
    assert not User.groups.through.objects.exists()
    assert not User.user_permissions.through.objects.exists()


@pytest.mark.case("A37")
def test_wishes_beside_the_forms_of_staff_change_no_order_and_give_no_power(world, order):
    """By staff who may change users and orders: what their forms do not show, they cannot send."""
    helper = packer()
    helper.user_permissions.set(
        Permission.objects.filter(codename__in=["change_user", "view_user", "change_order", "view_order"])
    )
    client = visitor(world.shop.url, user=helper)
    powers = list(User.objects.values_list("email", "is_staff", "is_superuser").order_by("pk"))
    fields = Order.objects.filter(pk=order.pk).values().get()
    wishes = {**WISHES, "status": "shipped", "email": helper.email, "name": "Helper", "_save": "Save"}
    assert client.post(f"/admin/accounts/user/{helper.pk}/change/", wishes).status_code == 302
    client.post(f"/admin/orders/order/{order.pk}/change/", wishes)
    now = Order.objects.filter(pk=order.pk).values().get()
    assert {name for name in fields if now[name] != fields[name]} <= {"updated_at"}
    assert list(User.objects.values_list("email", "is_staff", "is_superuser").order_by("pk")) == powers
    helper.refresh_from_db()
    assert (helper.name, helper.user_permissions.count()) == ("Helper", 4)  # what the form does show was saved
