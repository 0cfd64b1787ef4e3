"""What reaches the webhook's address unsigned, or signed and no event: refused quickly, at no cost, without a trace."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import time

import pytest
from django.conf import settings

from orders.models import Order
from orders.status import Status
from payments.models import WebhookEvent
from tests import factories
from tests.payments.shopping import one_event
from tests.trust.endless import forget_peaks, peaks, raw_post
from tests.trust.programs import ShopProgram
from tools.processes import NotStarted

PATH = "/webhooks/stripe/"
SECRET, OTHER = settings.STRIPE_WEBHOOK_SECRETS[0], "whsec_other_0123456789"
MEGABYTE = 1_000_000
MOST_EXTRA = 50 * MEGABYTE
QUICKLY = 5  # seconds, on a machine that has other things to do


def longer(*values):
    """Parameters for which a shop is started only with --long."""
    return [pytest.param(value, marks=pytest.mark.long) for value in values]


@pytest.fixture
def event(world, ada):
    """A true event about a payment that the shop has not heard of: whoever gets it accepted is paid."""
    ada.buy(factories.variant(requires_shipping=False, price_minor=1200))
    return one_event(world.sandbox, "checkout.session.completed")


@pytest.fixture
def refused(world):
    """Afterwards nothing was written, and nothing broke."""
    yield
    assert not WebhookEvent.objects.exists()
    assert not Order.objects.exclude(status=Status.PENDING).exists()
    assert world.shop.tracebacks() == []


def signature(body: bytes, *, secret: str = SECRET, stamp: str = "") -> str:
    """The v1 signature of docs.stripe.com/webhooks/signature (2026), made without Stripe's library."""
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def header(body: bytes, *, secret: str = SECRET, age: int = 0, scheme: str = "v1") -> str:
    stamp = str(int(time.time()) - age)
    return f"t={stamp},{scheme}={signature(body, secret=secret, stamp=stamp)}"


def post(world, body, signed, *, shop=None, **headers):
    if signed is not None:
        headers["Stripe-Signature"] = signed
    answer = world.post_webhook(body, shop=shop, **headers)
    assert answer.seconds < QUICKLY
    return answer.status_code


# ---- the signature


@pytest.mark.case("A1", "A2")
def test_what_another_key_signed_or_none_is_refused(world, event, refused):
    body = json.dumps(event).encode()
    keys = [
        "whsec_other_0123456789",
        settings.STRIPE_SECRET_KEY,
        settings.STRIPE_PUBLISHABLE_KEY,
        SECRET[6:],
        SECRET.upper(),
        "",
    ]
    assert [post(world, body, header(body, secret=key)) for key in keys] == [400] * len(keys)
    assert post(world, body, None) == 400
    assert event["id"] not in world.shop.text, "a forged body is in the log"


@pytest.mark.case("A3", "A4", "F1")
def test_a_replay_is_refused_when_old_and_without_effect_when_fresh(world, event):
    body = json.dumps(event).encode()
    assert [post(world, body, header(body, age=age)) for age in (301, 3600, 86400 * 30)] == [400] * 3
    assert not WebhookEvent.objects.exists()
    captured = header(body)
    assert [post(world, body, captured) for _again in range(3)] == [200] * 3
    order = Order.objects.get()
    assert (order.status, order.events.filter(to_status=Status.PAID).count()) == (Status.PAID, 1)
    world.quiesce()
    world.check()


@pytest.mark.case("A5")
def test_one_changed_byte_is_refused(world, event, refused):
    body = json.dumps(event).encode()
    signed = header(body)
    changed = [body + b" ", body + b"\n", b" " + body, b"\xef\xbb\xbf" + body, body[:-1], body.replace(b"false", b"False")]
    changed += [json.dumps(dict(reversed(event.items()))).encode(), json.dumps(event, indent=1).encode()]
    changed += [body.decode().encode("utf-16"), gzip.compress(body), body.replace(b"1200", b"1201")]
    assert body not in changed
    assert [post(world, each, signed) for each in changed] == [400] * len(changed)


@pytest.mark.case("A6")
def test_tricks_with_the_header_are_refused(world, event, refused):
    body = json.dumps(event).encode()
    now, good, old = str(int(time.time())), header(body), header(body, age=301)
    real = signature(body, stamp=now)
    stamps = ["", "-1", f"-{now}", "1e9", "0x1", "1.5", "NaN", "9" * 400, "١", str(int(now) + 10**6), str(int(now) - 301)]
    tricks = ["", ",", "=", "=,=,=", "t", "v1", "t=,v1=", f"t={now}", f"v1={real}", f"t={now},v1=", *stamps]
    tricks += [f"t={stamp},v1={real}" for stamp in stamps]
    tricks += [f"t={now},v1={one}" for one in (real.upper(), real[:-1], f"{real}0", f"'{real}'", real[::-1])]
    tricks += [f"t={now},v0={real}", f"t={now};v1={real}", f"T={now},V1={real}", f"t=1,{good}"]
    tricks += [f"{old},t={now}", f"t={now},{old}", f"{old},{header(body, secret=OTHER)}"]
    assert {trick: status for trick in tricks if (status := post(world, body, trick.encode())) != 400} == {}
    length = ("Content-Length", str(len(body)).encode())
    wrong = b"t=1,v1=" + b"0" * 64
    odd = {
        "twice": [("Stripe-Signature", wrong), ("Stripe-Signature", wrong)],
        "bytes": [("Stripe-Signature", b"t=1,v1=\xff\xfe\xc3\xbc")],
        "many": [("Stripe-Signature", b"t=1" + b",v1=aaaa" * 1000)],
        "very many": [("Stripe-Signature", b"t=1" + b",v1=aaaa" * 10_000)],
        "under another name": [("Stripe_Signature", good.encode())],
    }
    statuses = {name: raw_post(world.shop, PATH, [*headers, length], [body]).status for name, headers in odd.items()}
    assert {name for name, status in statuses.items() if not 400 <= status < 500} == set()


@pytest.mark.case("A7")
@pytest.mark.parametrize("secrets", ["", *longer(" , ", "whsec_", "whsec_changeme", f"{OTHER},changeme")])
def test_no_shop_starts_in_production_without_a_secret(world, secrets):
    with pytest.raises(NotStarted) as refusal, ShopProgram(STRIPE_WEBHOOK_SECRETS=secrets, web_processes=1):
        pass
    assert "payments.E002" in str(refusal.value)


@pytest.mark.case("A7")
@pytest.mark.parametrize("secret", ["whsec_changeme", *longer("", " ")])
def test_a_shop_under_development_believes_nobody_without_a_secret(world, event, secret, refused):
    body = json.dumps(event).encode()
    with ShopProgram(STRIPE_WEBHOOK_SECRETS=secret, DEBUG="1", web_processes=1) as shop:
        keys = {secret, secret.strip(), "", "whsec_"}
        assert {post(world, body, header(body, secret=key), shop=shop) for key in keys} == {400}
        assert shop.tracebacks() == []


# ---- the body


@pytest.mark.case("F19")
def test_signed_bodies_that_are_no_event_are_refused(world, event, refused):
    text = json.dumps(event)
    bodies = [b"", b" ", b"null", b"[]", b"[{}]", b"1", b"-1e999", b"NaN", b'"evt"', b"{}", b"{", b"}"]
    bodies += [text[:-1].encode(), text.encode() * 2, text.encode("utf-16"), text.encode() + b"\xff", b"\xff\xfe\x00"]
    bodies += [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"1" * 100_000]
    bodies += [b'{"object": "event"}', b'{"object": "event", "id": 1, "data": []}', gzip.compress(text.encode())]
    odd = [{"data": None}, {"created": "x"}, {"created": 10**30}, {"created": None}]
    odd += [{key: value} for key in ("id", "type") for value in (None, [], {})]
    bodies += [json.dumps(event | each).encode() for each in odd]
    statuses = {body[:60]: status for body in bodies if (status := post(world, body, header(body))) != 400}
    assert statuses == {}


@pytest.mark.case("F19")
def test_a_body_that_says_two_things_is_one_event(world, event):
    body = ('{"id": "evt_first", ' + json.dumps(event)[1:]).encode()
    assert post(world, body, "t=1,v1=00") == 400
    assert [post(world, body, header(body)) for _again in range(2)] in ([200, 200], [400, 400])
    assert WebhookEvent.objects.count() <= 1
    world.quiesce()
    world.check()


@pytest.mark.case("F19")
def test_huge_bodies_are_cut_without_being_kept(world, event, refused, rounds):
    part, signed = b"x" * 65_536, ("Stripe-Signature", b"t=1,v1=00")
    chunk = b"10000\r\n" + part + b"\r\n"
    forget_peaks(world.shop)
    before = peaks(world.shop)
    for _round in rounds(2, long=20):
        for megabytes in (3, 10, 1000):
            parts = megabytes * MEGABYTE // len(part)
            length = ("Content-Length", str(parts * len(part)).encode())
            answer = raw_post(world.shop, PATH, [signed, length], (part for _each in range(parts)))
            assert answer.status in (0, 413), megabytes
            assert answer.seconds < QUICKLY
            answer = raw_post(world.shop, PATH, [signed, ("Transfer-Encoding", b"chunked")], (chunk for _each in range(parts)))
            assert answer.status in (0, 400, 411, 413), megabytes
            assert answer.seconds < QUICKLY
            assert answer.sent < 100 * MEGABYTE, "it was read to the end"
    after = peaks(world.shop)
    assert after.keys() == before.keys(), "a worker process died"
    assert max(after[pid] - before[pid] for pid in before) < MOST_EXTRA
    assert world.client().get("/").status_code == 200


@pytest.mark.case("F19")
def test_a_small_body_that_unpacks_to_a_huge_one_is_not_unpacked(world, event, refused):
    bomb = gzip.compress(b"[" * 100 * MEGABYTE)
    forget_peaks(world.shop)
    before = peaks(world.shop)
    for headers in ({"Content-Encoding": "gzip"}, {}):
        assert post(world, bomb, header(bomb), **headers) == 400
    after = peaks(world.shop)
    assert max(after[pid] - before[pid] for pid in before) < MOST_EXTRA
