"""What Stripe's page adds to an order where the shop lets it: its own promotion codes, and tax."""

from __future__ import annotations

import pytest

from orders.models import Order
from orders.status import Status, Way
from orders.transitions import expire
from payments.audit import audit
from payments.models import Difference, Payment
from payments.rebuild import rebuild
from payments.settle import settle
from payments.ways import retrieve
from tests import factories

WITH_PAGE = [Way.HOSTED, Way.EMBEDDED]


@pytest.fixture(params=WITH_PAGE)
def payer(request, shopper, settings):
    settings.PAYMENT_WAYS, settings.STRIPE_PUBLISHABLE_KEY = WITH_PAGE, "pk_test_shop"
    settings.STRIPE_PROMOTION_CODES = True
    shopper.way = request.param
    factories.shipping_rate(price_minor=590)
    shopper.put(factories.variant(on_hand=5, price_minor=4999)).put(factories.variant(on_hand=5, price_minor=1), 3)
    return shopper


def violations():
    return {name: result["examples"] for name, result in audit().items() if result["violations"]}


def test_a_code_of_stripes_comes_off_line_by_line(payer):
    payment = payer.checkout()
    assert payer.pay(payment, promotion_code="WELCOME10")["outcome"] == "succeeded"
    order = settle(payment, by="test").order
    order.refresh_from_db()
    assert (order.status, order.discount_minor, order.total_minor) == (Status.PAID, 500, 4999 + 3 - 500 + 590)
    assert order.paid_minor == order.total_minor == Payment.objects.get().amount_minor
    assert sum(line.discount_minor for line in order.lines.all()) == 500
    assert violations() == {}
    settle(payment, by="test")
    assert Order.objects.get().discount_minor == 500


def test_a_code_that_the_shop_did_not_allow_is_flagged(payer):
    payment = payer.checkout()
    Payment.objects.update(request=payment.request | {"allow_promotion_codes": False})
    payer.pay(payment, promotion_code="WELCOME10")
    payment = settle(Payment.objects.get(), by="test")
    assert (payment.status, payment.order.status) == (Payment.Status.MISMATCH, Status.PENDING)
    assert Difference.objects.get().kind == Difference.Kind.AMOUNT


def test_money_that_came_too_late_goes_back_as_it_came(payer):
    payment = payer.checkout()
    expire(payment.order, by="test")
    payer.pay(payment, promotion_code="FIVEOFF")
    payment = settle(payment, by="test")
    order = Order.objects.get()
    assert payment.refunds.get().amount_minor == order.paid_minor == order.refunded_minor == 4999 + 3 - 500 + 590
    assert (order.discount_minor, set(violations())) == (0, {"differences_are_resolved"})


@pytest.mark.parametrize(("behaviour", "on_top"), [("exclusive", True), ("inclusive", False)])
def test_tax_is_kept_as_stripe_reckons_it(payer, settings, behaviour, on_top):
    settings.STRIPE_TAX = behaviour
    payment = payer.checkout()
    assert payer.pay(payment, promotion_code="FIVEOFF")["outcome"] == "succeeded"
    session = payer.sandbox.session(payment.session_id)
    order = settle(payment, by="test").order
    order.refresh_from_db()
    tax = session["total_details"]["amount_tax"]
    assert tax > 0
    assert (order.status, order.total_minor) == (Status.PAID, session["amount_total"])
    assert (order.tax_minor, order.discount_minor) == (tax if on_top else 0, 500)
    assert order.included_tax_minor == (0 if on_top else tax)
    kinds = ("tax_minor", "included_tax_minor") if on_top else ("included_tax_minor", "tax_minor")
    of_lines = [sum(getattr(line, kind) for line in order.lines.all()) for kind in kinds]
    assert of_lines == [tax - session["shipping_cost"]["amount_tax"], 0]
    assert ("Tax included" in payer.client.get(order.get_absolute_url()).text) is not on_top
    assert violations() == {}
    before = kept(order)
    assert rebuilt_from(payment) == before


def kept(order):
    fields = ("discount_minor", "tax_minor", "included_tax_minor")
    lines = list(order.lines.values_list("sku", "quantity", "unit_price_minor", *fields))
    return [order.subtotal_minor, order.total_minor, order.paid_minor, *(getattr(order, field) for field in fields), lines]


def rebuilt_from(payment):
    state = retrieve(payment)
    Payment.objects.all().delete()
    Order.objects.all().delete()
    return kept(rebuild(state, by="grace"))
