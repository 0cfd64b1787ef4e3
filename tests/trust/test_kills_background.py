"""The background worker is killed in the middle of each of its jobs, or is away for half an hour."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from orders.emails import message_id, send_due
from orders.models import Order, OutgoingMail
from orders.status import Status
from payments import gateway
from payments.models import Refund
from payments.refund import refund
from tests import factories
from tests.mail_server import HANG
from tests.sandbox_process import wait_for
from tests.trust.kills import BOOKING, walk_to

CLAIM = 'UPDATE "orders_outgoingmail" SET "claimed_until"'
MAIL_IS_SENT = '^before UPDATE "orders_outgoingmail" SET "sent_at"'


@pytest.fixture
def download(world):
    return factories.variant(requires_shipping=False, on_hand=1000, price_minor=1200)


def kill_worker_at(world, *places, **environment):
    """Start a worker, and SIGKILL it once it has come by each of the places and is at the last."""
    stop = world.shop.stops.set(places[0])
    worker = world.shop.start_worker("--once", **environment)
    assert walk_to(world.shop, stop, *places[1:]).wait() == [worker.pid]
    world.shop.end_worker(worker)
    world.shop.stops.clear()
    assert worker.returncode == -signal.SIGKILL


def states():
    return Counter(Order.objects.values_list("status", flat=True))


# ---- mail


@pytest.mark.case("F40")
def test_a_mail_of_a_killed_worker_goes_out_when_its_lease_is_over(world, download, rounds):
    for number in rounds(1, long=50):
        world.sold(download)
        kill_worker_at(world, f"^after {CLAIM}")
        assert (send_due(), len(world.mail.accepted)) == (0, number)
        world.later(minutes=3)
        assert send_due() == 1
    world.quiesce()
    world.check()


@pytest.mark.case("F40", "F47")
def test_a_mail_that_the_server_had_not_taken_when_the_worker_was_killed_goes_out(world, download, rounds):
    for number in rounds(1, long=50):
        world.sold(download)
        world.mail.mode = HANG
        hanging, worker = world.mail.hanging, world.shop.start_worker("--once")
        wait_for(lambda before=hanging: world.mail.hanging > before, seconds=20, what="a mail at the server")
        world.shop.end_worker(worker)
        assert len(world.mail.accepted) == number
        world.quiesce()
        assert len(world.mail.accepted) == number + 1
    world.check()


@pytest.mark.case("F40")
def test_a_mail_that_the_server_had_taken_when_the_worker_was_killed_is_repeated_as_the_same(world, download, rounds):
    for _round in rounds(1, long=50):
        world.mail.accepted.clear()
        mail = world.sold(download).mails.get()
        kill_worker_at(world, MAIL_IS_SENT)
        assert len(world.mail.accepted) == 1
        world.quiesce()
        assert [message["Message-ID"] for message in world.mail.accepted] == [message_id(mail)] * 2
    assert world.violations() == {}


@pytest.mark.case("F40")
def test_without_an_end_of_its_lease_that_mail_would_never_go_out(world, download):
    world.sold(download)
    kill_worker_at(world, f"^after {CLAIM}", TRUST_BROKEN="lease")
    world.quiesce()
    assert world.mail.accepted == []
    assert "mail_goes_out" in world.violations()


def two_workers_claim_one_mail(world, download, **environment):
    world.sold(download)
    stop = world.shop.stops.set(f"^before {CLAIM}", at_most=2)
    workers = [world.shop.start_worker("--once", **environment) for _each in range(2)]
    assert set(stop.wait(2)) == {worker.pid for worker in workers}
    stop.release()
    for worker in workers:
        assert worker.wait(60) == 0, world.shop.text[-3000:]
    return len(world.mail.accepted)


@pytest.mark.case("F40")
@pytest.mark.long  # tests/orders/test_emails.py has the same race within one process
def test_two_workers_send_a_mail_once(world, download):
    assert two_workers_claim_one_mail(world, download) == 1
    world.quiesce()
    world.check()


@pytest.mark.case("F40")
@pytest.mark.long
def test_without_the_claim_two_workers_send_it_twice(world, download):
    assert two_workers_claim_one_mail(world, download, TRUST_BROKEN="mail_claim") == 2


# ---- Stripe


@pytest.mark.case("F40")
@pytest.mark.parametrize(
    ("places", "paid"),
    [
        pytest.param(["^after call GET /v1/events"], 0, marks=pytest.mark.long),
        pytest.param([BOOKING, "^before COMMIT"], 0, marks=pytest.mark.long),
        ([BOOKING, "^after COMMIT"], 1),
    ],
)
def test_a_reconciliation_that_was_killed_is_finished_by_the_next(world, download, rounds, places, paid):
    for number in rounds(1, long=50):
        for _each in range(3):
            world.sold(download, told=False)
        kill_worker_at(world, *places)
        assert states()[Status.PAID] == 3 * number + paid
        world.quiesce()
        assert states() == {Status.PAID: 3 * number + 3}
    world.check()


@pytest.mark.case("F40", "F36")
@pytest.mark.parametrize(
    ("places", "ended"),
    [
        (["^after call POST /v1/checkout/sessions/.*/expire$"], 0),
        pytest.param([BOOKING, '^after UPDATE "catalog_variant"'], 0, marks=pytest.mark.long),
        pytest.param([BOOKING, "^after COMMIT"], 1, marks=pytest.mark.long),
    ],
)
def test_an_expiry_that_was_killed_is_finished_by_the_next(world, download, places, ended):
    for _each in range(3):
        world.shopper().put(download).checkout()
    world.after_the_hold()
    kill_worker_at(world, *places)
    assert states()[Status.EXPIRED] == ended
    world.quiesce()
    world.check()
    assert states() == {Status.EXPIRED: 3}


@pytest.mark.case("F30", "F36")
@pytest.mark.parametrize(
    ("place", "refunded"),
    [pytest.param("^before call POST /v1/refunds$", 0, marks=pytest.mark.long), ("^after call POST /v1/refunds$", 500)],
)
def test_a_refund_of_a_killed_worker_goes_out_once(world, download, place, refunded):
    order = world.sold(download)
    fault = world.sandbox.fault(method="POST", path="^/v1/refunds$", action="drop_before")
    with pytest.raises(gateway.GatewayDown):
        refund(order, amount_minor=500, restock=False, reason="A scratch", by="grace@shop.test")
    assert world.sandbox.fault_state(fault)["hits"]
    world.sandbox.clear_faults()
    kill_worker_at(world, place)
    assert [one["refunded"] for one in world.sandbox.books()["sessions"]] == [refunded]
    assert Refund.objects.get().status == Refund.Status.REQUESTED
    world.quiesce()
    world.check()
    assert [one["refunded"] for one in world.sandbox.books()["sessions"]] == [500]


# ---- away


@pytest.mark.case("F39")
def test_a_worker_that_was_away_for_half_an_hour_catches_up_in_order(world, download):
    told = [world.sold(download) for _each in range(3)]
    world.sold(download, told=False)
    world.shopper().put(download).checkout()
    world.after_the_hold()
    world.later(minutes=30)
    assert states() == {Status.PAID: 3, Status.PENDING: 2}
    alarm = world.client().get("/readyz")
    assert alarm.status_code == 503
    assert "mails: 3 waiting for more than 10 minutes" in alarm.json()["reasons"]
    world.shop.start_worker()
    wait_for(lambda: states() == {Status.PAID: 4, Status.EXPIRED: 1}, seconds=30, what="the end of the holds")
    wait_for(lambda: not OutgoingMail.objects.filter(sent_at=None).exists(), seconds=30, what="all mail")
    written = [message_id(order.mails.get()) for order in told]
    assert [message["Message-ID"] for message in world.mail.accepted][:3] == written
    wait_for(lambda: world.client().get("/readyz").status_code == 200, seconds=30, what="being ready")
    world.shop.end_workers()
    world.quiesce()
    world.check()
