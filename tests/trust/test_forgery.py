"""Requests that another site, or a stranger's header, makes the shop receive."""

from __future__ import annotations

from itertools import product
from urllib.parse import urljoin, urlsplit

import pytest

from orders.access import order_key
from tests import factories, people
from tests.trust.addresses import addresses
from tests.trust.furnished import rows
from tests.trust.programs import ShopProgram
from tests.trust.visitors import visitor

pytestmark = pytest.mark.same_on_both

VERBS = ("POST", "PUT", "PATCH", "DELETE")
WEBHOOK = "/webhooks/stripe/"
EVIL = "https://evil.test"
EVIL_TARGETS = [
    "//evil.test", "/\\evil.test", "\\\\evil.test", "https:evil.test", EVIL, "javascript:alert(1)", "///evil.test",
    "http://127.0.0.1@evil.test", "/\t/evil.test", "/\n/evil.test", "ht\ntp://evil.test", "\x01//evil.test", "data:text/html,x",
]  # fmt: skip


@pytest.fixture(scope="module")
def proxyless_shop(django_db_setup, mail_server):
    """The shop as it stands by itself: no proxy in front that it would believe."""
    mail = f"smtp://127.0.0.1:{mail_server.port}"
    with ShopProgram(web_processes=2, TRUSTED_PROXY="0", EMAIL_URL=mail) as shop:
        yield shop


# -- Posts of other sites


def forged(client, verb, path, **headers):
    return client.request(verb, path, data={"variant": "1", "quantity": "1"}, headers=headers)


@pytest.mark.case("A43")
def test_no_address_takes_a_post_without_the_token(world):
    """With the cookies of a member of staff who may do everything: it is their browser that is made to send it."""
    order = factories.order(user=people.grace())
    grace = visitor(world.shop.url, user=people.grace(), variant=factories.variant())
    before, passed = rows(), {}
    for name, path in addresses(number=order.number, object_id=order.pk).items():
        for verb, token in [*((verb, "") for verb in VERBS), ("POST", "c" * 32), ("POST", "c" * 64), ("POST", "\xe9")]:
            status = forged(grace, verb, path, **({"X-CSRFToken": token} if token else {})).status_code
            if status not in (403, 405):
                passed[name, verb] = status
    assert passed == {("/webhooks/stripe/", "POST"): 400}  # which wants a signature instead
    assert rows() == before


@pytest.mark.case("A43")
def test_the_token_does_not_help_a_request_that_comes_from_elsewhere(world):
    ada = visitor(world.shop.url, user=people.ada(), variant=factories.variant())
    token = ada.csrf_token()
    for path in ("/cart/add/", "/cart/update/", "/checkout/", "/account/logout/", "/account/password/", "/account/login/"):
        for origin in (EVIL, "null", "http://127.0.0.1:1"):
            assert forged(ada, "POST", path, **{"X-CSRFToken": token, "Origin": origin}).status_code == 403, (path, origin)


@pytest.mark.case("A43")
def test_nobody_takes_the_token_of_somebody_else(world):
    ada, mallory = visitor(world.shop.url, user=people.ada()), visitor(world.shop.url, user=people.mallory())
    mallory.csrf_token(), ada.csrf_token()
    stolen = mallory.cookies["csrftoken"]
    assert forged(ada, "POST", "/account/logout/", **{"X-CSRFToken": stolen}).status_code == 403
    assert forged(ada, "POST", "/account/logout/", **{"X-CSRFToken": ada.csrf_token()}).status_code == 302


@pytest.mark.case("A43")
def test_no_get_changes_anything(world):
    """What a picture on another site can make a browser ask for. The way back from Stripe's page needs the order's key."""
    order = factories.order(user=people.grace())
    grace = visitor(world.shop.url, user=people.grace(), variant=factories.variant())
    before = rows()
    for path in addresses(number=order.number, object_id=order.pk).values():
        override = {"X-HTTP-Method-Override": "POST", "X-Method-Override": "DELETE"}
        grace.get(path, params={"_method": "POST", "variant": "1", "quantity": "2"}, headers=override)
    assert rows() == before


# -- Headers that only a proxy may send


@pytest.mark.case("A41")
def test_a_stranger_is_not_believed_about_the_scheme(django_db_setup, world):
    """Also from this machine's own address, which gunicorn would believe by itself."""
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on", "X-Forwarded-Protocol": "ssl", "Forwarded": "proto=https"}
    for trusted, status in (("0", 301), ("1", 200)):
        with ShopProgram(web_processes=1, SITE_URL="https://127.0.0.1", STRIPE_API_BASE="", TRUSTED_PROXY=trusted) as shop:
            assert visitor(shop.url).get("/", headers=told).status_code == status, trusted


@pytest.mark.case("A41")
def test_a_stranger_is_not_believed_about_host_path_or_name(proxyless_shop, world, mail_server):
    people.ada()
    told = {
        "X-Forwarded-Host": "evil.test", "X-Host": "evil.test", "X-Forwarded-Server": "evil.test", "X-Forwarded-Port": "1",
        "X-Forwarded-Prefix": "/evil.test", "X-Script-Name": "/evil.test", "SCRIPT_NAME": "/evil.test",
        "Script-Name": "/evil.test",
        "X-Original-URL": "/admin/evil.test", "X-Rewrite-URL": "/admin/evil.test", "PATH_INFO": "/nowhere/",
        "Remote-User": "ada@shop.test", "X-Remote-User": "ada@shop.test", "REMOTE_USER": "ada@shop.test",
    }  # fmt: skip
    client = visitor(proxyless_shop.url)
    home = client.get("/", headers=told)
    assert home.status_code == 200
    assert "evil.test" not in home.text
    assert client.get("/account/", headers=told)["Location"] == "/account/login/?next=/account/"
    assert client.post("/account/reset/", {"email": "ada@shop.test"}, headers=told).status_code == 302
    (mail,) = mail_server.accepted
    assert f"{proxyless_shop.url}/account/reset/" in mail.get_content()
    assert "evil.test" not in mail.as_string()


@pytest.mark.case("A41")
@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1.evil.test", "evil.test:80", "127.0.0.1@evil.test", "", "a b"])
def test_another_host_is_refused(world, host):
    answer = world.client().get("/account/reset/", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil.test" not in answer.text


@pytest.mark.case("A41")
def test_an_own_host_that_is_not_the_main_one_makes_no_other_links(world, ada):
    """`localhost` is one of the shop's names; mails and Stripe get settings.SITE_URL all the same."""
    variant = factories.variant(requires_shipping=False)
    ada.put(variant)
    token = ada.client.csrf_token()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in ada.client.cookies)
    own = {"Host": "localhost", "Cookie": cookies, "X-CSRFToken": token}  # the client's own jar is for 127.0.0.1
    answer = ada.client.post("/checkout/", {}, csrf=False, headers=own)
    assert answer.status_code == 303
    (session,) = world.sandbox.books()["sessions"]
    stored = world.sandbox.session(session["id"])
    assert {urlsplit(stored[name]).netloc for name in ("success_url", "cancel_url")} == {urlsplit(world.shop.url).netloc}


# -- Redirects


@pytest.mark.case("A49")
def test_no_address_leads_to_another_site(world):
    """Every address that leads anywhere, signed in and not, with every name that anybody gives to such a parameter."""
    order = factories.order(user=people.ada())
    paths = {path for name, path in addresses(number=order.number).items() if not name.startswith("/admin/")}
    paths |= {"/admin/", "/admin/login/", "/admin/logout/", "/admin/r/1/1/"}
    names, key = ("next", "url", "return", "return_to", "redirect", "success_url", "cancel_url"), order_key(order)
    for user in (None, people.ada(), people.grace()):
        client = visitor(world.shop.url, user=user)
        leading = [path for path in paths if "Location" in client.get(path, params={"key": key}).headers]
        assert len(leading) > 3, user
        for path, target in product({*leading, "/account/login/", "/admin/login/"}, EVIL_TARGETS):
            answer = client.get(path, params={**dict.fromkeys(names, target), "key": key})
            assert leads_home(world, path, answer.headers.get("Location", "/")), (path, answer["Location"])


@pytest.mark.case("A49")
def test_no_form_leads_to_another_site(world):
    variant = factories.variant(requires_shipping=False)
    one, none = {"variant": variant.pk, "quantity": 1}, {"variant": variant.pk, "quantity": 0}
    forms = {"/cart/add/": one, "/cart/update/": none, "/account/login/": {}, "/account/logout/": {}, "/admin/logout/": {}}
    led = 0
    for target in EVIL_TARGETS:
        grace = visitor(world.shop.url, user=people.grace())
        for path, fields in forms.items():
            location = grace.post(path, {**fields, "next": target, "url": target}).headers.get("Location")
            led += location is not None
            assert leads_home(world, path, location or "/"), (path, location)
    assert led >= 3 * len(EVIL_TARGETS)


def leads_home(world, path, location):
    """Where a browser would go, which takes a backslash for a slash and leaves out tabs and line ends."""
    seen = location.replace("\\", "/").replace("\t", "").replace("\n", "").strip("\x01 ")
    there = urlsplit(urljoin(f"{world.shop.url}{path}", seen))
    return there.netloc == urlsplit(world.shop.url).netloc and there.scheme == "http"
