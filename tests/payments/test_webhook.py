"""payments/webhook.py and inbox.py: every type of event, signed as Stripe signs, in any order and number."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import time

import pytest
import stripe
from django.test import Client

from orders.models import OutgoingMail
from orders.status import Status
from payments.handlers import HANDLERS
from payments.models import Difference, Payment, Refund, WebhookEvent
from payments.settle import settle
from tests import factories
from tests.payments.shopping import IBAN_FAILS, IBAN_SUCCEEDS, Shopper, deliver, events_of, one_event

SECRET = "whsec_of_these_tests_0123456789"

ODD_HEADERS = [
    *(None, "", "t=1", "v1=abc", "t=,v1=abc", "t=-1,v1=ab", "t=1e9,v1=ab", "t=99999999999999999999,v1=a"),
    *("v0=abc,t=1", "ü", "t=1," + "v1=a," * 10_000, "=,=,=", "t=1,t=2,v1=x"),
]
NO_EVENTS = [
    *("", "null", "[]", "1", '"x"', "{", "{}", '{"object": "event"}', "[" * 100_000),
    '{"object": "event", "id": 1, "data": []}',
]


@pytest.fixture(autouse=True)
def secret(settings):
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]


@pytest.fixture
def download(shopper):
    return factories.variant(requires_shipping=False, on_hand=5, price_minor=1200)


def reload(payment: Payment) -> Payment:
    return Payment.objects.select_related("order").get(pk=payment.pk)


class TestEachType:
    def test_paid_fulfils(self, shopper, download):
        payment = shopper.buy(download)
        answer = deliver(shopper.told())
        assert (answer.status_code, reload(payment).order.status) == (200, Status.PAID)

    def test_on_its_way_waits(self, shopper, download):
        payment = shopper.put(download).checkout()
        shopper.pay(payment, iban=IBAN_SUCCEEDS)
        deliver(shopper.told("on its way"))
        assert reload(payment).order.status == Status.CONFIRMING

    def test_arrived_later_fulfils(self, shopper, download):
        payment = shopper.put(download).checkout()
        shopper.pay(payment, iban=IBAN_SUCCEEDS)
        deliver(shopper.told("on its way"))
        shopper.sandbox.finish_payment(reload(payment).payment_intent_id, outcome="succeeded")
        deliver(shopper.told("arrived"))
        assert reload(payment).order.status == Status.PAID

    def test_failed_later_releases(self, shopper, download):
        payment = shopper.put(download).checkout()
        shopper.pay(payment, iban=IBAN_FAILS)
        deliver(shopper.told("on its way"))
        shopper.sandbox.finish_payment(reload(payment).payment_intent_id, outcome="failed")
        deliver(shopper.told("failed"))
        download.refresh_from_db()
        assert (reload(payment).order.status, download.stock_reserved) == (Status.CANCELLED, 0)

    @pytest.mark.session
    def test_expired_releases(self, shopper, download):
        payment = shopper.put(download).checkout()
        shopper.end_page(payment)
        deliver(one_event(shopper.sandbox, "checkout.session.expired"))
        download.refresh_from_db()
        assert (reload(payment).order.status, download.stock_reserved) == (Status.EXPIRED, 0)

    def test_payment_intent_succeeded_alone_fulfils(self, shopper, download):
        payment = shopper.buy(download)
        deliver(one_event(shopper.sandbox, "payment_intent.succeeded"))
        assert reload(payment).order.status == Status.PAID

    def test_payment_intent_processing_waits(self, shopper, download):
        payment = shopper.put(download).checkout()
        shopper.pay(payment, iban=IBAN_SUCCEEDS)
        deliver(one_event(shopper.sandbox, "payment_intent.processing"))
        assert reload(payment).order.status == Status.CONFIRMING

    def test_payment_intent_failed_changes_nothing(self, shopper, download):
        payment = shopper.put(download).checkout()
        assert shopper.pay(payment, card="4000000000000002")["outcome"] == "declined"
        answer = deliver(one_event(shopper.sandbox, "payment_intent.payment_failed"))
        assert (answer.status_code, reload(payment).order.status) == (200, Status.PENDING)

    @pytest.mark.parametrize("kind", ["refund.created", "charge.refunded"])
    def test_a_refund_in_stripes_dashboard_is_booked(self, shopper, download, kind):
        payment = settle(shopper.buy(download), by="test")
        shopper.sandbox.refund(payment.payment_intent_id, amount=500)
        deliver(one_event(shopper.sandbox, kind))
        order = reload(payment).order
        assert (order.refunded_minor, order.status) == (500, Status.PAID)
        assert Refund.objects.get().by == "stripe"

    def test_refund_updated_books_the_outcome(self, shopper, download):
        payment = shopper.put(download).checkout()
        shopper.pay(payment, card="4000000000007726")  # refunds of this card are pending first
        settle(payment, by="test")
        refund = shopper.sandbox.refund(reload(payment).payment_intent_id)
        deliver(one_event(shopper.sandbox, "refund.created"))
        assert Refund.objects.get().status == Refund.Status.PENDING
        shopper.sandbox.finish_refund(refund["id"], outcome="succeeded")
        for event in events_of(shopper.sandbox, "refund.updated"):
            deliver(event)
        assert (Refund.objects.get().status, reload(payment).order.status) == (Refund.Status.SUCCEEDED, Status.REFUNDED)

    def test_refund_failed_makes_the_money_refundable_again(self, shopper, download):
        payment = shopper.put(download).checkout()
        shopper.pay(payment, card="4000000000005126")  # refunds of this card come back
        settle(payment, by="test")
        refund = shopper.sandbox.refund(reload(payment).payment_intent_id)
        deliver(one_event(shopper.sandbox, "refund.created"))
        assert reload(payment).order.status == Status.REFUNDED
        shopper.sandbox.finish_refund(refund["id"], outcome="failed")
        deliver(events_of(shopper.sandbox, "refund.failed")[-1])
        order = reload(payment).order
        assert (order.status, order.refunded_minor) == (Status.PAID, 0)
        assert Difference.objects.get().kind == Difference.Kind.REFUND_FAILED

    def test_every_type_the_shop_acts_on_has_a_test_here(self):
        told_of_disputes = {kind for kind in HANDLERS if kind.startswith("charge.dispute.")}  # see test_disputes.py
        assert set(HANDLERS) - told_of_disputes == {
            "checkout.session.completed",
            "checkout.session.async_payment_succeeded",
            "checkout.session.async_payment_failed",
            "checkout.session.expired",
            "payment_intent.processing",
            "payment_intent.succeeded",
            "payment_intent.payment_failed",
            "refund.created",
            "refund.updated",
            "refund.failed",
            "charge.refunded",
        }

    def test_an_unknown_type_is_accepted_and_does_nothing(self, shopper, download):
        payment = shopper.buy(download)
        event = shopper.told() | {"type": "customer.created"}
        assert deliver(event).status_code == 200
        assert reload(payment).order.status == Status.PENDING


class TestOrderAndNumber:
    def test_it_has_one_effect_however_often_it_comes(self, shopper, download):
        payment = shopper.buy(download)
        event = shopper.told()
        assert [deliver(event).status_code for _again in range(4)] == [200] * 4
        assert reload(payment).order.events.filter(to_status=Status.PAID).count() == 1
        assert OutgoingMail.objects.count() == 1
        assert WebhookEvent.objects.get().deliveries == 4

    def test_everything_backwards_ends_the_same(self, shopper, download):
        payment = shopper.buy(download)
        shopper.sandbox.refund(shopper.intent_of(payment))
        for event in reversed(events_of(shopper.sandbox)):
            assert deliver(event).status_code == 200
        order = reload(payment).order
        assert (order.status, order.paid_minor, order.refunded_minor) == (Status.REFUNDED, 1200, 1200)

    @pytest.mark.session
    def test_a_stale_expiry_never_takes_a_paid_order_back(self, shopper, download):
        payment = shopper.buy(download)
        completed = shopper.told()
        for kind, name in (("checkout.session.expired", "evt_stale1"), ("checkout.session.completed", "evt_stale2")):
            deliver(completed | {"id": name, "type": kind})
        assert reload(payment).order.status == Status.PAID

    def test_it_is_kept_and_asked_for_again_when_stripe_cannot_be_read(self, shopper, download):
        payment = shopper.buy(download)
        event = shopper.told()
        shopper.sandbox.fault(**shopper.asking, action="status", status=500)
        assert deliver(event).status_code == 500
        row = WebhookEvent.objects.get()
        assert (row.processed_at, "GatewayDown" in row.last_error) == (None, True)
        shopper.sandbox.clear_faults()
        assert deliver(event).status_code == 200
        assert reload(payment).order.status == Status.PAID
        assert WebhookEvent.objects.get().last_error == ""


class TestEventsOfOthers:
    def test_an_unknown_session_changes_nothing(self, shopper, download):
        payment = shopper.put(download).checkout()
        event = {
            **_event("checkout.session.completed"),
            "data": {
                "object": {
                    "id": "cs_test_of_another_shop",
                    "object": "checkout.session",
                    "client_reference_id": "1",
                    "metadata": {"order": payment.order.number},
                }
            },
        }
        assert deliver(event).status_code == 200
        assert reload(payment).order.status == Status.PENDING

    @pytest.mark.parametrize(
        ("field", "outcome"),
        [({"livemode": True}, "live and test do not mix"), ({"account": "acct_1OfAnother"}, "an event of a connected account")],
        ids=["live", "connect"],
    )
    def test_an_event_of_another_world_does_nothing_but_is_seen(self, shopper, download, caplog, field, outcome):
        payment = shopper.buy(download)
        event = shopper.told() | field
        assert deliver(event).status_code == 200
        assert reload(payment).order.status == Status.PENDING
        assert WebhookEvent.objects.get().outcome == f"ignored: {outcome}"
        assert outcome in caplog.text

    def test_an_attackers_paid_session_does_not_pay_for_another_order(self, shopper, download):
        victim = shopper.put(download, 3).checkout()
        attacker = Shopper(shopper.sandbox, email="mallory@shop.test")
        attacker.buy(download)
        event = shopper.told()
        if not shopper.has_fields:
            event["data"]["object"]["client_reference_id"] = victim.reference
        event["data"]["object"]["metadata"] = {"order": victim.order.number, "payment_reference": victim.reference}
        assert deliver(event).status_code == 200
        assert reload(victim).order.status == Status.PENDING


class TestTheSignature:
    def post(self, body: str | bytes, header: str | None) -> int:
        headers = {} if header is None else {"Stripe-Signature": header}
        answer = Client(raise_request_exception=False).post(
            "/webhooks/stripe/", body, content_type="application/json", headers=headers
        )
        assert not WebhookEvent.objects.exists() or answer.status_code == 200
        return answer.status_code

    def signed(self, body: str, *, secret: str = SECRET, at: int | None = None) -> str:
        return stripe.WebhookSignature.generate_signature_header(body, secret, timestamp=at or int(time.time()))

    def test_the_right_one_is_accepted(self, db):
        body = json.dumps(_event("customer.created"))
        assert self.post(body, self.signed(body)) == 200

    def test_either_secret_is_accepted_while_one_is_replaced(self, db, settings):
        settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new_one_0123456789", SECRET]
        body = json.dumps(_event("customer.created"))
        assert self.post(body, self.signed(body)) == 200

    @pytest.mark.parametrize("secret", ["whsec_other_123456", "sk_test_12345678", " "])
    def test_another_secret_is_refused(self, db, secret):
        body = json.dumps(_event("customer.created"))
        assert self.post(body, self.signed(body, secret=secret)) == 400

    @pytest.mark.parametrize("secrets", [[], [""]])
    def test_no_secret_means_nothing_is_accepted(self, db, settings, secrets):
        settings.STRIPE_WEBHOOK_SECRETS = [secret for secret in secrets if secret]
        body = json.dumps(_event("customer.created"))
        assert self.post(body, self.signed(body, secret="")) == 400

    def test_an_old_one_is_refused(self, db):
        body = json.dumps(_event("customer.created"))
        assert self.post(body, self.signed(body, at=int(time.time()) - 301)) == 400

    def test_a_changed_body_is_refused(self, db):
        body = json.dumps(_event("customer.created"))
        header = self.signed(body)
        for other in (body + " ", body.replace("customer", "Customer"), "\ufeff" + body, body[:-1]):
            assert self.post(other, header) == 400

    @pytest.mark.parametrize("header", ODD_HEADERS)
    def test_odd_headers_are_refused(self, db, header):
        body = json.dumps(_event("customer.created"))
        assert self.post(body, header) == 400

    @pytest.mark.parametrize(
        "body",
        ["", "null", "[]", "1", '"x"', "{", "{}", '{"object": "event"}', "[" * 100_000, '{"object":"event","id":1,"data":[]}'],
    )
    def test_a_signed_body_that_is_no_event_is_refused(self, db, body):
        assert self.post(body, self.signed(body)) == 400

    def test_bytes_that_are_no_text_are_refused(self, db):
        assert self.post(b"\xff\xfe\x00", "t=1,v1=00") == 400

    @pytest.mark.parametrize("size", [1_000_001, 10_000_000])
    def test_a_huge_body_is_refused_unread(self, db, size):
        body = b"x" * size
        assert self.post(body, "t=1,v1=00") == 413
        assert self.post(body, self.signed(body.decode())) == 413

    def test_a_compressed_body_is_refused(self, db):
        body = gzip.compress(json.dumps(_event("customer.created")).encode())
        stamp = int(time.time())
        seal = hmac.new(SECRET.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()
        assert self.post(body, f"t={stamp},v1={seal}") == 400

    @pytest.mark.parametrize(
        "field",
        [
            *({"id": value} for value in (None, 1, "", "evt_\0", "evt_\ud800", "e" * 256, ["evt_1"])),
            *({"type": value} for value in (None, 2, {}, "\0")),
            *({"created": value} for value in (None, "now", 1e20, -1e20, float("nan"))),
            *({"data": value} for value in (None, [], {}, {"object": None}, {"object": {"id": "x", "metadata": 5}})),
        ],
        ids=repr,
    )
    def test_a_signed_event_with_odd_parts_is_refused(self, db, field):
        body = json.dumps(_event("customer.created") | field)
        assert self.post(body, self.signed(body)) == 400

    @pytest.mark.parametrize("odd", ["\0", "\ud800", "x" * 10_000, ["y"], {"z": 1}, 7, None])
    def test_an_object_of_others_is_named_as_they_like(self, db, odd):
        named = {"id": odd, "object": "checkout.session", "client_reference_id": odd, "payment_intent": odd}
        body = json.dumps(_event("checkout.session.completed") | {"data": {"object": named}})
        assert self.post(body, self.signed(body)) == 200

    def test_the_last_of_two_equal_keys_counts(self, db):
        body = json.dumps(_event("customer.created"))[:-1] + ', "id": "evt_test_2"}'
        assert self.post(body, self.signed(body)) == 200
        assert WebhookEvent.objects.get().stripe_id == "evt_test_2"

    def test_a_deeply_nested_event_is_refused(self, db):
        body = json.dumps(_event("customer.created"))[:-1] + ', "x": ' + "[" * 100_000 + "]" * 100_000 + "}"
        assert self.post(body, self.signed(body)) == 400

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options"])
    def test_only_posts_are_taken(self, client, method):
        assert getattr(client, method)("/webhooks/stripe/").status_code == 405

    def test_it_needs_no_csrf_token(self, db):
        body = json.dumps(_event("customer.created"))
        answer = Client(enforce_csrf_checks=True).post(
            "/webhooks/stripe/", body, content_type="application/json", headers={"Stripe-Signature": self.signed(body)}
        )
        assert answer.status_code == 200


def _event(kind: str) -> dict:
    return {
        "id": "evt_test_1",
        "object": "event",
        "type": kind,
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": {"id": "cus_1", "object": "customer"}},
    }
