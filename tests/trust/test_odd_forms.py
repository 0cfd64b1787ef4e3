"""Every form of the shop and of its admin, filled in as no browser does it: refused means that nothing has changed."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts import mails
from tests import people
from tests.trust.every_page import Form, forms_of, places
from tests.trust.furnished import FurnishedShop, rows
from tests.trust.nonsense import Request, send_all, wrong
from tests.trust.odd_bodies import UNREADABLE, URLENCODED, Fields, oddly_filled, urlencoded
from tests.trust.raw_http import RawClient

# A press of the button is all that these take: an empty form is a good one.
BUTTONS = ("/delete/", "/do/cancel/", "/do/check/", "/do/ship/", "/checkout/")
ACTION: Fields = [("action", "delete_selected"), ("_selected_action", "1")]
Filled = tuple[RawClient, Form]


def every_form(furnished: FurnishedShop) -> list[Filled]:
    """All that are posted, with a visitor who may."""
    shopper = furnished.ada
    link = signing.dumps("new@shop.test", salt=mails.SALT)
    seen = [(furnished.anyone, page) for page in ("/account/login/", "/account/sign-up/", f"/account/sign-up/{link}/")]
    seen += [(furnished.anyone, "/account/reset/"), (furnished.anyone, "/admin/login/"), _by_reset_link(furnished)]
    seen += [(shopper, page) for page in (f"/products/{furnished.product.slug}/", "/cart/", "/checkout/", "/account/password/")]
    admin = [place for place in places() if place.is_admin and "name" not in place.parts and "url" not in place.parts]
    seen += [(furnished.grace, furnished.at(place)) for place in admin]
    orders = {"ship": furnished.paid, "refund": furnished.paid, "cancel": furnished.pending, "check": furnished.paid}
    seen += [(furnished.grace, f"/admin/orders/order/{one.order.pk}/do/{name}/") for name, one in orders.items()]
    found = {}
    for who, page in seen:
        for form in forms_of(who.send("GET", page).body.decode(), page=page):
            if form.method == "POST" and "/logout/" not in form.action:
                found[who.cookies.get("sessionid"), form.action, form.page] = (who, form)
    return list(found.values())


def _by_reset_link(furnished: FurnishedShop) -> tuple[RawClient, str]:
    user = people.ada()
    client = furnished.world.client()
    code = urlsafe_base64_encode(force_bytes(user.pk))
    answer = client.get(f"/account/reset/{code}/{default_token_generator.make_token(user)}/")
    return replace(furnished.anyone, cookies={**furnished.anyone.cookies, **dict(client.cookies)}), answer["Location"]


def test_what_is_no_form_is_refused_everywhere(furnished, some):
    filled = [each for each in every_form(furnished) if not each[1].page.endswith(BUTTONS)]
    assert len(filled) > 40
    odd = [(who, form, kind, body) for who, form in filled for kind, body in UNREADABLE.values()]
    asked = [Request(who, form.action, "POST", {"Content-Type": kind}, body) for who, form, kind, body in some(odd, 80)]
    for request, answer in send_all(asked):
        assert answer.status not in (301, 303), request


def test_every_kind_of_body_that_is_no_form(furnished, subtests):
    """Each at the cart, where nobody needs to be anybody."""
    for name, (kind, body) in UNREADABLE.items():
        with subtests.test(name):
            answer = furnished.anyone.send("POST", "/cart/add/", {"Content-Type": kind}, body)
            assert wrong("POST", answer) == ""
            assert answer.status in (400, 413, 422)
            assert "sessionid" not in answer.headers.get("Set-Cookie", "")


def test_a_form_with_one_odd_field_is_refused_whole_or_taken(world, request):
    """What is taken is another matter, so at the end every invariant is looked at."""
    furnished, rng = FurnishedShop.of(world), Random(7)
    filled = [(who, form) for who, form in every_form(furnished) if "/delete/" not in form.page]
    each = 6 if request.config.getoption("long") else 1
    before, refused = rows(), 0
    for who, form in filled:
        for fields in _odd_ones(form, rng, each):
            answer = who.send("POST", form.action, {"Content-Type": URLENCODED}, urlencoded(fields))
            assert wrong("POST", answer) == "", f"{form.page} {fields}"[:600]
            after = rows()
            if answer.status not in (302, 303):
                assert after == before, f"{form.page} answered {answer.status} to {fields}"[:600]
                refused += 1
            before = after
    assert refused > 10
    world.quiesce()
    world.check()


def _odd_ones(form: Form, rng: Random, most: int) -> list[Fields]:
    fields = [*form.fields, *(ACTION if form.page.startswith("/admin/") and ("action", "") in form.fields else [])]
    odd = [filled for place in range(len(fields)) for filled in oddly_filled(fields, place).values()]
    return rng.sample(odd, min(most, len(odd)))


# -- What was found ---------------------------------------------------------------------------------------------------


def test_the_admin_refuses_keys_that_are_no_numbers(furnished):
    for odd in (b"abc", b"%00", b"9" * 400, b"1e309", b"-1", b"%EF%BC%91", b""):
        action = b"action=delete_selected&select_across=0&_selected_action=" + odd
        variant = b"sku=A&price_minor=1&position=0&product=" + odd
        for page, form in ({"/admin/catalog/product/": action, "/admin/catalog/variant/add/": variant}).items():
            answer = furnished.grace.send("POST", page, {"Content-Type": URLENCODED}, form)
            assert wrong("POST", answer) == "", (page, odd)


def test_two_categories_have_two_addresses(furnished):
    slug = furnished.product.categories.get().slug
    form = urlencoded([("name", "Once more"), ("slug", slug), ("parent", ""), ("position", "0")])
    answer = furnished.grace.send("POST", "/admin/catalog/category/add/", {"Content-Type": URLENCODED}, form)
    assert (answer.status, "Another category has this address already." in answer.words) == (200, True)
