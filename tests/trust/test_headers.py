"""Headers of the real programs, served as behind a proxy that ends TLS: graded, framed, cached."""

from __future__ import annotations

import pytest

from orders.access import order_key
from tests import factories, people
from tests.site.observatory import observe
from tests.trust.addresses import addresses
from tests.trust.programs import ShopProgram
from tests.trust.visitors import visitor

pytestmark = pytest.mark.same_on_both

PUBLIC = {"/", "/products/", "/products/%(slug)s/", "/search/"}
SAME_FOR_ALL = ("/media/", "/healthz", "/readyz", "/robots.txt", "/sitemap", "/feeds/", "/search/suggest/")
SECURE = {"SITE_URL": "https://127.0.0.1", "STRIPE_API_BASE": "", "TRUSTED_PROXY": "1"}


@pytest.fixture(scope="module")
def secure_shop(django_db_setup):
    with ShopProgram(web_processes=2, **SECURE) as shop:
        yield shop


@pytest.fixture
def places(world):
    """What the pages to be graded show, by name."""
    variant, order = factories.variant(requires_shipping=False), factories.order()
    return {
        "home": "/",
        "list": "/products/",
        "product": f"/products/{variant.product.slug}/",
        "search": "/search/?q=flow",
        "cart": "/cart/",
        "checkout": "/checkout/",
        "log-in": "/account/login/",
        "sign-up": "/account/sign-up/",
        "order": f"/orders/{order.number}/?key={order_key(order)}",
        "admin log-in": "/admin/login/",
        "404": "/nowhere/",
    }


@pytest.mark.case("A67")
def test_every_page_has_the_best_grade(secure_shop, places):
    ada = visitor(secure_shop.url, variant=factories.variant(requires_shipping=False), https=True)
    for name, path in places.items():
        answer = ada.get(path)
        assert answer.status_code == (404 if name == "404" else 200), (name, answer)
        report = observe(answer.headers, cookies=answer.set_cookies, page=answer.text)
        assert (report.grade, min(report.points.values())) == ("A+", 0), (name, report.points)
        assert report.score >= 120, (name, report.points)


@pytest.mark.case("A67")
def test_cookies_are_for_https_and_not_for_scripts(secure_shop, places):
    cookies = visitor(secure_shop.url, https=True).get("/account/login/").set_cookies
    assert [cookie for cookie in cookies if not {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))] == []
    assert cookies


@pytest.mark.case("A67")
def test_plain_http_leads_to_https_on_the_own_host(secure_shop, places):
    for path in ("/", "/account/login/", "/admin/"):
        answer = visitor(secure_shop.url).get(path)
        assert (answer.status_code, answer["Location"]) == (301, f"{secure_shop.url.replace('http:', 'https:')}{path}")


@pytest.mark.case("A51", "A67")
def test_no_answer_may_be_framed_or_run_what_is_written_into_it(world, places):
    """Every address, whoever asks and whatever the answer is: pages of the staff, refusals, files, JSON."""
    grace = visitor(world.shop.url, user=people.grace())
    paths = [*addresses(number=factories.order().number).values(), "/static/css/base.css", "/static/js/order-status.js", "/x"]
    seen = set()
    for path in paths:
        for answer in (grace.get(path), world.client().get(path), world.client().post(path, csrf=False)):
            seen.add(answer.status_code)
            policy = answer["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in policy, path
            assert "default-src 'none'" in policy, path
            assert "unsafe" not in policy, path
            assert answer["X-Frame-Options"] == "DENY", path
            assert answer["X-Content-Type-Options"] == "nosniff", path
            assert "camera=()" in answer["Permissions-Policy"], path
            assert answer["Cross-Origin-Opener-Policy"] == "same-origin", path
    assert {200, 302, 400, 403, 404} <= seen


@pytest.mark.case("A52")
def test_no_cache_keeps_what_is_ones_own(world):
    ada = people.ada()
    order, variant = factories.order(user=ada), factories.variant(product=factories.product(title="Ada's secret wish"))
    client = visitor(world.shop.url, user=ada, variant=variant)
    own = (ada.email, order.number, "Ada&#x27;s secret wish")
    shown = set()
    for name, path in addresses(number=order.number).items():
        answer = client.get(path, params={"key": order_key(order)})
        if any(text in answer.text for text in own) and name not in PUBLIC:
            shown.add(name)
            assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", ")), name
            assert "Cookie" in answer["Vary"], name
        elif answer.status_code == 200 and not path.startswith(SAME_FOR_ALL):
            assert {"private", "no-store"} & set(answer["Cache-Control"].split(", ")), name
    assert {"/account/", "/orders/%(number)s/", "/cart/", "/checkout/"} <= shown


@pytest.mark.case("A52")
@pytest.mark.parametrize(
    "suffix", ["x.css", "x.js", ";x.css", "%2fx.css", "?x.css", "..%2fx.css", "%0a.css", ".css", "%3fx.css"]
)
def test_a_suffix_makes_no_private_page_look_like_a_file(world, suffix):
    ada = people.ada()
    order = factories.order(user=ada)
    client = visitor(world.shop.url, user=ada)
    for page in ("/account/", "/cart/", f"/orders/{order.number}/", "/checkout/"):
        answer = client.get(page + suffix)
        assert order.number not in answer.text or "no-store" in answer["Cache-Control"]
        assert {"private", "no-store"} & set(answer["Cache-Control"].split(", ")), page
