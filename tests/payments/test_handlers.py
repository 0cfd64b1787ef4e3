"""payments/handlers.py: whose event it is, also when the rows that would say so come and go."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from catalog.models import Variant
from orders.models import Order, OutgoingMail
from orders.status import Status
from payments.models import Difference, Payment
from tests import factories
from tests.payments.shopping import CARD, Shopper, deliver, lose_answer


@pytest.fixture
def download(shopper: Shopper) -> Variant:
    return factories.variant(requires_shipping=False, on_hand=5, price_minor=1200)


def test_it_finds_a_payment_whose_session_is_stored_while_it_looks(shopper, download):
    payment = shopper.buy(download)
    event = shopper.told()
    lose_answer(payment)
    looked = []

    def store_after_the_first_look(execute: Any, sql: str, *rest: Any) -> Any:
        answer = execute(sql, *rest)
        if sql.startswith("SELECT") and "payments_payment" in sql and not looked:
            looked.append(sql)
            payment.save()
        return answer

    with connection.execute_wrapper(store_after_the_first_look):
        assert deliver(event).status_code == 200
    payment.order.refresh_from_db()
    assert (len(looked), payment.order.status) == (1, Status.PAID)


class TestAPaymentThatIsNotHere:
    """A backup was put back: the shop has forgotten what it sold meanwhile."""

    @pytest.fixture
    def forgotten(self, shopper: Shopper, download: Variant) -> Payment:
        payment = shopper.buy(download)
        Payment.objects.all().delete()
        Order.objects.all().delete()
        return payment

    def test_it_is_shown_to_staff_once(self, shopper, forgotten):
        for _again in range(2):
            assert deliver(shopper.told()).status_code == 200
        difference = Difference.objects.get()
        assert (difference.kind, difference.reference) == (Difference.Kind.UNMATCHED, forgotten.stripe_id)
        assert difference.detail == "€12.00 paid by ada@shop.test for a payment that is not here"

    def test_it_is_nothing_of_ours_if_another_shop_sold_it(self, shopper, forgotten, settings):
        settings.SITE_URL = "https://another-shop.test"
        assert deliver(shopper.told()).status_code == 200
        assert not Difference.objects.exists()

    def test_it_is_no_reason_to_send_the_event_again_if_stripe_does_not_know_it_either(self, shopper, forgotten):
        event = shopper.told()
        shopper.sandbox.reset()
        assert deliver(event).status_code == 200
        assert not Difference.objects.exists()


@pytest.mark.session  # with fields it is the shop's own form that asks
@pytest.mark.parametrize(
    ("details", "kept"),
    [
        ({"email": "a" * 250 + "@shop.test"}, ""),
        ({"name": "Ada\0 Lovelace"}, "ada@shop.test"),
    ],
)
def test_it_fulfils_whatever_the_buyer_wrote(shopper, download, details, kept):
    payment = shopper.put(download).checkout()
    asked = {"email": "ada@shop.test", "name": "Ada Lovelace", **details}
    assert shopper.sandbox.pay(payment.session_id, card=CARD, **asked)["outcome"] == "succeeded"
    assert deliver(shopper.told()).status_code == 200
    order = Order.objects.get()
    assert (order.status, order.recipient, order.email) == (Status.PAID, "Ada Lovelace", kept)
    assert OutgoingMail.objects.count() == bool(kept)
