from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier, local

import pytest
from django.core import mail as outbox
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from orders import emails
from orders.access import order_link
from orders.emails import LEASE, MAX_ATTEMPTS, PAUSES, claim, message_id, queue_mail, render, send_due, try_again
from orders.models import OrderLine, OutgoingMail
from orders.status import Status
from tests import factories, mail_server
from tests.mail_server import MailServer

pytestmark = pytest.mark.django_db

Kind = OutgoingMail.Kind
REFUND = {"amount_minor": 500, "currency": "EUR"}


@pytest.fixture
def server(settings) -> Iterator[MailServer]:
    with MailServer() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_TIMEOUT = 1
        yield running


def queued(kind: str = Kind.CONFIRMED, **order_fields) -> OutgoingMail:
    order = factories.order(**{"status": Status.PAID, **order_fields})
    queue_mail(order, kind)
    return order.mails.get()


def make_due(mail: OutgoingMail) -> None:
    OutgoingMail.objects.filter(pk=mail.pk).update(next_try_at=timezone.now(), claimed_until=None)


def test_it_sends_a_queued_mail_once(server):
    mail = queued()
    assert send_due() == 1
    assert send_due() == 0
    [message] = server.accepted
    assert message["To"] == "ada@shop.test"
    assert message["Message-ID"] == message_id(mail)
    mail.refresh_from_db()
    assert mail.sent_at


def test_it_queues_a_mail_once_per_order_kind_and_reference():
    order = factories.order(status=Status.PAID)
    for reference in ("re_1", "re_1", "re_2"):
        queue_mail(order, Kind.REFUNDED, reference=reference, context=REFUND)
    assert order.mails.count() == 2


def test_it_queues_nothing_without_an_address():
    order = factories.order(email="")
    queue_mail(order, Kind.CONFIRMED)
    assert not order.mails.exists()


def test_it_writes_to_the_address_in_the_database():
    order = factories.order(email="")
    type(order).objects.filter(pk=order.pk).update(email="late@shop.test")
    queue_mail(order, Kind.CONFIRMED)
    assert order.mails.get().to == "late@shop.test"


def test_it_forgets_the_mail_of_a_transaction_that_failed():
    order = factories.order()

    @transaction.atomic
    def cause() -> None:
        queue_mail(order, Kind.CONFIRMED)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        cause()
    assert not order.mails.exists()


@pytest.mark.django_db(transaction=True)
def test_it_lets_two_transactions_queue_the_same_mail(race):
    order = factories.order()

    def queue() -> None:
        with transaction.atomic():
            queue_mail(order, Kind.CONFIRMED)

    assert race(*[queue] * 4) == [None] * 4
    assert order.mails.count() == 1


@pytest.mark.parametrize("kind", Kind.values)
def test_it_writes_every_kind_in_text_and_html(kind):
    order = factories.order(status=Status.PAID, carrier="DHL", tracking_number="JD014600")
    queue_mail(order, kind, context=REFUND)
    message = render(order.mails.get())
    html = message.alternatives[0].content
    for body in (message.body, html):
        assert order.number in body
        assert order_link(order) in body.replace("&amp;", "&")
    assert order.number in message.subject
    assert "€" in html


def test_it_names_the_carrier_and_the_tracking_number():
    message = render(queued(Kind.SHIPPED, status=Status.PAID, carrier="DHL", tracking_number="JD014600"))
    for body in (message.body, message.alternatives[0].content):
        assert "DHL" in body
        assert "JD014600" in body


def test_it_names_the_amount_of_this_refund():
    order = factories.order(status=Status.PAID)
    queue_mail(order, Kind.REFUNDED, reference="re_1", context=REFUND)
    message = render(order.mails.get())
    assert "€5.00" in message.body
    assert "€5.00" in message.alternatives[0].content


def test_it_writes_where_the_parcel_goes():
    address = {"line1": "12 Byron Row", "line2": None, "city": "London", "postal_code": "N1", "state": "", "country": "GB"}
    message = render(queued(recipient="Ada Lovelace", address=address))
    assert "Ada Lovelace\n12 Byron Row\nN1 London\nGB" in message.body


def test_it_escapes_what_shoppers_and_staff_wrote_in_html_only():
    mail = queued()
    OrderLine.objects.filter(order=mail.order).update(title="<script>alert(1)</script> & Co")
    message = render(mail)
    assert "<script>alert(1)</script> & Co" in message.body
    assert "<script" not in message.alternatives[0].content
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in message.alternatives[0].content


def test_it_keeps_line_breaks_out_of_the_subject(settings):
    settings.SHOP_NAME = "Strata\r\nBcc: mallory@shop.test"
    subject = render(queued()).subject
    assert "\n" not in subject
    assert "\r" not in subject


def test_it_makes_the_same_message_id_for_every_attempt_and_another_for_every_mail():
    first, second = queued(), queued()
    assert message_id(first) == message_id(OutgoingMail.objects.get(pk=first.pk))
    assert message_id(first) != message_id(second)
    assert first.order.number not in message_id(first)


def test_it_tries_again_later_when_nobody_listens(server):
    mail = queued()
    server.stop()
    assert send_due() == 0
    mail.refresh_from_db()
    assert mail.failed_at is None
    assert mail.last_error
    assert timezone.now() + timedelta(seconds=50) < mail.next_try_at < timezone.now() + timedelta(seconds=70)
    assert send_due() == 0  # not due: it is not even tried
    assert OutgoingMail.objects.get().attempts == 1


def test_it_does_not_make_every_mail_wait_for_a_dead_server(server):
    for _unused in range(3):
        queued()
    server.stop()
    send_due()
    assert sorted(OutgoingMail.objects.values_list("attempts", flat=True)) == [0, 0, 1]


@pytest.mark.parametrize("mode", [mail_server.LATER, mail_server.CLOSING, mail_server.HANG, mail_server.LOCKED])
def test_it_gets_through_once_the_server_recovers(server, settings, mode):
    settings.EMAIL_TIMEOUT = 0.2
    mail = queued()
    server.mode = mode
    assert send_due() == 0
    mail.refresh_from_db()
    assert mail.failed_at is None
    assert mail.next_try_at > timezone.now()
    server.mode = mail_server.ACCEPT
    make_due(mail)
    assert send_due() == 1
    assert [message["Message-ID"] for message in server.accepted] == [message_id(mail)]


def test_it_repeats_with_the_same_message_id_when_the_answer_was_lost(server):
    mail = queued()
    server.mode = mail_server.DROP
    assert send_due() == 0
    server.mode = mail_server.ACCEPT
    make_due(mail)
    assert send_due() == 1
    assert [message["Message-ID"] for message in server.accepted] == [message_id(mail)] * 2


def test_it_gives_up_a_mail_that_is_refused_for_good_and_sends_the_others(server):
    server.refused.add("nobody@shop.test")
    refused, fine = queued(email="nobody@shop.test"), queued()
    assert send_due() == 1
    refused.refresh_from_db()
    assert refused.failed_at
    assert refused.last_error.startswith("550 ")
    assert OutgoingMail.objects.get(pk=fine.pk).sent_at


def test_it_waits_longer_after_each_failure_and_gives_up_after_three_days(server):
    server.mode = mail_server.LATER
    mail, waits = queued(), []
    while mail.failed_at is None:
        send_due()
        mail.refresh_from_db()
        waits.append(mail.next_try_at - timezone.now())
        make_due(mail)
    minutes = [round(wait.total_seconds() / 60) for wait in waits[: len(PAUSES) + 1]]
    assert minutes == [1, 5, 15, 60, 360, 360]
    assert mail.attempts == MAX_ATTEMPTS
    assert timedelta(days=2.9) < sum(waits[:-1], timedelta()) < timedelta(days=3.1)


def test_it_starts_afresh_when_staff_say_so(server):
    server.mode = mail_server.REFUSE
    mail = queued()
    send_due()
    server.mode = mail_server.ACCEPT
    assert send_due() == 0
    assert try_again(OutgoingMail.objects.all()) == 1
    assert send_due() == 1
    assert try_again(OutgoingMail.objects.filter(pk=mail.pk)) == 0  # a sent mail is never sent again


def test_it_takes_over_from_a_killed_sender_only_after_its_lease(server):
    mail = queued()
    assert claim(mail.pk)  # and the worker is killed here
    assert send_due() == 0
    assert claim(mail.pk) is None
    OutgoingMail.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert send_due() == 1
    assert len(server.accepted) == 1


def test_it_does_not_start_sending_near_the_end_of_its_lease(server, monkeypatch):
    monkeypatch.setattr(emails, "LEASE", LEASE / 4)
    queued()
    assert send_due() == 0
    assert server.accepted == []


def test_it_keeps_an_unrenderable_mail_for_later_and_sends_the_others(server):
    broken, fine = queued(), queued()
    OutgoingMail.objects.filter(pk=broken.pk).update(kind="unknown")
    assert send_due() == 1
    broken.refresh_from_db()
    assert broken.failed_at is None
    assert "TemplateDoesNotExist" in broken.last_error
    assert OutgoingMail.objects.get(pk=fine.pk).sent_at


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (smtplib.SMTPRecipientsRefused({"a@shop.test": (550, b"no")}), True),
        (smtplib.SMTPRecipientsRefused({"a@shop.test": (452, b"full")}), False),
        (smtplib.SMTPDataError(554, b"spam"), True),
        (smtplib.SMTPDataError(451, b"later"), False),
        (smtplib.SMTPSenderRefused(553, b"no", "shop@shop.test"), True),
        (smtplib.SMTPAuthenticationError(535, b"wrong password"), False),
        (TimeoutError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_it_tells_what_is_for_good_from_what_may_pass(error, permanent):
    assert emails._is_permanent(error) is permanent


SENDERS, MAILS = 4, 6


def race_senders(race, monkeypatch, claiming) -> None:
    """Let several senders read the same list of due mails before any of them claims one."""
    for _unused in range(MAILS):
        queued()
    everyone_has_a_list, seen = Barrier(SENDERS), local()

    def claim_together(pk: int) -> OutgoingMail | None:
        if not hasattr(seen, "waited"):
            seen.waited = True
            everyone_has_a_list.wait(30)
        return claiming(pk)

    monkeypatch.setattr(emails, "claim", claim_together)
    for outcome in race(*[send_due] * SENDERS):
        assert not isinstance(outcome, Exception), outcome


@pytest.mark.django_db(transaction=True)
def test_it_sends_each_mail_once_from_racing_senders(race, server, monkeypatch):
    race_senders(race, monkeypatch, claim)
    assert len({message["Message-ID"] for message in server.accepted}) == MAILS
    assert len(server.accepted) == MAILS


@pytest.mark.django_db(transaction=True)
def test_it_would_send_mails_twice_without_the_claim(race, server, monkeypatch):
    def unguarded(pk: int) -> OutgoingMail:
        mail = OutgoingMail.objects.select_related("order").get(pk=pk)
        mail.claimed_until = timezone.now() + LEASE
        return mail

    race_senders(race, monkeypatch, unguarded)
    assert len(server.accepted) > MAILS


def test_it_sends_by_command(capsys):
    queued()
    call_command("send_mail_queue")
    call_command("send_mail_queue")
    assert len(outbox.outbox) == 1
    assert capsys.readouterr().out.split() == ["1", "sent", "0", "sent"]
