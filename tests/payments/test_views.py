"""payments/views.py: what the pages around Stripe's say, and that it is true."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from catalog.models import Variant
from orders.access import order_key
from orders.status import Status
from payments.models import Payment
from payments.settle import settle
from tests import factories
from tests.payments.shopping import IBAN_SUCCEEDS, Shopper


@pytest.fixture
def last(shopper: Shopper) -> Variant:
    return factories.variant(requires_shipping=False, on_hand=1, price_minor=1200)


def turned_back(shopper: Shopper, payment: Payment) -> str:
    """What the page after the "back to shop" link says."""
    address = f"/checkout/cancel/{payment.order.number}/"
    return shopper.client.get(address, {"key": order_key(payment.order)}, follow=True).content.decode()


class TestTheWayBackWhileStripeIsSilent:
    def test_it_does_not_say_that_nothing_was_charged(self, shopper, last):
        payment = shopper.buy(last)
        shopper.sandbox.fault(**shopper.asking, action="status", status=500)
        page = turned_back(shopper, payment)
        assert "Nothing was charged" not in page
        assert "If you paid, do not pay again" in page

    def test_it_empties_the_cart_once_the_payment_is_seen(self, shopper, last):
        payment = shopper.buy(last)
        shopper.sandbox.fault(**shopper.asking, action="status", status=500)
        turned_back(shopper, payment)
        shopper.sandbox.clear_faults()
        settle(payment, by="webhook")
        assert shopper.client.get("/cart/").context["cart"].is_empty

    def test_it_does_not_take_away_what_the_shopper_holds(self, shopper, last):
        payment = shopper.put(last).checkout()
        shopper.sandbox.fault(**shopper.asking, action="status", status=500)
        turned_back(shopper, payment)
        assert shopper.client.get("/cart/").context["cart"].count == 1


def way_back(shopper: Shopper, payment: Payment) -> str:
    """The address to which Stripe sends whoever has paid, without the host."""
    if payment.is_intent:
        key = order_key(payment.order)
        return f"/checkout/return/?key={key}&payment_intent={payment.stripe_id}&redirect_status=succeeded"
    session = shopper.sandbox.session(payment.session_id)
    address = (session["success_url"] or session["return_url"]).removeprefix(settings.SITE_URL)
    return address.replace("{CHECKOUT_SESSION_ID}", payment.session_id)


def test_it_knows_who_comes_back_in_another_browser(shopper, last):
    """A bank's app opens the way back in the telephone's own browser, which has no session here."""
    payment = shopper.buy(last)
    page = Client().get(way_back(shopper, payment))
    assert (page.status_code, page.context["order"].status) == (200, Status.PAID)
    assert Client().get(page.context["status_url"]).status_code == 200


@pytest.mark.session
def test_it_offers_a_way_to_send_that_takes_no_day(shopper):
    factories.shipping_rate(min_days=0, max_days=0)
    payment = shopper.put(factories.variant()).checkout()
    assert "delivery_estimate" not in payment.request["shipping_options"][0]["shipping_rate_data"]


def test_it_does_not_call_money_paid_that_is_on_its_way(shopper, last):
    payment = shopper.put(last).checkout()
    shopper.pay(payment, iban=IBAN_SUCCEEDS)
    page = shopper.client.post("/checkout/", follow=True).content.decode()
    assert "paid for already" not in page
    assert ("Your bank is sending the money" if shopper.has_fields else "The payment for this order is on its way.") in page
