"""Headers that every answer has, and the ruler that tests/trust/test_headers.py measures pages with."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from shop.headers import HEADERS
from tests import factories
from tests.site.observatory import observe

pytestmark = pytest.mark.django_db

ANSWERS = {
    "/": 200,
    "/products/": 200,
    "/account/login/": 200,
    "/admin/login/": 200,
    "/healthz": 200,
    "/static/img/favicon.ico": 200,
    "/static/css/base.css": 200,
    "/account/": 302,
    "/nowhere/": 404,
    "/cart/add/": 405,
}


def assert_safe(answer) -> None:
    assert {name for name in HEADERS if not answer.headers.get(name)} == set()
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("path", ANSWERS)
def test_it_has_them_on_pages_files_and_errors(client, path):
    answer = client.get(path)
    assert answer.status_code == ANSWERS[path]
    assert_safe(answer)


def test_it_has_them_on_refusals_of_posts(client):
    assert_safe(client.post("/webhooks/stripe/", b"{}", content_type="application/json"))


@pytest.mark.parametrize("path", ["/", "/products/", "/products/flow/", "/cart/", "/account/login/", "/nowhere/"])
def test_a_page_runs_no_script_but_those_that_have_the_nonce_of_its_answer(client, path):
    factories.variant(product=factories.product(slug="flow"))
    seen = set()
    for answer in (client.get(path), client.get(path)):
        nonce = re.search("script-src 'nonce-(.{24})'(;|$)", answer["Content-Security-Policy"])[1]
        scripts = re.findall('<script (?!type="application/ld.json")[^>]*', answer.content.decode())  # that is data
        assert scripts
        assert [script for script in scripts if not script.startswith(f'<script nonce="{nonce}" ')] == []
        seen.add(nonce)
    assert len(seen) == 2


def test_no_script_of_a_template_lacks_the_nonce():
    written = [path.read_text() for path in (settings.BASE_DIR / "templates").rglob("*.html")]
    scripts = [script for text in written for script in re.findall("<script[^>]*", text)]
    assert len(scripts) > 10
    assert [script for script in scripts if not script.startswith('<script nonce="{{ request.csp_nonce }}" ')] == []


@pytest.mark.parametrize("https", [True, False])
def test_it_has_them_for_a_host_that_is_not_its_own(client, settings, https):
    """Refused before any page: also by the very redirect to https."""
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get("/", secure=https, headers={"host": "evil.test"})
    assert answer.status_code == 400
    assert_safe(answer)


# -- The ruler

BEST = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'nonce-x'; frame-ancestors 'none'; form-action 'self'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
}
COOKIE = "sessionid=x; HttpOnly; Path=/; SameSite=Lax; Secure"


def graded(*, without: str = "", cookie: str = COOKIE, page: str = "", **headers: str) -> tuple[int, str]:
    named = {name: value for name, value in BEST.items() if name != without}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    report = observe(named, cookies=[cookie], page=page)
    return report.score, report.grade


def test_it_gives_the_best_grade_to_the_best():
    assert graded() == (135, "A+")


@pytest.mark.parametrize(
    ("change", "score"),
    [
        ({"without": "Content-Security-Policy"}, 55),  # framing goes with it
        ({"without": "Strict-Transport-Security"}, 80),
        ({"without": "X-Content-Type-Options"}, 130),
        ({"without": "Referrer-Policy"}, 130),
        ({"without": "Cross-Origin-Resource-Policy"}, 125),
        ({"Content_Security_Policy": "default-src 'none'; script-src 'unsafe-inline'; frame-ancestors 'none'"}, 80),
        ({"Content_Security_Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}, 125),
        ({"Content_Security_Policy": "default-src 'none'; script-src 'unsafe-eval'; frame-ancestors 'none'"}, 115),
        ({"Content_Security_Policy": "default-src 'none'; connect-src http://a.test; frame-ancestors 'none'"}, 80),
        ({"Content_Security_Policy": "default-src 'self'; frame-ancestors 'none'"}, 130),
        ({"Strict_Transport_Security": "max-age=3600"}, 125),
        ({"Referrer_Policy": "unsafe-url"}, 125),
        ({"Access_Control_Allow_Origin": "https://a.test", "Access_Control_Allow_Credentials": "true"}, 50),
        ({"cookie": "sessionid=x; HttpOnly; SameSite=Lax"}, 120),
        ({"cookie": "sessionid=x; Secure; SameSite=Lax"}, 70),
        ({"cookie": "csrftoken=x; Secure"}, 80),
        ({"page": '<script src="http://a.test/x.js"></script>'}, 50),
        ({"page": '<script src="https://a.test/x.js"></script>'}, 130),
        ({"page": '<script src="/x.js"></script>'}, 135),
    ],
)
def test_it_takes_points_away_for_what_is_missing(change, score):
    assert graded(**change)[0] == score
