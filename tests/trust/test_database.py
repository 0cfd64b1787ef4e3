"""The database is locked, takes two in opposite order, cuts its connections, or is away for a moment."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.db import connection
from environ import Env

from catalog.models import Variant
from orders.models import Order
from orders.status import Status
from tests import factories
from tests.payments.shopping import one_event
from tests.sandbox_process import wait_for
from tests.trust.at_once import Calls, at_once
from tests.trust.kills import BOOKING
from tests.trust.programs import ShopProgram
from tests.trust.silent import SilentServer
from tools.services import Postgres

ORDER_WRITTEN = '^after INSERT INTO "orders_order"'
VARIANT_LOCKED = '^after UPDATE "catalog_variant" SET "stock_reserved"'


@pytest.fixture
def download(world):
    return factories.variant(requires_shipping=False, on_hand=500, price_minor=1200)


def asks_to_try_again(answer):
    """The page for a database that is away: a sentence, when to come back, and nothing of the error."""
    words = "try again in a few seconds" in answer.text and "database" not in answer.text
    return (answer.status_code, answer.headers.get("Retry-After"), words) == (503, "5", True)


@pytest.mark.case("F42", "F43")
def test_a_database_that_fails_for_a_moment_costs_a_repetition(world, ada, download):
    ada.put(download)
    world.shop.stops.set(ORDER_WRITTEN, fails=True)
    assert asks_to_try_again(ada.press_pay())
    ada.pay(ada.checkout())
    event = one_event(world.sandbox, "checkout.session.completed")
    world.shop.stops.set(BOOKING, fails=True)
    assert [world.deliver(event).status_code for _try in range(2)] == [500, 200]
    assert Order.objects.get().status == Status.PAID
    world.quiesce()
    world.check()


# ---- SQLite


@contextmanager
def locked_by_somebody():
    """Another program writes for as long as the block takes."""
    somebody = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    somebody.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        somebody.close()


@pytest.mark.case("F43")
@pytest.mark.only_on("sqlite")
def test_writers_wait_for_a_lock_of_a_second_and_readers_do_not(world, download):
    shoppers = [world.shopper().put(download, 2) for _each in range(8)]
    stop = world.shop.stops.set("^before BEGIN", at_most=8)
    with Calls(*[shopper.press_pay for shopper in shoppers]) as calls:
        stop.wait(8)
        with locked_by_somebody():
            stop.release()
            end = time.monotonic() + 1
            while time.monotonic() < end:
                assert world.client().get("/search/").status_code == 200
            assert not Order.objects.exists()
    assert [answer.status_code for answer in calls.outcomes] == [303] * 8
    download.refresh_from_db()
    assert download.stock_reserved == 16
    world.quiesce()
    world.check()


@pytest.mark.case("F43")
@pytest.mark.only_on("sqlite")
@pytest.mark.long
def test_writers_give_up_a_lock_of_many_seconds_and_can_be_repeated(world, ada, download):
    payment = ada.buy(download)
    event, bob, eve = world.completed(payment), world.shopper().put(download), world.shopper()
    eve.client.csrf_token()
    adding = {"variant": download.pk, "quantity": 1}
    with locked_by_somebody():
        webhook, *pages = at_once(lambda: world.deliver(event), bob.press_pay, lambda: eve.client.post("/cart/add/", adding))
    assert webhook.status_code == 500
    assert all(asks_to_try_again(page) for page in pages)
    assert all(5 < answer.seconds < 15 for answer in (webhook, *pages))
    assert world.deliver(event).status_code == 200
    assert bob.press_pay().status_code == 303
    eve.put(download)
    world.quiesce()
    world.check()


@pytest.mark.case("F43")
@pytest.mark.only_on("sqlite")
def test_transactions_that_read_first_and_write_later_would_fail_at_once(world, broken, download):
    with broken("immediate") as shop:
        pair = [world.shopper(shop=shop).put(download) for _each in range(2)]
        stop = shop.stops.set('^before INSERT INTO "payments_payment"', at_most=2)  # both have read
        with Calls(*[shopper.press_pay for shopper in pair]) as calls:
            stop.wait(2)
            stop.release()
    assert sorted(answer.status_code for answer in calls.outcomes) == [303, 503]
    assert "database is locked" in shop.text


# ---- PostgreSQL


def two_in_opposite_order(world, one, other, *, shop=None):
    return [world.shopper(shop=shop).put(one).put(other), world.shopper(shop=shop).put(other).put(one)]


def meet_at_a_lock(world, *requests):
    """One request has locked its first variant, the other one is waiting for a lock: only then may both go on."""
    stop = world.shop.stops.set(VARIANT_LOCKED)
    with Calls(*requests) as calls:
        stop.wait()
        wait_for(somebody_waits_for_a_lock, what="waiting for a lock")
        stop.release()
    return [answer.status_code for answer in calls.outcomes]


def somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return cursor.fetchone()


@pytest.mark.case("F44")
@pytest.mark.only_on("postgres")
def test_two_who_want_the_same_in_opposite_order_wait_for_each_other(world, download, rounds):
    another = factories.variant(requires_shipping=False, on_hand=500)
    for _round in rounds(5, long=100):  # two pairs each
        pair = two_in_opposite_order(world, download, another)
        assert meet_at_a_lock(world, *[shopper.press_pay for shopper in pair]) == [303, 303]
        payments = [shopper.checkout() for shopper in pair]
        outcomes = [shopper.pay(payment)["outcome"] for shopper, payment in zip(pair, payments, strict=True)]
        assert outcomes == ["succeeded"] * 2
        events = [world.completed(payment) for payment in payments]
        assert meet_at_a_lock(world, *[lambda event=event: world.deliver(event) for event in events]) == [200, 200]
    assert "deadlock" not in world.shop.text
    assert set(Order.objects.values_list("status", flat=True)) == {Status.PAID}
    world.quiesce()
    world.check()


@pytest.mark.case("F44")
@pytest.mark.only_on("postgres")  # SQLite lets one write at a time: nobody waits for a row
def test_without_an_order_of_locks_they_would_block_each_other_for_good(world, broken, download):
    another = factories.variant(requires_shipping=False)
    with broken("lock_order") as shop:
        pair = two_in_opposite_order(world, download, another, shop=shop)
        stop = shop.stops.set(VARIANT_LOCKED, at_most=2)
        with Calls(*[shopper.press_pay for shopper in pair]) as calls:
            stop.wait(2)
            stop.release()
    assert sorted(answer.status_code for answer in calls.outcomes) == [303, 503]
    assert "deadlock detected" in shop.text


def cut_off_everybody():
    """End every connection to the test's database but the test's own."""
    with connection.cursor() as cursor:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        cursor.execute(f"SELECT count(pg_terminate_backend(pid)) {others}")
        return cursor.fetchone()[0]


@pytest.mark.case("F42")
@pytest.mark.only_on("postgres")
def test_connections_that_were_cut_between_requests_are_not_noticed(world, ada, download):
    ada.put(download)
    looks = [lambda: world.client().get("/healthz"), lambda: world.client().get("/search/")] * 8
    at_once(*looks)
    assert cut_off_everybody() > 1
    assert {answer.status_code for answer in at_once(*looks)} == {200}
    assert ada.press_pay().status_code == 303


@pytest.mark.case("F42")
@pytest.mark.only_on("postgres")
def test_a_connection_that_is_cut_in_a_transaction_costs_a_repetition(world, ada, download):
    def cut_at(place, request):
        stop = world.shop.stops.set(place)
        with Calls(request) as calls:
            stop.wait()
            cut_off_everybody()
            stop.release()
        return calls.outcomes[0]

    ada.put(download)
    assert asks_to_try_again(cut_at(ORDER_WRITTEN, ada.press_pay))
    ada.pay(ada.checkout())
    event = one_event(world.sandbox, "checkout.session.completed")
    assert cut_at(BOOKING, lambda: world.deliver(event)).status_code == 500
    assert world.deliver(event).status_code == 200
    world.quiesce()
    world.check()


@pytest.fixture
def own_server(world, monkeypatch):
    """A PostgreSQL that may be stopped. The rows of the test, and programs that it starts, are there meanwhile."""
    with Postgres() as server, monkeypatch.context() as patch:
        for name, value in Env.db_url_config(server.url).items():
            patch.setitem(connection.settings_dict, name, value)
        patch.setenv("DATABASE_URL", server.url)
        connection.close()
        call_command("migrate", verbosity=0)
        yield server
        connection.close()


@pytest.mark.case("F42")
@pytest.mark.only_on("postgres")
def test_everything_goes_on_when_the_database_is_there_again(world, own_server):
    download = factories.variant(requires_shipping=False, on_hand=5)
    with ShopProgram(EMAIL_URL=f"smtp://127.0.0.1:{world.mail.port}") as shop:
        world = replace(world, shop=shop)
        ada, bob = world.shopper(), world.shopper().put(download)
        event = world.completed(ada.buy(download))
        connection.close()
        with own_server.stopped():
            assert world.deliver(event).status_code == 500
            assert asks_to_try_again(bob.press_pay())
            assert asks_to_try_again(bob.client.get("/cart/"))
            assert [world.client().get(path).status_code for path in ("/healthz", "/readyz")] == [200, 503]
        assert world.deliver(event).status_code == 200
        assert bob.press_pay().status_code == 303
        assert Variant.objects.get().stock_reserved == 1
        world.quiesce()
        world.check()


@pytest.mark.case("F42")
@pytest.mark.only_on("postgres")
@pytest.mark.long
def test_a_database_server_that_says_nothing_is_not_waited_for(world):
    with SilentServer() as server, ShopProgram(DATABASE_URL=f"postgres://shop@127.0.0.1:{server.port}/shop") as shop:
        answer = world.shopper(shop=shop).client.get("/products/", timeout=30)
        assert asks_to_try_again(answer)
        assert answer.seconds < 10
        assert server.asked
