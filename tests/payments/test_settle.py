"""payments/settle.py: one function brings the shop to what Stripe says, once."""

from __future__ import annotations

import pytest

from orders.models import Order, OutgoingMail
from orders.status import Status
from orders.transitions import expire
from payments import gateway, settle
from payments.audit import audit
from payments.models import Difference, Payment, Refund
from tests import factories
from tests.payments.shopping import IBAN_FAILS, IBAN_SUCCEEDS, Shopper, deliver, lose_answer


@pytest.fixture
def download(shopper):
    return factories.variant(requires_shipping=False, on_hand=5, price_minor=1200)


def mails(order: Order) -> list[str]:
    return sorted(OutgoingMail.objects.filter(order=order).values_list("kind", flat=True))


def violations() -> dict[str, list[str]]:
    return {name: result["examples"] for name, result in audit().items() if result["violations"]}


def test_it_fulfils_what_was_paid(shopper, download):
    payment = settle.settle(shopper.buy(download, 2), by="test")
    order = payment.order
    assert (payment.status, order.status, order.paid_minor) == (Payment.Status.SUCCEEDED, Status.PAID, 2400)
    assert (order.email, mails(order)) == ("ada@shop.test", ["confirmed"])
    download.refresh_from_db()
    assert (download.stock_on_hand, download.stock_reserved) == (3, 0)
    assert violations() == {}


def test_it_keeps_the_address_that_stripe_collected(shopper):
    factories.shipping_rate()
    payment = settle.settle(shopper.buy(factories.variant()), by="test")
    assert payment.order.recipient == "Ada Lovelace"
    assert payment.order.address["country"] == "DE"


def test_it_does_nothing_the_second_time(shopper, download):
    payment = shopper.buy(download)
    for _again in range(4):
        settle.settle(payment, by="test")
    assert payment.order.events.filter(to_status=Status.PAID).count() == 1
    assert mails(payment.order) == ["confirmed"]
    assert violations() == {}


def test_it_leaves_an_unpaid_order_alone(shopper, download):
    payment = settle.settle(shopper.put(download).checkout(), by="test")
    assert (payment.status, payment.order.status) == (Payment.Status.OPEN, Status.PENDING)


def test_it_ends_the_hold_of_an_expired_page_once(shopper, download):
    payment = shopper.put(download, 2).checkout()
    shopper.end_page(payment)
    for _again in range(2):
        payment = settle.settle(payment, by="test")
    download.refresh_from_db()
    assert (payment.order.status, download.stock_reserved) == (Status.EXPIRED, 0)


@pytest.mark.parametrize("field", [{"amount_minor": 1100}, {"currency": "USD"}])
def test_it_flags_another_amount_and_fulfils_nothing(shopper, download, field):
    payment = shopper.buy(download)
    Payment.objects.filter(pk=payment.pk).update(**field)
    payment = settle.settle(Payment.objects.get(pk=payment.pk), by="test")
    assert (payment.status, payment.order.status) == (Payment.Status.MISMATCH, Status.PENDING)
    assert Difference.objects.get().kind == Difference.Kind.AMOUNT
    assert mails(payment.order) == []


def test_it_believes_nothing_of_stripes_that_names_another_payment(shopper, download):
    """An attacker pays a small order and wants a dear one for it."""
    cheap = shopper.buy(download)
    dear = Shopper(shopper.sandbox).put(download, 5 - 1).checkout()
    settle.settle(dear, by="test", stripe_id=cheap.stripe_id)
    field = "payment_intent_id" if cheap.is_intent else "session_id"
    Payment.objects.filter(pk=cheap.pk).update(**{field: None})
    Payment.objects.filter(pk=dear.pk).update(**{field: cheap.stripe_id})
    dear = settle.settle(Payment.objects.get(pk=dear.pk), by="test")
    assert dear.order.status == Status.PENDING
    assert Difference.objects.get().kind == Difference.Kind.UNMATCHED


class TestDelayedMethods:
    def test_it_keeps_the_units_while_the_money_is_on_its_way(self, shopper, download):
        payment = shopper.put(download).checkout()
        assert shopper.pay(payment, iban=IBAN_SUCCEEDS)["outcome"] == "processing"
        payment = settle.settle(payment, by="test")
        download.refresh_from_db()
        assert (payment.status, payment.order.status) == (Payment.Status.PROCESSING, Status.CONFIRMING)
        assert download.stock_reserved == 1
        assert mails(payment.order) == []

    def test_it_leaves_an_order_that_ended_since_it_was_read(self, shopper, download):
        payment = shopper.put(download).checkout()
        shopper.pay(payment, iban=IBAN_SUCCEEDS)
        payment = Payment.objects.select_related("order").get(pk=payment.pk)
        expire(Order.objects.get(pk=payment.order_id), by="meanwhile")
        payment = settle.settle(payment, by="test")
        assert (payment.status, payment.order.status) == (Payment.Status.PROCESSING, Status.EXPIRED)

    def test_it_fulfils_when_the_money_arrives(self, shopper, download):
        payment = shopper.put(download).checkout()
        shopper.pay(payment, iban=IBAN_SUCCEEDS)
        payment = settle.settle(payment, by="test")
        shopper.sandbox.finish_payment(payment.payment_intent_id, outcome="succeeded")
        payment = settle.settle(payment, by="test")
        assert (payment.status, payment.order.status) == (Payment.Status.SUCCEEDED, Status.PAID)
        assert violations() == {}

    def test_it_gives_the_units_back_when_the_money_fails(self, shopper, download):
        payment = shopper.put(download).checkout()
        shopper.pay(payment, iban=IBAN_FAILS)
        payment = settle.settle(payment, by="test")
        shopper.sandbox.finish_payment(payment.payment_intent_id, outcome="failed")
        payment = settle.settle(payment, by="test")
        download.refresh_from_db()
        assert (payment.status, payment.order.status) == (Payment.Status.FAILED, Status.CANCELLED)
        assert download.stock_reserved == 0
        assert mails(payment.order) == ["payment_failed"]
        assert violations() == {}


class TestMoneyThatComesTooLate:
    def test_it_is_given_back_and_the_buyer_is_told(self, shopper, download):
        payment = shopper.put(download).checkout()
        expire(payment.order, by="test")  # forced: without asking Stripe
        shopper.pay(payment)
        payment = settle.settle(payment, by="test")
        order = payment.order
        assert (order.status, order.paid_minor, order.refunded_minor) == (Status.EXPIRED, 1200, 1200)
        assert Refund.objects.get().status == Refund.Status.SUCCEEDED
        assert mails(order) == ["paid_too_late"]
        assert Difference.objects.get().kind == Difference.Kind.PAID_TOO_LATE
        (booked,) = shopper.books()
        assert booked["refunded"] == 1200

    def test_it_is_given_back_later_if_stripe_does_not_answer(self, shopper, download):
        payment = shopper.put(download).checkout()
        expire(payment.order, by="test")
        shopper.pay(payment)
        shopper.sandbox.fault(method="POST", path="^/v1/refunds$", action="status", status=500)
        with pytest.raises(gateway.GatewayDown):
            settle.settle(payment, by="test")
        shopper.sandbox.clear_faults()
        settle.settle(payment, by="test")
        assert Refund.objects.get().status == Refund.Status.SUCCEEDED


def test_it_gives_the_second_payment_of_one_order_back(shopper, download):
    payment = settle.settle(shopper.buy(download), by="test")
    settle.settle(shopper.pay_again(payment), by="test")
    order = Order.objects.get(pk=payment.order_id)
    assert (order.status, order.paid_minor, order.refunded_minor) == (Status.PAID, 2400, 1200)
    assert Difference.objects.get().kind == Difference.Kind.PAID_TWICE
    assert violations().keys() == {"differences_are_resolved"}


class TestAnAnswerThatWasLost:
    def test_it_is_found_again_by_repeating_the_call(self, shopper, download):
        payment = shopper.put(download).checkout()
        payment = settle.settle(lose_answer(payment), by="test")
        assert payment.status == Payment.Status.OPEN
        assert len(shopper.books()) == 1

    def test_it_does_not_stop_the_webhook(self, shopper, download):
        payment = shopper.buy(download)
        lose_answer(payment)
        answer = deliver(shopper.told())
        payment.order.refresh_from_db()
        assert (answer.status_code, payment.order.status) == (200, Status.PAID)


class TestTheReturnPage:
    def test_it_fulfils_before_any_webhook(self, shopper, download):
        payment = shopper.buy(download)
        page = shopper.come_back(payment)
        assert (page.status_code, page.context["order"].status) == (200, Status.PAID)
        assert shopper.client.get("/cart/").context["cart"].is_empty

    def test_it_says_so_when_nothing_was_paid(self, shopper, download):
        payment = shopper.put(download).checkout()
        page = shopper.come_back(payment)
        assert (page.status_code, page.context["order"].status) == (200, Status.PENDING)
        assert shopper.client.get("/cart/").context["cart"].count == 1

    def test_it_claims_nothing_while_stripe_is_silent(self, shopper, download):
        payment = shopper.buy(download)
        shopper.sandbox.fault(method="GET", path="^/v1/", action="status", status=503)
        page = shopper.come_back(payment)
        assert (page.status_code, page.context["order"].status) == (200, Status.PENDING)

    def test_it_is_nobody_elses(self, shopper, download, mallory_client):
        payment = shopper.buy(download)
        assert shopper.come_back(payment, client=mallory_client).status_code == 404
        payment.order.refresh_from_db()
        assert payment.order.status == Status.PENDING

    @pytest.mark.parametrize("session_id", ["", "null", "cs_test_x", "\x00", "ü", "x" * 10_000, "{CHECKOUT_SESSION_ID}"])
    def test_it_knows_no_odd_sessions(self, client, db, session_id):
        assert client.get("/checkout/return/", {"session_id": session_id}).status_code == 404

    def test_it_can_be_reloaded_at_will(self, shopper, download):
        payment = shopper.buy(download)
        for _again in range(5):
            assert shopper.come_back(payment).status_code == 200
        assert mails(payment.order) == ["confirmed"]
        assert violations() == {}


def test_it_empties_the_cart_of_a_visitor_who_never_came_back(shopper, download):
    payment = shopper.buy(download)
    settle.settle(payment, by="webhook")
    assert shopper.client.get("/cart/").context["cart"].is_empty


def test_it_never_says_that_nothing_was_charged_after_another_amount_came(shopper, download):
    payment = shopper.buy(download)
    Payment.objects.filter(pk=payment.pk).update(amount_minor=1100)
    settle.settle(Payment.objects.get(pk=payment.pk), by="test")
    expire(payment.order, by="test")
    for page in (shopper.come_back(payment), shopper.client.get(f"/orders/{payment.order.number}/")):
        assert "Nothing was charged" not in page.content.decode()
        assert "Please do not pay again" in page.content.decode() or "please do not pay again" in page.content.decode()
