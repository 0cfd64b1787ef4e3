"""The exact Content-Security-Policy of each way to pay, beside Stripe itself and not its stand-in."""

from __future__ import annotations

import re

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from orders.status import Way
from payments.policy import allow_leaving, allow_paying
from shop.headers import PagePolicy

JS, LINK = "https://js.stripe.com https://*.js.stripe.com", "https://link.com https://*.link.com"
CHECKOUT = "https://checkout.stripe.com"
PLAIN = {
    "default-src": "'none'",
    "script-src": "'nonce-x'",
    "style-src": "'self' 'nonce-x'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
}
FIELDS = PLAIN | {
    "script-src": f"'nonce-x' {JS}",
    "frame-src": f"{JS} https://hooks.stripe.com {LINK}",
    "connect-src": f"'self' https://api.stripe.com {LINK}",
    "img-src": "'self' data: https://*.link.com",
}
INSIDE = FIELDS | {name: f"{FIELDS[name]} {CHECKOUT}" for name in ("script-src", "frame-src", "connect-src")}
INSIDE |= {"img-src": "'self' data: https://*.link.com https://*.stripe.com"}


@pytest.fixture(autouse=True)
def stripe_itself(settings):
    settings.STRIPE_API_BASE, settings.STRIPE_JS_URL = "", "https://js.stripe.com/endive/stripe.js"


def sent(respond):
    """What the middleware sends with a page that has scripts, by directive."""

    def page(request):
        return respond(HttpResponse(f"<script nonce={request.csp_nonce}>"))

    answer = PagePolicy(page)(RequestFactory().get("/"))
    (nonce,) = re.findall("nonce=(.{24})>", answer.content.decode())
    parts = (part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";"))
    return {name: hosts.replace(nonce, "x") for name, _space, hosts in parts}


@pytest.mark.parametrize(("way", "policy"), [(Way.ELEMENT, FIELDS), (Way.EMBEDDED, INSIDE)])
def test_a_page_that_pays_allows_the_hosts_of_its_way_and_no_other(way, policy):
    assert sent(lambda answer: allow_paying(answer, way)) == policy


@pytest.mark.parametrize(
    ("ways", "policy"),
    [
        ([Way.HOSTED], PLAIN | {"form-action": f"'self' {CHECKOUT}"}),
        (list(Way.values), PLAIN | {"form-action": f"'self' {CHECKOUT}"}),
        ([Way.ELEMENT, Way.EMBEDDED], PLAIN),
    ],
)
def test_the_checkout_leads_to_stripe_only_where_a_way_to_pay_does(settings, ways, policy):
    settings.PAYMENT_WAYS = ways
    assert sent(allow_leaving) == policy


def test_every_other_page_allows_nobody():
    assert sent(lambda answer: answer) == PLAIN
