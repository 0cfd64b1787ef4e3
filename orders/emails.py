"""Mails about orders. Queued by the transaction that is their cause, sent later by whichever worker claims them."""

from __future__ import annotations

import hashlib
import logging
import smtplib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.log_fields import add_log_fields
from money import Money
from orders.access import order_link
from orders.models import Order, OutgoingMail

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
TIME_TO_SEND = timedelta(minutes=1)  # four steps of at most EMAIL_TIMEOUT each, after a connection that may be slow
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 6 * 60)]  # after each failure; then the last again
MAX_ATTEMPTS = 17  # with these pauses: about three days


class NotSent(Exception):
    """A mail did not go out. `permanent`: the server said that it never will. `server_down`: nor will any other now."""

    def __init__(self, why: str, *, permanent: bool = False, server_down: bool = False) -> None:
        super().__init__(why)
        self.permanent, self.server_down = permanent, server_down


def queue_mail(
    order: Order, kind: str, *, reference: str = "", context: Mapping[str, Any] | None = None, to: str | None = None
) -> None:
    """Write a mail to the queue, inside the caller's transaction; once per order, kind and reference.

    Does nothing if it is written already or the order has no e-mail address. `context` is JSON for the template; a
    refund's is {"amount_minor": 500, "currency": "EUR"}. `to` is the order's address where its row is locked and was just
    read; else it is read here.
    """
    if to is None:
        to = Order.objects.values_list("email", flat=True).get(pk=order.pk)
    if to:
        mail = OutgoingMail(order=order, kind=kind, reference=reference, context=dict(context or {}), to=to)
        # One statement: a repeat neither fails nor breaks the transaction it is part of.
        OutgoingMail.objects.bulk_create([mail], ignore_conflicts=True)


def send_due(limit: int = 100) -> int:
    """Send up to `limit` mails that are due and return how many went out.

    Safe to run at the same time as itself. Ends early when the mail server does not answer: the others would wait too.
    """
    sent = 0
    with _mail_server() as server:
        for pk in list(_due().order_by("next_try_at", "id").values_list("pk", flat=True)[:limit]):
            mail = claim(pk)
            if mail is None:
                continue
            add_log_fields(order=mail.order.number)
            try:
                _send(mail, server)
            except NotSent as error:
                _record_failure(mail, error)
                if error.server_down:
                    break
            else:
                sent += OutgoingMail.objects.filter(pk=pk, sent_at=None).update(sent_at=timezone.now(), last_error="")
    return sent


def try_again(mails: QuerySet[OutgoingMail]) -> int:
    """Make unsent mails of a queryset due now, with all their attempts before them. Returns how many."""
    return mails.filter(sent_at=None).update(failed_at=None, attempts=0, next_try_at=timezone.now())


def claim(pk: int) -> OutgoingMail | None:
    """Take a due mail for `LEASE`. None: another sender has it. One conditional UPDATE decides."""
    until = timezone.now() + LEASE
    if not _due().filter(pk=pk).update(claimed_until=until, attempts=F("attempts") + 1):
        return None
    return OutgoingMail.objects.select_related("order").get(pk=pk)


def message_id(mail: OutgoingMail) -> str:
    """The same for every attempt at the same mail, and no help in guessing an order's number."""
    name = hashlib.sha256(f"{mail.order.number}/{mail.kind}/{mail.reference}".encode()).hexdigest()[:32]
    return f"<{name}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}>"


def render(mail: OutgoingMail) -> EmailMultiAlternatives:
    """Write the mail: one line of subject, text, and the same in HTML."""
    context = {
        "order": mail.order,
        "lines": mail.order.lines.all(),
        "link": order_link(mail.order),
        "shop": {"name": settings.SHOP_NAME, "url": settings.SITE_URL},
        "amount": _amount(mail),
        "refunded": mail.context,
    }
    template = f"orders/email/{mail.kind}"
    with translation.override(settings.LANGUAGE_CODE):
        subject = " ".join(render_to_string(f"{template}_subject.txt", context).split())
        text = render_to_string(f"{template}_body.txt", context).strip() + "\n"
        html = render_to_string(f"{template}_body.html", context)
    headers = {"Message-ID": message_id(mail), "Auto-Submitted": "auto-generated"}
    message = EmailMultiAlternatives(subject, text, to=[mail.to], headers=headers)
    message.attach_alternative(html, "text/html")
    return message


def _due() -> QuerySet[OutgoingMail]:
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    return OutgoingMail.objects.filter(free, sent_at=None, failed_at=None, next_try_at__lte=now)


def _amount(mail: OutgoingMail) -> Money | None:
    return Money(mail.context["amount_minor"], mail.context["currency"]) if "amount_minor" in mail.context else None


@contextmanager
def _mail_server() -> Iterator[BaseEmailBackend]:
    """One connection for a whole pass, opened by the first mail."""
    server = get_connection()
    try:
        yield server
    finally:
        with suppress(Exception):  # the mails are sent; how the goodbye went changes nothing
            server.close()


def _send(mail: OutgoingMail, server: BaseEmailBackend) -> None:
    """Hand a mail to the server. Raises NotSent, whatever went wrong: an error in a template too is only this mail's."""
    try:
        message = render(mail)
    except Exception as error:
        logger.exception("Mail %s cannot be rendered", mail.pk)
        raise NotSent(f"{type(error).__name__}: {error}") from error
    try:
        server.open()
    except Exception as error:
        raise NotSent(f"No mail server: {error}", server_down=True) from error
    if mail.claimed_until is None or timezone.now() + TIME_TO_SEND > mail.claimed_until:
        raise NotSent("The mail server is too slow", server_down=True)
    try:
        server.send_messages([message])
    except Exception as error:
        with suppress(Exception):
            server.close()  # its conversation is in an unknown state: the next mail opens a new one
        raise NotSent(_said(error), permanent=_is_permanent(error), server_down=_is_server_down(error)) from error


def _said(error: Exception) -> str:
    """What the server answered, as staff reads it: `550 no such mailbox`."""
    answer: tuple[int, bytes | str]
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answer = next(iter(error.recipients.values()))  # a mail has one recipient
    elif isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_code, error.smtp_error
    else:
        return str(error) or type(error).__name__
    code, words = answer
    return f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"


def _is_permanent(error: Exception) -> bool:
    """5xx to the sender, the recipient or the text. A refused log-in or greeting is the server's trouble, not the mail's."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _reply in error.recipients.values())
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return error.smtp_code >= 500
    return False


def _is_server_down(error: Exception) -> bool:
    """It hung, hung up or said that it is closing (421). Any other answer is about this mail alone."""
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code == 421
    return isinstance(error, OSError) and not isinstance(error, smtplib.SMTPRecipientsRefused)


def _record_failure(mail: OutgoingMail, error: NotSent) -> None:
    """Put the mail back for later, or give it up; only if our lease still stands, or another sender has it now."""
    now = timezone.now()
    given_up = error.permanent or mail.attempts >= MAX_ATTEMPTS
    logger.warning("Mail %s to order %s not sent (%s)", mail.pk, mail.order_id, error)
    OutgoingMail.objects.filter(pk=mail.pk, claimed_until=mail.claimed_until, sent_at=None).update(
        claimed_until=None,
        failed_at=now if given_up else None,
        next_try_at=_next_try(mail.attempts, now),
        last_error=str(error)[:500],
    )


def _next_try(attempts: int, now: datetime) -> datetime:
    return now + PAUSES[min(attempts, len(PAUSES)) - 1]
