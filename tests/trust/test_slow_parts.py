"""Stripe, the mail server or the blob store is slow, refuses, or is not there: the rest of the shop does not wait for it."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import requests

from orders.emails import message_id, send_due
from orders.models import Order, OutgoingMail
from orders.status import Status
from tests import factories
from tests.mail_server import ACCEPT, CLOSING, DROP, HANG, LATER
from tests.sandbox_process import wait_for
from tests.trust.at_once import Calls
from tests.trust.http_client import HttpClient
from tests.trust.programs import ShopProgram
from tests.trust.silent import SilentServer
from tools.processes import free_port
from tools.services import azurite_connection_string

CREATE = {"method": "POST", "path": "^/v1/checkout/sessions$"}
SHOPPERS = 10


@pytest.fixture(scope="module")
def store():
    with SilentServer() as store:
        yield store


@pytest.fixture(scope="module")
def small_shop(shop_program, store):
    """One process with the threads of production, whose blob store is silent."""
    pictures = azurite_connection_string(store.port)
    with ShopProgram(web_processes=1, threads=0, AZURE_STORAGE_CONNECTION_STRING=pictures) as shop:
        yield shop


@pytest.fixture
def download(world, store):
    made = factories.variant(requires_shipping=False, on_hand=100, price_minor=1200)
    factories.picture(product=made.product, url=f"http://127.0.0.1:{store.port}/media/one.webp")
    return made


def pages_with(variant):
    return ["/", "/products/", f"/products/{variant.product.slug}/", "/search/?q=flow", "/cart/", "/checkout/"]


# ---- Stripe


@contextmanager
def ten_checkouts_hang(world, download, shop, **fault):
    """Ten shoppers pressed the button, all at one process, and Stripe has not answered any of them."""
    shoppers = [world.shopper(shop=shop).put(download) for _each in range(SHOPPERS)]
    silence = world.sandbox.fault(**CREATE, **fault)
    with Calls(*[shopper.press_pay for shopper in shoppers]) as calls:
        assert world.sandbox.wait_fault(silence, waiting=SHOPPERS, timeout=20)
        yield shoppers, calls


def look_around(world, download, shop, calls):
    """Somebody else looks at many pages while all ten wait."""
    visitor = world.shopper(shop=shop).put(download).client
    answers = [visitor.get(page, timeout=10) for page in pages_with(download) * 4]
    assert calls.outcomes == [None] * SHOPPERS, "nobody waits any more"
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.seconds for answer in answers)[-2] < 1  # all but 5 %


@pytest.mark.case("F34")
def test_ten_checkouts_that_wait_for_stripe_keep_nobody_else_waiting(world, download, small_shop):
    with ten_checkouts_hang(world, download, small_shop, action="hold_before") as (shoppers, calls):
        look_around(world, download, small_shop, calls)
        world.sandbox.clear_faults()
    assert {answer.status_code for answer in calls.outcomes} == {303}
    for shopper in shoppers:
        shopper.pay(shopper.checkout())
    world.quiesce()
    world.check()
    assert Order.objects.filter(status=Status.PAID).count() == SHOPPERS


@pytest.mark.case("F34")
@pytest.mark.long
@pytest.mark.parametrize("fault", [{"action": "silent"}, {"action": "slow", "seconds": 20}], ids=["silent", "slow"])
def test_ten_checkouts_at_a_silent_stripe_are_answered_in_time_and_hold_nothing(world, download, small_shop, fault):
    with ten_checkouts_hang(world, download, small_shop, **fault) as (shoppers, calls):
        look_around(world, download, small_shop, calls)
    assert {answer.status_code for answer in calls.outcomes} == {503}
    assert max(answer.seconds for answer in calls.outcomes) < 10
    assert set(Order.objects.values_list("status", flat=True)) == {Status.CANCELLED}
    download.refresh_from_db()
    assert download.stock_reserved == 0
    world.sandbox.clear_faults()
    for shopper in shoppers:
        assert download.product.title in shopper.client.get("/cart/").text
        shopper.pay(shopper.checkout())
    world.quiesce()
    world.check()


@pytest.mark.case("F34")
def test_with_fewer_threads_than_checkouts_everybody_would_wait(world, download):
    with (
        ShopProgram(web_processes=1, threads=SHOPPERS) as shop,
        ten_checkouts_hang(world, download, shop, action="silent"),
    ):
        with pytest.raises(requests.Timeout):
            HttpClient(shop.url).get("/", timeout=1.5)
        shop.stop()


# ---- mail


def tried_in_vain(mail):
    return OutgoingMail.objects.filter(pk=mail.pk, claimed_until=None, sent_at=None).exclude(last_error="").first()


@pytest.mark.case("F47")
def test_trouble_at_the_mail_server_delays_mail_and_nothing_else(world, download):
    world.shop.start_worker("--mail-every", "0.2", "--expire-every", "900", "--reconcile-every", "900")
    written = []
    for world.mail.mode in (CLOSING, LATER, DROP):
        order = world.sold(download)
        assert order.status == Status.PAID
        written.append(order.mails.get())
        wait_for(lambda: tried_in_vain(written[-1]), seconds=20, what="a try to send")
    world.shop.end_workers()
    assert [message["Message-ID"] for message in world.mail.accepted] == [message_id(written[-1])]  # it could not say so
    world.quiesce()
    world.check(repeated=[message_id(written[-1])])
    assert len(world.mail.accepted) == 4


@pytest.mark.case("F47")
@pytest.mark.parametrize("hangs", [False, pytest.param(True, marks=pytest.mark.long)], ids=["not there", "hangs"])
def test_a_mail_server_that_does_not_answer_gets_the_mail_later(world, download, hangs):
    mails = [world.sold(download).mails.get() for _each in range(3)]
    world.mail.mode = HANG if hangs else ACCEPT
    elsewhere = {} if hangs else {"EMAIL_URL": f"smtp://127.0.0.1:{free_port()}"}
    worker = world.shop.start_worker("--once", **elsewhere)
    assert worker.wait(60) == 0
    assert [bool(tried_in_vain(mail)) for mail in mails] == [True, False, False], "the others need not wait for it too"
    world.quiesce()
    world.check()
    assert len(world.mail.accepted) == 3


@pytest.mark.case("F47")
def test_a_mail_that_is_refused_for_good_is_shown_to_staff_who_can_send_it_again(world, download):
    world.mail.refused = {"ada@shop.test"}
    mail = world.sold(download).mails.get()
    assert send_due() == 0
    world.later(days=1)
    assert send_due() == 0
    assert "mail_goes_out" in world.violations()
    staff, queue = world.staff(), "/admin/orders/outgoingmail/"
    assert "550 no such mailbox" in staff.get(queue).text
    world.mail.refused = set()
    assert staff.post(queue, {"action": "send_again", "_selected_action": mail.pk}).status_code == 302
    world.quiesce()
    world.check()


# ---- pictures


@pytest.mark.case("F48")
def test_pages_and_checkout_never_ask_the_blob_store(world, download, small_shop, store):
    ada = world.shopper(shop=small_shop).put(download)
    answers = [ada.client.get(page) for page in pages_with(download)]
    payment = ada.checkout()
    ada.pay(payment)
    assert world.deliver(world.completed(payment), shop=small_shop).status_code == 200
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    address = download.product.images.get().url
    assert all(address in answer.text for answer in answers), "its stored address is all that a page needs"
    assert store.asked == []
    world.quiesce()
    world.check()


@pytest.mark.case("F48")
def test_a_question_to_the_blob_store_would_be_counted(store):
    with pytest.raises(requests.Timeout):
        requests.get(f"http://127.0.0.1:{store.port}/", timeout=0.2)
    assert store.asked.pop()
