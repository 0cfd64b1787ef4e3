"""What runs low: listed by what is gone first, and told to staff by mail once each time, whoever sends it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.core import mail as outbox
from django.utils import timezone
from django.utils.html import escape

from catalog import low_stock
from catalog.low_stock import LEASE, notice, running_low, send_due, tell_of_low_stock, with_sales, write_mail
from catalog.models import LowStockMail, LowStockNotice, StockMovement, Variant
from catalog.stock import adjust
from tests import factories, shelf
from tests.catalog.admin_forms import list_of, page_of, submit
from tests.mail_server import DROP, LATER, MailServer

pytestmark = pytest.mark.django_db
STAFF = ["grace@shop.test", "store@shop.test"]


@pytest.fixture(autouse=True)
def told(settings) -> None:
    settings.STOCK_MAIL_TO = STAFF


@pytest.fixture
def server(settings) -> Iterator[MailServer]:
    with MailServer() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", running.port, 1
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield running


def move(variant: Variant, delta: int) -> None:
    adjust(variant.pk, delta, by="grace@shop.test", reference="test")


def an_hour_later() -> None:
    for mail in LowStockMail.objects.all():
        hour = mail.hour - timedelta(hours=1)
        LowStockMail.objects.filter(pk=mail.pk).update(hour=hour)


def make_due() -> None:
    LowStockMail.objects.update(next_try_at=timezone.now(), claimed_until=None)


def sold(variant: Variant, units: int, *, days_ago: int = 0) -> None:
    shelf.reserve(variant.pk, units)
    shelf.sell(variant.pk, units)
    at = timezone.now() - timedelta(days=days_ago)
    StockMovement.objects.filter(pk=variant.movements.latest("id").pk).update(at=at)


# -- What is low ------------------------------------------------------------------------------------------------------


def test_it_is_low_by_its_own_number_or_by_the_shops(settings):
    settings.LOW_STOCK_UNITS = 3
    of_shop, plenty = factories.variant(on_hand=3), factories.variant(on_hand=4)
    own, never = factories.variant(on_hand=9, low_stock_at=10), factories.variant(on_hand=1, low_stock_at=0)
    hidden = factories.variant(on_hand=1, product=factories.product(is_published=False))
    factories.variant(on_hand=1, is_active=False)
    factories.download()
    assert set(running_low()) == {of_shop, own}
    assert not {plenty, never, hidden} & set(running_low())


def test_it_puts_first_what_is_gone_first():
    slow, fast, never = (factories.variant(on_hand=20, low_stock_at=50) for _each in range(3))
    gone = factories.variant(on_hand=1)
    shelf.reserve(gone.pk, 1)
    sold(slow, 1)
    sold(fast, 10)
    sold(never, 10, days_ago=31)
    rows = list(with_sales(running_low()).order_by("days_left"))
    assert rows == [gone, fast, slow, never]
    assert [row.sold for row in rows] == [0, 10, 1, 0]
    assert rows[1].days_left == pytest.approx(30)


def test_it_lists_them_with_what_was_sold(grace_client, django_assert_max_num_queries):
    few = factories.variant(on_hand=12, low_stock_at=12, sku="FEW-1")
    sold(few, 6)
    factories.variant(on_hand=1, sku="ONE-1")
    factories.variant(on_hand=50, sku="MANY-1")
    with django_assert_max_num_queries(10):
        page = grace_client.get(list_of("lowstock")).content.decode()
    assert "about 30 days" in page
    assert page.index("FEW-1") < page.index("ONE-1")
    assert "MANY-1" not in page
    assert page_of(few) in page
    assert grace_client.get(list_of("lowstock") + "add/").status_code == 403


def test_it_says_that_nothing_is_low(grace_client):
    assert "0 low stock" in grace_client.get(list_of("lowstock")).content.decode()


def test_it_takes_the_number_from_staff(grace_client):
    variant = factories.variant(on_hand=8)
    assert submit(grace_client, page_of(variant), low_stock_at="8").status_code == 302
    assert list(running_low()) == [variant]


# -- The mail ---------------------------------------------------------------------------------------------------------


def test_it_tells_once_what_ran_low(server):
    variant = factories.variant(on_hand=5, sku="FF-A3")
    assert tell_of_low_stock() == 0
    move(variant, -3)
    assert [tell_of_low_stock() for _turn in range(3)] == [1, 0, 0]
    an_hour_later()
    assert tell_of_low_stock() == 0
    (message,) = server.accepted
    assert message["To"] == ", ".join(STAFF)
    assert message["Subject"] == "Strata Prints: 1 article runs low"
    text = message.get_content()
    assert "2 left of FF-A3, Flow Field No. 7" in text
    assert "/admin/catalog/lowstock/" in text


def test_it_tells_again_when_it_ran_low_again(server):
    variant = factories.variant(on_hand=2)
    tell_of_low_stock()
    move(variant, 5)
    tell_of_low_stock()
    an_hour_later()
    move(variant, -5)
    assert tell_of_low_stock() == 1
    assert LowStockNotice.objects.filter(variant=variant).count() == 2


def test_it_writes_one_mail_an_hour_and_forgets_what_is_there_again_by_then(server):
    factories.variant(on_hand=2)
    tell_of_low_stock()
    waits, passes = factories.variant(on_hand=1, sku="WAITS"), factories.variant(on_hand=1, sku="PASSES")
    assert tell_of_low_stock() == 0
    move(passes, 9)
    an_hour_later()
    assert tell_of_low_stock() == 1
    text = server.accepted[-1].get_content()
    assert waits.sku in text
    assert "PASSES" not in text


def test_it_is_no_news_that_a_hold_comes_and_goes(server):
    variant = factories.variant(on_hand=5)
    shelf.reserve(variant.pk, 5)
    assert tell_of_low_stock() == 0


def test_it_tells_nobody_where_nobody_is_named(settings):
    settings.STOCK_MAIL_TO = []
    factories.variant(on_hand=1)
    assert (tell_of_low_stock(), LowStockNotice.objects.count(), outbox.outbox) == (0, 0, [])


def test_it_shortens_a_mail_about_very_many(monkeypatch, settings):
    monkeypatch.setattr(low_stock, "SHOWN", 2)
    settings.SHOP_NAME = "A & B"
    for _each in range(5):
        factories.variant(on_hand=1)
    assert tell_of_low_stock() == 1
    (message,) = outbox.outbox
    assert message.subject == "A & B: 5 articles run low"
    assert message.body.count("1 left of") == 2
    assert "and 3 more." in message.body


@pytest.mark.parametrize("mode", [LATER, DROP])
def test_it_tries_again_with_the_same_id(server, mode):
    factories.variant(on_hand=1)
    server.mode = mode
    assert tell_of_low_stock() == 0
    mail = LowStockMail.objects.get()
    assert (mail.attempts, mail.sent_at, mail.claimed_until) == (1, None, None)
    assert mail.last_error
    assert mail.next_try_at > timezone.now()
    server.mode = "accept"
    make_due()
    assert tell_of_low_stock() == 1
    assert len({message["Message-ID"] for message in server.accepted}) == 1


def test_it_shows_staff_a_mail_that_does_not_go_out_and_why(server, grace_client):
    factories.variant(on_hand=1)
    server.mode = LATER
    tell_of_low_stock()
    mail = LowStockMail.objects.get()
    for address in (list_of("lowstockmail"), page_of(mail)):
        page = grace_client.get(address).content.decode()
        assert "tried again" in page
        assert escape(mail.last_error) in page
    server.mode = "accept"
    make_due()
    tell_of_low_stock()
    assert "sent on" in grace_client.get(list_of("lowstockmail", "?sent_at__isempty=0")).content.decode()
    assert grace_client.post(page_of(mail), {"attempts": 9}).status_code == 403


def test_it_takes_over_from_a_killed_worker_only_after_its_lease(server):
    factories.variant(on_hand=1)
    notice()
    mail = write_mail()
    assert low_stock.claim(mail.pk)
    assert send_due() == 0
    LowStockMail.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert send_due() == 1
    assert timedelta(minutes=1) < LEASE


# -- Two workers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("_round", range(3))
def test_it_sends_one_mail_from_workers_at_the_same_instant(race, server, _round):
    variants = [factories.variant(on_hand=1) for _each in range(3)]
    outcomes = race(*[tell_of_low_stock] * 4)
    assert not [each for each in outcomes if isinstance(each, Exception)]
    assert sum(outcomes) + send_due() == len(server.accepted) == 1
    assert LowStockNotice.objects.filter(mail__isnull=False).count() == len(variants)


def test_it_would_send_several_without_the_claim(race, server, monkeypatch):
    """The control: all have read that the mail is due before anybody says that it is theirs."""
    factories.variant(on_hand=1)
    notice()
    write_mail()
    all_have_read = Barrier(3)

    def unguarded(pk: int) -> Any:
        all_have_read.wait(20)
        LowStockMail.objects.filter(pk=pk).update(claimed_until=timezone.now() + LEASE)
        return LowStockMail.objects.get(pk=pk)

    monkeypatch.setattr(low_stock, "claim", unguarded)
    race(*[send_due] * 3)
    assert len(server.accepted) == 3
