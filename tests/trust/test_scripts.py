"""Script in every text that anybody may write: on no page does it run."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.apps import apps
from django.db.models import CharField, Field, Model, TextField

from orders.models import Order
from tests import factories, people
from tests.payments.shopping import one_event
from tests.trust.every_page import places
from tests.trust.furnished import FurnishedShop, visitor
from tests.trust.live_markup import live_markup

pytestmark = pytest.mark.same_on_both

SCRIPT = "<script>evil()</script>"
PAYLOADS = [
    SCRIPT, '"><img src=x onerror=evil()>', "'-evil()-'", "</script><script>evil()</script>",
    "javascript:evil()", '" autofocus onfocus="evil()', "</textarea></title><svg onload=evil()>",
    "<!--><script>evil()</script>",
]  # fmt: skip
FIELDS = ("email", "username", "old_password", "new_password1", "name", "variant", "quantity", "next")
WORST = "\"'></textarea></title></script><script>evil()</script><svg onload=evil()>"
APPS = ("accounts", "catalog", "orders", "payments")
# What a name is made of, what the shop finds rows by, and what others write in their own alphabet.
KEPT = {"password", "currency", "path", "slug", "session_id", "cart_id", "cart_revision", "session_url", "url"}


def writable(model: type[Model]) -> Iterator[Field]:
    for field in model._meta.concrete_fields:
        long_enough = isinstance(field, TextField) or (isinstance(field, CharField) and (field.max_length or 0) >= len(WORST))
        if long_enough and not (field.unique or field.choices or field.name in KEPT or field.name.endswith("_id")):
            yield field


def write_everywhere() -> set[str]:
    """Put the payload into every text of every row; answers which columns there were."""
    written = set()
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            names = [field.name for field in writable(model)]
            if names and model._default_manager.update(**dict.fromkeys(names, WORST)):
                written |= {f"{model.__name__}.{name}" for name in names}
    return written


@pytest.fixture
def furnished(world) -> FurnishedShop:
    return FurnishedShop.of(world)


@pytest.mark.case("A50")
@pytest.mark.parametrize(
    "payload",
    [
        SCRIPT,
        WORST,
        "<a href=' java\nscript:x'>",
        "<p onclick=x>",
        "<p style=x>",
        "<base href=//x>",
        "<iframe>",
        "<svg/onload=x>",
        '<script type="application/ld+json">evil()</script>',
        '<script type="application/ld+json">{"a": "<!--<script>"}</script>',
        '<script type="application/ld+json" src="//evil.test">{}</script>',
    ],
)
def test_the_reader_of_pages_sees_what_would_run(payload):
    assert live_markup(f"<!doctype html><p>Hello</p>{payload}<p>")


@pytest.mark.case("A50")
def test_no_text_of_any_table_runs_on_any_page(furnished):
    written = write_everywhere()
    assert {
        *("Product.title", "Product.summary", "Product.description", "Category.name", "OrderLine.title", "Order.recipient"),
        *("OrderEvent.what", "ShippingRate.name", "User.name", "Payment.last_error", "Difference.detail"),
    } <= written
    shown, ran = set(), {}
    for client in (furnished.grace, furnished.mallory, furnished.anyone):
        for place in places():
            answer = client.send("GET", furnished.at(place))
            text = answer.body.decode(errors="replace")
            if "evil()" in text:
                shown.add(place.pattern)
            if answer.headers.get("Content-Type", "text/html").startswith("text/html") and (found := live_markup(text)):
                ran[place.pattern] = found
    assert ran == {}
    assert {"/", "/products/", "/products/%(slug)s/", "/orders/%(number)s/"} <= shown
    assert len([pattern for pattern in shown if pattern.startswith("/admin/")]) >= 20


@pytest.mark.case("A50")
def test_nothing_in_an_address_or_a_form_runs_on_the_page_that_answers(furnished):
    names = ("q", "page", "category", "sort", "before", "next", "key", "session_id", "error", "message", "_popup", "e")
    ran = {}
    for payload in PAYLOADS:
        query = "&".join(f"{name}={quote(payload)}" for name in names)
        targets = [f"{furnished.at(place).partition('?')[0]}?{query}" for place in places() if not place.is_admin]
        targets += [
            f"/{quote(payload)}/",
            f"/orders/{quote(payload, safe='')}/",
            f"/search/?q={quote(payload)}",
            f"/admin/?{query}",
        ]
        targets += [f"/admin/orders/order/?q={quote(payload)}", f"/admin/catalog/product/?q={quote(payload)}"]
        for target in targets:
            answer = furnished.grace.send("GET", target)
            if answer.headers.get("Content-Type", "text/html").startswith("text/html"):
                ran[target] = live_markup(answer.body.decode(errors="replace"))
    assert {target: found for target, found in ran.items() if found} == {}


@pytest.mark.case("A50")
def test_what_is_written_into_forms_comes_back_as_text(world):
    form = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": "t" * 32}
    anyone, ada = visitor(world), visitor(world, people.ada())
    seen = 0
    for payload in PAYLOADS:
        body = "&".join(f"{name}={quote(payload)}" for name in FIELDS).encode()
        for path in ("/account/login/", "/account/sign-up/", "/account/reset/", "/admin/login/", "/cart/add/", "/cart/update/"):
            answer = anyone.send("POST", path, form, body)
            assert answer.status in (200, 422, 429), path
            assert live_markup(answer.body.decode()) == [], path
            seen += b"evil" in answer.body
        assert live_markup(ada.send("POST", "/account/password/", form, body).body.decode()) == []
    assert seen > 10


@pytest.mark.case("A50")
def test_nothing_runs_in_a_mail(world):
    """Mails have styles of their own; mail programs know no others."""
    product = factories.product(title=WORST, requires_shipping=False)
    ada = world.shopper()
    ada.buy(factories.variant(product=product, price_minor=900))
    world.deliver(one_event(world.sandbox, "checkout.session.completed"))
    Order.objects.update(recipient=WORST)
    world.send_mail()
    (mail,) = world.mail.accepted
    html = mail.get_body(("html",)).get_content()
    assert "evil()" in html
    assert [found for found in live_markup(html) if " style=" not in found] == []
    assert {part.get_content_type() for part in mail.walk()} <= {"multipart/alternative", "text/plain", "text/html"}
