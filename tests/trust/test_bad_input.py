"""Nonsense at every address of the shop: it is refused in words or does no harm; never a 500, nothing is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orders.access import order_key
from tests.trust.every_page import places
from tests.trust.furnished import CSRF, FurnishedShop
from tests.trust.nonsense import Request, send_all
from tests.trust.odd_values import COOKIES, HEADERS, NAMES, PARTS, queries

PLACES = places()
READ_ONLY_VERBS = ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "BREW")
# Class-based views of Django's: they answer OPTIONS themselves, take PUT for POST, and send visitors to the log-in first.
DJANGOS_OWN = ("/account/login/", "/account/password/", "/account/reset/%(uidb64)s/%(token)s/", "/account/logout/")


# -- Addresses -------------------------------------------------------------------------------------------------------


def test_every_page_is_walked_with_something_to_show(furnished):
    """The other tests would find nothing wrong with a shop that answers 404 to everything."""
    visible = [place for place in PLACES if "name" not in place.parts and "url" not in place.parts]
    grace = furnished.grace
    lost = [place.pattern for place in visible if grace.send("GET", furnished.at(place)).status == 404]
    assert len(visible) > 100
    applied = ["/admin/catalog/importrun/%(pk)s/changes.csv"]
    without_a_token = ["/account/sign-up/%(token)s/", "/checkout/return/", "/metrics"]
    assert lost == ["/admin/r/%(content_type_id)s/%(object_id)s/", *applied, *without_a_token]


def test_odd_parts_of_addresses_lead_nowhere(furnished, some):
    grace = furnished.grace
    odd = [(place, part, text) for place in PLACES for part in place.parts for text in PARTS.values()]
    ours = [each for each in odd if not each[0].is_admin]
    admin = [each for each in odd if each[0].is_admin]
    chosen = [*some(ours, 80), *some(admin, 80)]
    send_all(Request(grace, furnished.at(place, **{part: text})) for place, part, text in chosen)


def test_odd_questions_are_refused_or_ignored(furnished, some):
    grace = furnished.grace
    shown = [place for place in PLACES if "url" not in place.parts and "name" not in place.parts]
    odd = [(place, query) for place in shown for name in NAMES for query in queries(name)]
    ours = [each for each in odd if not each[0].is_admin]
    lists = [each for each in odd if each[0].is_admin and not each[0].parts]
    rest = [each for each in odd if each[0].is_admin and each[0].parts]
    chosen = [*some(ours, 60), *some(lists, 60), *some(rest, 30)]
    send_all(Request(grace, f"{furnished.at(place).partition('?')[0]}?{query}") for place, query in chosen)


def test_the_admin_is_asked_what_no_database_can_answer(furnished):
    questions = [
        f"variant/{furnished.variant.pk}/change/?_to_field=",
        "category/?id__in=9223372036854775808",
        "product/?title__regex=(((",
        "product/?title__iregex=(a%2B)%2B%24",
        "product/?title__contains=a%00b",
        "product/?category=%00",
    ]
    ((_request, first), *_others) = send_all(Request(furnished.grace, f"/admin/catalog/{each}") for each in questions)
    assert (first.status, "address is not right" in first.words) == (400, True)


# -- Verbs -----------------------------------------------------------------------------------------------------------


def test_a_wrong_verb_is_told_which_ones_are_right(furnished):
    anyone = furnished.anyone
    ours = [place for place in PLACES if not place.is_admin and place.pattern not in DJANGOS_OWN]
    for request, answer in send_all(Request(anyone, furnished.at(place), verb) for place in ours for verb in READ_ONLY_VERBS):
        assert answer.status == 405, request
        assert answer.headers["Allow"] in ("GET, HEAD", "POST", "GET, HEAD, POST")


def test_a_post_changes_nothing_on_pages_to_read_nor_a_get_on_forms(furnished):
    anyone = furnished.anyone
    for place in PLACES:
        if place.is_admin or place.pattern in DJANGOS_OWN:
            continue
        allowed = anyone.send("BREW", furnished.at(place)).headers["Allow"]
        for verb in {"GET", "HEAD", "POST"} - set(allowed.split(", ")):
            answer = anyone.send(verb, furnished.at(place))
            assert (answer.status, answer.headers["Allow"]) == (405, allowed), f"{verb} {place.pattern}"


def test_odd_verbs_do_no_harm_in_the_admin_and_in_djangos_own_pages(furnished, some):
    grace = furnished.grace
    there = [place for place in PLACES if place.is_admin or place.pattern in DJANGOS_OWN[:3]]
    send_all(some([Request(grace, furnished.at(place), verb) for place in there for verb in READ_ONLY_VERBS], 100))


# -- Headers, cookies, the bytes themselves --------------------------------------------------------------------------


def _some_pages(furnished: FurnishedShop) -> list[str]:
    order = f"/orders/{furnished.paid.order.number}/?key={order_key(furnished.paid.order)}"
    return ["/", "/cart/", order, "/account/", "/admin/catalog/product/", "/healthz", "/static/css/tokens.css", "/checkout/"]


def test_odd_headers_are_refused_or_ignored(furnished, some):
    grace = furnished.grace
    send_all(some([Request(grace, page, headers=odd) for page in _some_pages(furnished) for odd in HEADERS.values()], 100))


def test_odd_cookies_are_nobodys(furnished, some):
    asked = [
        Request(furnished.anyone, page, headers={"Cookie": odd}) for page in _some_pages(furnished) for odd in COOKIES.values()
    ]
    for request, answer in send_all(some(asked, 80)):
        assert answer.status in (200, 302, 400, 431), request
        if "/account/" in request.target or "/admin/" in request.target:
            assert answer.status != 200, request


def test_a_session_that_holds_nul_is_refused(furnished):
    ((_request, answer),) = send_all([Request(furnished.anyone, "/", headers={"Cookie": COOKIES["nul in the session"]})])
    assert answer.status == 400


CART_FORM = b"variant=%d&quantity=1"


def _post(furnished: FurnishedShop, *headers: str, body: bytes, version: str = "HTTP/1.1") -> bytes:
    known = [f"Host: 127.0.0.1:{furnished.world.shop.port}", "Connection: close", f"Cookie: csrftoken={CSRF}"]
    known += [f"X-CSRFToken: {CSRF}", "Content-Type: application/x-www-form-urlencoded", *headers]
    return "\r\n".join([f"POST /cart/add/ {version}", *known, "", ""]).encode("latin-1") + body


def _malformed(furnished: FurnishedShop) -> dict[str, bytes]:
    form = CART_FORM % furnished.variant.pk
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(form), form)
    return {
        "no length": _post(furnished, body=form),
        "words for a length": _post(furnished, "Content-Length: many", body=form),
        "a negative length": _post(furnished, "Content-Length: -1", body=form),
        "two lengths": _post(furnished, "Content-Length: 3", f"Content-Length: {len(form)}", body=form),
        "a list of lengths": _post(furnished, f"Content-Length: {len(form)}, {len(form)}", body=form),
        "a plus": _post(furnished, f"Content-Length: +{len(form)}", body=form),
        "a length and chunks": _post(furnished, "Content-Length: 5", "Transfer-Encoding: chunked", body=chunk),
        "chunks of something": _post(furnished, "Transfer-Encoding: xchunked", body=chunk),
        "chunks twice": _post(furnished, "Transfer-Encoding: chunked, chunked", body=chunk),
        "chunks that end early": _post(furnished, "Transfer-Encoding: chunked", body=b"fff\r\n" + form),
        "chunks without a size": _post(furnished, "Transfer-Encoding: chunked", body=b"zz\r\n" + form),
        "a body cut off": _post(furnished, f"Content-Length: {len(form) + 1}", body=form),
        "an unknown version": _post(furnished, f"Content-Length: {len(form)}", body=form, version="HTTP/9.9"),
        "no version": _post(furnished, f"Content-Length: {len(form)}", body=form, version=""),
        "a header without a colon": _post(furnished, f"Content-Length: {len(form)}", "Nothing", body=form),
        "a blank before the colon": _post(furnished, f"Content-Length : {len(form)}", body=form),
        "a header over two lines": _post(furnished, f"Content-Length: {len(form)}", "X-A: b\r\n c", body=form),
        "nul in a header": _post(furnished, f"Content-Length: {len(form)}", "X-A: \0", body=form),
        "a thousand headers": _post(furnished, f"Content-Length: {len(form)}", *[f"X-{n}: 1" for n in range(1000)], body=form),
        "not http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50 + b"\r\n\r\n",
        "two line ends": b"\r\n\r\n",
    }


def test_a_request_that_is_not_whole_puts_nothing_in_a_cart(furnished, subtests):
    for name, request in _malformed(furnished).items():
        with subtests.test(name):
            answer = furnished.anyone.write(request, half=True)
            assert 200 <= answer.status < 500 or answer.status == 501  # a coding that gunicorn does not know
            assert "sessionid" not in answer.headers.get("Set-Cookie", ""), answer


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_the_same_request_in_order_does(furnished, version):
    form = CART_FORM % furnished.variant.pk
    whole = _post(furnished, f"Content-Length: {len(form)}", body=form, version=version)
    assert furnished.anyone.write(whole, half=True).status == 302


def test_a_body_in_chunks_is_asked_for_its_length(furnished):
    """Django would take it for an empty one, and a payment's event for an unsigned one."""
    form = CART_FORM % furnished.variant.pk
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(form), form)
    answer = furnished.anyone.write(_post(furnished, "Transfer-Encoding: chunked", body=chunks), half=True)
    assert (answer.status, answer.words) == (411, "Send the body with its Content-Length")


def test_without_the_refusals_there_are_errors_tracebacks_and_half_a_form_in_the_cart(world, broken):
    with broken("refusals") as unguarded:
        furnished = FurnishedShop.of(replace(world, shop=unguarded))
        question = f"/admin/catalog/variant/{furnished.variant.pk}/change/?_to_field="
        assert furnished.grace.send("GET", question).status == 500
        assert "FieldDoesNotExist" in unguarded.text
        assert furnished.anyone.write(_malformed(furnished)["a body cut off"], half=True).status == 302
