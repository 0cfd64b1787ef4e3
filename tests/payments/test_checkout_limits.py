"""How many checkouts one visitor, or one network address, may begin: stock is not for hoarding, nor Stripe for trying cards."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from catalog.models import Variant
from orders.models import Order
from payments.models import Payment
from payments.views import CHECKOUTS_FROM_ADDRESS, CHECKOUTS_OF_SESSION
from tests import factories
from tests.payments.shopping import Shopper


@pytest.fixture
def print_(shopper: Shopper) -> Variant:
    return factories.variant(requires_shipping=False, on_hand=500, price_minor=1200)


def begin(shopper: Shopper, *, times: int) -> None:
    """Check out and turn back, so often."""
    for _unused in range(times):
        shopper.press_cancel(shopper.checkout().order)


def newcomer(shopper: Shopper, variant: Variant) -> Shopper:
    return Shopper(shopper.sandbox, client=Client()).put(variant)


def assert_refused(shopper: Shopper, variant: Variant) -> Any:
    """429 in words, and nothing else happened."""
    before = (Order.objects.count(), Payment.objects.count(), len(shopper.made()))
    held, wanted = stock_held(variant), shopper.client.get("/cart/").context["cart"].count
    answer = shopper.press_pay()
    assert answer.status_code == 429
    assert "Nothing was ordered or charged" in answer.content.decode()
    assert 0 < int(answer["Retry-After"]) <= 600
    assert (Order.objects.count(), Payment.objects.count(), len(shopper.made())) == before
    assert (stock_held(variant), shopper.client.get("/cart/").context["cart"].count) == (held, wanted)
    return answer


def stock_held(variant: Variant) -> int:
    variant.refresh_from_db()
    return variant.stock_reserved


def test_it_stops_a_visitor_who_begins_again_and_again(shopper, print_):
    shopper.put(print_)
    begin(shopper, times=CHECKOUTS_OF_SESSION.times)
    assert_refused(shopper, print_)
    assert stock_held(print_) == 0
    newcomer(shopper, print_).checkout()


def test_it_stops_a_new_visitor_every_time_from_one_address(shopper, print_):
    for _unused in range(CHECKOUTS_FROM_ADDRESS.times):
        newcomer(shopper, print_).checkout()
    assert_refused(newcomer(shopper, print_), print_)
    assert stock_held(print_) == CHECKOUTS_FROM_ADDRESS.times
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    Shopper(shopper.sandbox, client=elsewhere).put(print_).checkout()


def test_it_does_not_count_that_the_button_was_pressed_again(shopper, print_):
    page = shopper.put(print_).press_pay()["Location"]
    for _unused in range(CHECKOUTS_OF_SESSION.times * 2):
        assert shopper.press_pay()["Location"] == page
    assert Order.objects.count() == 1


def test_it_counts_every_change_that_makes_a_new_order(shopper, print_):
    """Of two carts, each replaced by the other, neither comes without a new page of Stripe's."""
    shopper.put(print_)
    for number in range(CHECKOUTS_OF_SESSION.times):
        shopper.client.post("/cart/update/", {"variant": print_.pk, "quantity": 1 + number % 2})
        shopper.checkout()
    shopper.client.post("/cart/update/", {"variant": print_.pk, "quantity": 3})
    assert_refused(shopper, print_)


def test_it_does_not_count_a_form_that_was_filled_in_wrong(shopper, print_):
    shopper.put(factories.variant())  # is shipped, and nothing says how
    for _unused in range(CHECKOUTS_OF_SESSION.times * 2):
        assert shopper.press_pay().status_code == 422
