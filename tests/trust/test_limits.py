"""How often something may be tried, counted once by all processes: checkouts and log-ins."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from accounts.forms import FAILURES_FROM_ADDRESS, FAILURES_OF_ACCOUNT
from accounts.mails import MAILS_FROM_ADDRESS
from accounts.throttle import Limit
from catalog.models import Variant
from orders.models import Order
from orders.status import Status
from payments.views import CHECKOUTS_FROM_ADDRESS, CHECKOUTS_OF_SESSION
from tests import factories, people
from tests.payments.shopping import Shopper
from tests.trust.at_once import Calls
from tests.trust.http_client import HttpClient
from tests.trust.programs import ShopProgram

LOGIN = "/account/login/"
REFUSED = 429
AT_ONCE = 16
ADDRESS = "198.51.100.7"


def shopper_at(world, address: str, *, shop: ShopProgram | None = None) -> Shopper:
    """A new browser at this network address."""
    return Shopper(world.sandbox, client=HttpClient((shop or world.shop).url, address=address))


def tried_before(limit: Limit, times: int) -> None:
    """So much was tried from ADDRESS already."""
    for _unused in range(times):
        limit.count(ADDRESS)


def pages_opened(world) -> int:
    """How often Stripe was asked for a payment page."""
    return sum(each["method"] == "POST" and each["path"] == "/v1/checkout/sessions" for each in world.sandbox.requests())


def stock_left(variant: Variant) -> int:
    variant.refresh_from_db()
    return variant.stock_on_hand - variant.stock_reserved


# -- Checkouts


@pytest.mark.long
@pytest.mark.case("A28")
def test_a_hoarder_with_many_browsers_leaves_something_for_others(world):
    """Two addresses, never paying; a hundred pieces."""
    variant = factories.variant(requires_shipping=False, on_hand=100, price_minor=1200)
    each = CHECKOUTS_FROM_ADDRESS.times + 5
    for address in (ADDRESS, "203.0.113.9"):
        statuses = [shopper_at(world, address).put(variant).press_pay().status_code for _unused in range(each)]
        assert Counter(statuses) == {303: CHECKOUTS_FROM_ADDRESS.times, REFUSED: 5}
    assert stock_left(variant) == 100 - 2 * CHECKOUTS_FROM_ADDRESS.times
    payment = world.shopper().buy(variant)
    world.quiesce()
    payment.order.refresh_from_db()
    assert payment.order.status == Status.PAID
    world.after_the_hold()
    world.quiesce()
    assert stock_left(variant) == 99
    world.check()


@pytest.mark.case("A28")
def test_refused_checkouts_hold_nothing_and_leave_the_cart(world):
    variant = factories.variant(requires_shipping=False, on_hand=100, price_minor=1200)
    ada = world.shopper().put(variant)
    for _unused in range(CHECKOUTS_OF_SESSION.times):
        ada.press_cancel(ada.checkout().order)
    orders, asked = Order.objects.count(), pages_opened(world)
    answer = ada.press_pay()
    assert (answer.status_code, "Nothing was ordered or charged" in answer.text) == (REFUSED, True)
    assert 0 < int(answer["Retry-After"]) <= CHECKOUTS_OF_SESSION.seconds
    assert (Order.objects.count(), pages_opened(world), stock_left(variant)) == (orders, asked, 100)
    assert str(variant.product) in ada.client.get("/cart/").text


@pytest.mark.case("A29")
@pytest.mark.parametrize("new_browser", [False, pytest.param(True, marks=pytest.mark.long)])
def test_cards_are_not_tried_out_here(world, new_browser):
    """Small checkouts of one client, one after the other: Stripe hears of a few, and the log of the rest."""
    cheap = factories.download(price_minor=100)
    tester = shopper_at(world, ADDRESS).put(cheap)
    limit = CHECKOUTS_FROM_ADDRESS if new_browser else CHECKOUTS_OF_SESSION
    refused = 0
    for _unused in range(limit.times + 10):
        if new_browser:
            tester = shopper_at(world, ADDRESS).put(cheap)
        answer = tester.press_pay()
        refused += answer.status_code == REFUSED
        order = Order.objects.order_by("pk").last()
        if answer.status_code == 303 and order:  # the card was declined, and the next one is tried
            tester.press_cancel(order)
    assert pages_opened(world) == limit.times
    assert refused == 10
    assert world.shop.text.count("Too Many Requests: /checkout/") >= refused


@pytest.mark.case("A28", "A29")
def test_checkouts_at_the_same_instant_are_counted_one_by_one(world):
    variant = factories.variant(requires_shipping=False, on_hand=100, price_minor=1200)
    tried_before(CHECKOUTS_FROM_ADDRESS, CHECKOUTS_FROM_ADDRESS.times - 5)
    racers = [shopper_at(world, ADDRESS).put(variant) for _unused in range(AT_ONCE)]
    for racer in racers:
        racer.client.csrf_token()
    assert Counter(pressed_at_once(world.shop, racers)) == {303: 5, REFUSED: AT_ONCE - 5}
    assert stock_left(variant) == 95


def pressed_at_once(shop: ShopProgram, shoppers: list[Shopper]) -> list[int]:
    """Everybody is there, at more than one process, before anybody goes on."""
    stop = shop.stops.set("^before request POST /checkout/", at_most=len(shoppers))
    with Calls(*[shopper.press_pay for shopper in shoppers]) as calls:
        processes = stop.wait(len(shoppers))
        stop.release()
    assert len(set(processes)) > 1, "all came to one process"
    return [answer.status_code for answer in calls.outcomes]


# -- Log-ins


def guess(client: HttpClient, email: str = "ada@shop.test", path: str = LOGIN, **headers: str) -> Any:
    return client.post(path, {"username": email, "password": "guess"}, headers=headers)


@pytest.mark.case("A46")
def test_an_account_is_guarded_against_many_addresses(world):
    people.ada()
    statuses = [guess(world.client()).status_code for _unused in range(FAILURES_OF_ACCOUNT.times + 6)]
    assert statuses == [422] * FAILURES_OF_ACCOUNT.times + [REFUSED] * 6


@pytest.mark.case("A46")
@pytest.mark.parametrize("path", [LOGIN, "/admin/login/"])
def test_one_address_does_not_try_many_accounts(world, path):
    def status(place: int) -> bool:
        """Refused or not: a new browser each time, another account, and a forged address in front of the real one."""
        client = HttpClient(world.shop.url, address=f"10.66.0.{place}, {ADDRESS}")
        answer = guess(client, f"victim{place}@shop.test", path, **{"X-Real-IP": f"10.66.0.{place}"})
        return "Too many attempts" in answer.text

    tried_before(FAILURES_FROM_ADDRESS, FAILURES_FROM_ADDRESS.times - 4)
    assert [status(place) for place in range(8)] == [False] * 4 + [True] * 4


@pytest.mark.case("A46")
@pytest.mark.parametrize("garbage", ["unknown", "198.51.100.7:{}", "[2001:db8::{}]:443", "2001:db8::{}", "{}", "", "evil{}"])
def test_no_spelling_of_an_address_is_a_new_one(world, garbage):
    statuses = []
    for place in range(MAILS_FROM_ADDRESS.times + 3):
        client = HttpClient(world.shop.url, address=garbage.format(place + 1) or ",")
        statuses.append(client.post("/account/reset/", {"email": f"victim{place}@shop.test"}).status_code)
    assert statuses == [302] * MAILS_FROM_ADDRESS.times + [REFUSED] * 3


@pytest.mark.case("A46")
def test_guesses_at_the_same_instant_are_counted_one_by_one(world):
    people.ada()
    assert at_once(world, world.shop).count(422) == FAILURES_OF_ACCOUNT.times


@pytest.mark.case("A46")
def test_without_the_common_count_more_guesses_pass(world, broken):
    """The control: every process counts for itself."""
    people.ada()
    with broken("tally") as shop:
        assert at_once(world, shop).count(422) > FAILURES_OF_ACCOUNT.times


def at_once(world, shop: ShopProgram) -> list[int]:
    clients = [HttpClient(shop.url) for _unused in range(AT_ONCE)]
    for client in clients:
        client.csrf_token()
    stop = shop.stops.set(f"^before request POST {LOGIN}", at_most=AT_ONCE)
    with Calls(*[lambda client=client: guess(client) for client in clients]) as calls:
        processes = stop.wait(AT_ONCE)
        stop.release()
    assert len(set(processes)) > 1, "all came to one process"
    return [answer.status_code for answer in calls.outcomes]
