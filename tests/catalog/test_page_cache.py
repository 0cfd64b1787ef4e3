"""Kept pages: never older than the settings say, and never with anything of one visitor for another."""

from __future__ import annotations

import re
import time
from contextlib import nullcontext
from threading import Lock

import pytest
from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.test import Client
from django.urls import path, reverse

from catalog import page_cache
from catalog.models import Variant
from catalog.page_cache import TOKEN_PLACE, Kept, PageStore, cached_page
from shop.urls import urlpatterns as shop_addresses
from tests import factories
from tests.conftest import run_race
from tests.sandbox_process import wait_for

pytestmark = [pytest.mark.django_db, pytest.mark.same_on_both]

SECONDS = 5
NONCE = re.compile('(?<=<script nonce=")[^"]+')
HOME, PRODUCTS, SEARCH = "/", "/products/", "/search/?q=flow"


class Clock:
    """Monotonic seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def store(settings, monkeypatch):
    """An empty store, and a shop that uses it."""
    settings.PAGE_CACHE_SECONDS = SECONDS
    settings.COUNT_CACHE_SECONDS = 0
    made = PageStore(clock=Clock())
    monkeypatch.setattr(page_cache, "PAGES", made)
    return made


@pytest.fixture
def variant():
    flow = factories.category(name="Flow fields", slug="flow")
    return factories.variant(product=factories.product(title="Flow one", slug="flow-one", categories=[flow]), price_minor=4900)


def text(client, address, **more):
    answer = client.get(address, **more)
    assert answer.status_code == 200
    return NONCE.sub("", answer.content.decode())


def reprice(variant, price_minor):
    Variant.objects.filter(pk=variant.pk).update(price_minor=price_minor)


def token(page):
    return re.search(r'name="csrfmiddlewaretoken" value="([A-Za-z0-9]{64})"', page)[1]


def with_a_cart(variant):
    client = Client()
    client.post(reverse("cart:add"), {"variant": variant.pk, "quantity": 3})
    return client


# -- How old a page may be ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [PRODUCTS, "/categories/flow/", "/products/flow-one/", SEARCH])
def test_it_shows_no_price_older_than_the_settings_say(variant, store, address):
    assert "€49.00" in text(Client(), address)
    reprice(variant, 5900)
    store.clock.now += SECONDS - 0.001
    assert "€49.00" in text(Client(), address)
    store.clock.now += 0.001
    page = text(Client(), address)
    assert ("€49.00" in page, "€59.00" in page) == (False, True)


def test_it_counts_the_age_from_before_the_page_was_read(variant, store, monkeypatch):
    """A page that took long to make is as old as the first thing in it."""
    from catalog import views

    read = views.product_page

    def slowly(slug):
        found = read(slug)
        reprice(variant, 5900)
        store.clock.now += SECONDS
        return found

    monkeypatch.setattr(views, "product_page", slowly)
    assert "€49.00" in text(Client(), "/products/flow-one/")
    monkeypatch.undo()
    assert "€59.00" in text(Client(), "/products/flow-one/")


@pytest.mark.parametrize("address", [HOME, PRODUCTS, "/categories/flow/", "/products/flow-one/", SEARCH])
def test_it_asks_the_database_nothing_for_a_kept_page(variant, django_assert_num_queries, address):
    first = text(Client(), address)
    with django_assert_num_queries(0):
        again = text(Client(), address)
    assert re.sub('value="[A-Za-z0-9]{64}"', "", again) == re.sub('value="[A-Za-z0-9]{64}"', "", first)


@pytest.mark.parametrize("seconds", [0, SECONDS])
def test_it_keeps_nothing_unless_it_is_told_to(variant, settings, store, seconds):
    settings.PAGE_CACHE_SECONDS = seconds
    text(Client(), PRODUCTS)
    assert len(store) == bool(seconds)


def test_it_shows_staff_and_carts_what_is_true_now(variant, grace_client):
    shopper = with_a_cart(variant)
    for address in (PRODUCTS, "/products/flow-one/"):
        text(Client(), address)
    reprice(variant, 5900)
    for client in (grace_client, shopper):
        for address in (PRODUCTS, "/products/flow-one/"):
            assert "€59.00" in text(client, address)


# -- Whose it is -------------------------------------------------------------------------------------------------------


def test_it_shows_nobody_what_is_on_the_page_of_somebody_else(variant, ada_client, store):
    """The known look first: nothing of theirs is kept."""
    shopper = with_a_cart(variant)
    for address in (HOME, PRODUCTS, "/categories/flow/", "/products/flow-one/"):
        assert 'class="cart-count"' in text(shopper, address)
        assert ">Account<" in text(ada_client, address)
        assert len(store) == 0
        for _made_then_kept in range(2):
            page = text(Client(), address)
            assert ("cart-count" in page, ">Log in<" in page) == (False, True)
        assert ">Account<" in text(ada_client, address)
        store.__init__()


def test_it_keeps_no_message(variant, store, rf):
    """A message without a session waits in a cookie of its own."""
    waiting = HttpResponse()
    request = rf.get(PRODUCTS)
    storage = messages.storage.cookie.CookieStorage(request)
    storage.add(messages.INFO, "Only for Ada")
    storage.update(waiting)
    ada = Client()
    text(Client(), PRODUCTS)
    ada.cookies["messages"] = waiting.cookies["messages"].value
    assert "Only for Ada" in text(ada, PRODUCTS)
    assert "Only for Ada" not in text(Client(), PRODUCTS)


def test_it_gives_every_visitor_a_token_that_works_for_them_alone(variant):
    pages, clients = [], [Client(enforce_csrf_checks=True) for _ in range(3)]
    for client in clients:
        pages.append(text(client, "/products/flow-one/"))
    assert not any(TOKEN_PLACE in page for page in pages)
    assert len({token(page) for page in pages}) == 3
    assert len({client.cookies["csrftoken"].value for client in clients}) == 3

    def add(client, page):
        form = {"variant": variant.pk, "quantity": 1, "csrfmiddlewaretoken": token(page)}
        return client.post(reverse("cart:add"), form).status_code

    assert add(clients[0], pages[1]) == 403
    assert [add(client, page) for client, page in zip(clients, pages, strict=True)] == [302, 302, 302]


def test_it_leaves_a_visitor_the_secret_they_have(variant):
    client = Client()
    tokens = [token(text(client, "/products/flow-one/")) for _ in range(2)]
    secret = client.cookies["csrftoken"].value
    text(client, "/products/flow-one/")
    assert (client.cookies["csrftoken"].value, len(set(tokens))) == (secret, 2)


@pytest.mark.parametrize("cookie", [{"csrftoken": "junk"}, {"sessionid": "junk"}, {"messages": "junk"}, {"_ga": "GA1.2"}])
def test_it_is_not_confused_by_cookies_that_are_none_of_ours(variant, cookie, store):
    text(Client(), "/products/flow-one/")
    client = Client(enforce_csrf_checks=True)
    client.cookies.load(cookie)
    page = text(client, "/products/flow-one/")
    form = {"variant": variant.pk, "quantity": 1, "csrfmiddlewaretoken": token(page)}
    assert client.post(reverse("cart:add"), form).status_code == 302
    assert len(store) == 1


@pytest.mark.parametrize("address", [HOME, PRODUCTS, "/products/flow-one/"])
def test_it_answers_with_the_headers_of_a_page_made_just_now(variant, address):
    made, kept = (Client().get(address) for _ in range(2))

    def headers(answer):
        (nonce,) = set(NONCE.findall(answer.content.decode()))  # one that two visitors share would be none
        assert f"script-src 'nonce-{nonce}'" in answer["Content-Security-Policy"]
        shown = {name: text.replace(nonce, "") for name, text in answer.items() if name != "X-Request-ID"}
        return {name: set(re.split("[,;] ", text)) for name, text in shown.items()}

    assert headers(kept) == headers(made)
    assert all(kept[name] != made[name] for name in ("X-Request-ID", "Content-Security-Policy"))
    assert "Cookie" in kept["Vary"]


def test_it_marks_the_page_of_a_visitor_with_a_cookie_as_private(variant):
    text(Client(), PRODUCTS)
    client = Client()
    client.cookies["_ga"] = "GA1.2"
    assert client.get(PRODUCTS)["Cache-Control"] == "private"


# -- What a page depends on --------------------------------------------------------------------------------------------


def test_it_keeps_languages_apart(variant, settings, store):
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    for language in ("en", "de", "en", "de"):
        assert f'<html lang="{language}">' in text(Client(), PRODUCTS, headers={"accept-language": language})
    assert len(store) == 2


@pytest.mark.parametrize(
    "query", ["sort=price&in_stock=1", "in_stock=1&sort=price", "in_stock=1&utm_source=mail&sort=price&gclid=x"]
)
def test_it_knows_an_address_in_any_order(variant, store, query):
    text(Client(), f"{PRODUCTS}?in_stock=1&sort=price")
    text(Client(), f"{PRODUCTS}?{query}")
    assert len(store) == 1


def test_it_keeps_what_is_asked_for_apart(variant, store):
    queries = ["", "?sort=newest", "?option.Size=A3", "?option.Size=A4", "?option.Size=A3&option.Size=A4", "?price_from=1"]
    for query in [*queries, *queries]:
        text(Client(), PRODUCTS + query)
    assert len(store) == len(queries)


@pytest.mark.parametrize("query", ["x=1", "Sort=price", "option=1", "sort=price&_=123"])
def test_it_keeps_nothing_under_names_that_no_page_knows(variant, store, query):
    Client().get(f"{PRODUCTS}?{query}")
    assert len(store) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-host": "evil.test"},
        {"x-forwarded-proto": "https"},
        {"x-original-url": "/admin/"},
        {"x-http-method-override": "POST"},
        {"accept": "application/json"},
        {"accept-language": "evil<script>"},
        {"range": "bytes=0-10"},
    ],
)
def test_it_cannot_be_poisoned_by_headers(variant, headers):
    """Whoever is first says nothing that the next one sees."""
    first = text(Client(), PRODUCTS, headers=headers)
    kept = text(Client(), PRODUCTS)
    page_cache.PAGES.__init__()
    assert kept == first == text(Client(), PRODUCTS)
    assert "evil" not in kept


def test_it_refuses_a_foreign_host_also_for_a_kept_page(variant, store):
    text(Client(), PRODUCTS)
    assert Client().get(PRODUCTS, headers={"host": "evil.test"}).status_code == 400
    assert len(store) == 1


def test_it_answers_head_from_the_same_page(variant, store, django_assert_num_queries):
    length = Client().head(PRODUCTS)["Content-Length"]
    with django_assert_num_queries(0):
        assert Client().get(PRODUCTS)["Content-Length"] == length
    assert len(store) == 1


@pytest.mark.parametrize("address", ["/products/nothing/", "/categories/nothing/", f"{PRODUCTS}?after=x", "/search/?q=%00"])
def test_it_keeps_no_refusals(variant, store, address):
    assert {Client().get(address).status_code for _ in range(2)} <= {400, 404}
    assert len(store) == 0


# -- What is kept at all -----------------------------------------------------------------------------------------------


def _cookie(request):
    answer = HttpResponse("page")
    answer.set_cookie("seen", "1")
    return answer


def _session(request):
    request.session["seen"] = 1
    return HttpResponse("page")


VIEWS = {
    "plain": (lambda request: HttpResponse("page"), True),
    "cookie": (_cookie, False),
    "session": (_session, False),
    "token": (lambda request: HttpResponse(get_token(request)), False),
    "nonce": (lambda request: HttpResponse(request.csp_nonce), True),
    "no-store": (lambda request: HttpResponse("page", headers={"Cache-Control": "no-store"}), False),
    "error": (lambda request: HttpResponse("page", status=404), False),
    "streamed": (lambda request: StreamingHttpResponse(["page"]), False),
}
urlpatterns = [*shop_addresses, *(path(f"{name}/", cached_page(view)) for name, (view, _kept) in VIEWS.items())]


@pytest.mark.parametrize("name", VIEWS)
def test_it_keeps_nothing_that_one_visitor_alone_may_see(settings, store, name):
    settings.ROOT_URLCONF = __name__
    Client().get(f"/{name}/")
    assert len(store) == VIEWS[name][1]


def test_it_keeps_those_that_were_asked_for_last():
    store = PageStore(most=4 * 1500)
    for number in range(3):
        store.put((number,), Kept([b"x" * 400], {}, time.monotonic()))
    assert store.get((0,), SECONDS)
    for number in range(3, 5):
        store.put((number,), Kept([b"x" * 400], {}, time.monotonic()))
    assert [bool(store.get((number,), SECONDS)) for number in range(5)] == [True, False, True, True, True]
    store.put((9,), Kept([b"x" * 9000], {}, time.monotonic()))  # larger than all there is room for
    assert len(store) == 0


def test_it_counts_a_page_once_that_is_made_again():
    store = PageStore(most=2 * 1500)
    store.put(("other",), Kept([b"x" * 400], {}, time.monotonic()))
    for _ in range(10):
        store.put(("again",), Kept([b"x" * 400], {}, time.monotonic()))
    assert len(store) == 2


# -- Many at once ------------------------------------------------------------------------------------------------------

AT_ONCE = 5


class Watched(PageStore):
    """Counts those who looked for a page and did not find it."""

    def __init__(self):
        super().__init__()
        self.missed, self._count = 0, Lock()

    def get(self, key, seconds):
        found = super().get(key, seconds)
        with self._count:
            self.missed += found is None
        return found


@pytest.mark.parametrize("guarded", [True, pytest.param(False, id="control")])
def test_it_makes_a_page_once_for_all_who_wait(rf, monkeypatch, transactional_db, guarded):
    store, calls = Watched(), []
    monkeypatch.setattr(page_cache, "PAGES", store)
    if not guarded:
        monkeypatch.setattr(store, "turn", lambda key: nullcontext())

    @cached_page
    def slow(request):
        calls.append(request)
        wait_for(lambda: store.missed > AT_ONCE, seconds=20, what="the others: each has looked, and the maker twice")
        return HttpResponse("page")

    def ask():
        request = rf.get("/", headers={"host": "testserver"})
        request.session, request.csp_nonce = type("Session", (), {"modified": False})(), "x"
        return slow(request).content

    assert run_race(*[ask] * AT_ONCE) == [b"page"] * AT_ONCE
    assert (len(calls) == 1) is guarded


def test_it_lets_others_make_a_page_that_takes_too_long(monkeypatch, store):
    monkeypatch.setattr(page_cache, "MOST_WAIT", 0.01)
    with store.turn(("slow",)), store.turn(("slow",)):
        pass
    assert store._making == {}


def test_it_gives_the_turn_away_when_a_page_fails(store):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), store.turn(("broken",)):
            raise ZeroDivisionError
    assert store._making == {}
