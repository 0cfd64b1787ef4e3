"""Damage to what follows from orders: mails, and the events that were heard."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from orders.models import Order, OutgoingMail
from orders.status import Status
from payments.audit import OVERDUE
from payments.models import Difference, Dispute, Refund, WebhookEvent
from tests.payments.damage import Life, change, found_by, long_ago, mail_to, waiting_mail


@found_by("confirmation_is_written")
def confirmation_lost(life: Life) -> None:
    OutgoingMail.objects.filter(order=life[Status.SHIPPED], kind="confirmed").delete()


@found_by("events_are_processed")
def event_not_processed(life: Life) -> None:
    WebhookEvent.objects.create(stripe_id="evt_1", type="charge.refunded", created_at=long_ago())
    change(WebhookEvent.objects, received_at=long_ago())


@found_by("refunds_go_out")
def refund_not_sent(life: Life) -> None:
    change(Refund.objects, status=Refund.Status.REQUESTED, created_at=long_ago())


@found_by("mail_goes_out")
def mail_waits(life: Life) -> None:
    change(waiting_mail(life), next_try_at=long_ago())


@found_by("mail_goes_out")
def mail_given_up(life: Life) -> None:
    change(waiting_mail(life), failed_at=timezone.now())


@found_by("shipping_is_told")
def shipping_untold(life: Life) -> None:
    OutgoingMail.objects.filter(kind="shipped").delete()


@found_by("refunds_are_told")
def refund_untold(life: Life) -> None:
    OutgoingMail.objects.filter(kind="refunded").delete()


@found_by("mail_has_a_cause")
def confirmed_unpaid(life: Life) -> None:
    mail_to(life[Status.PENDING], kind="confirmed")


@found_by("mail_has_a_cause")
def shipping_told_too_early(life: Life) -> None:
    mail_to(life[Status.PAID], kind="shipped")


@found_by("mail_has_a_cause")
def refund_told_that_never_was(life: Life) -> None:
    mail_to(life[Status.PAID], kind="refunded", reference=Refund.objects.get().reference)


@found_by("mail_has_a_cause")
def cancellation_told_of_what_was_refunded(life: Life) -> None:
    mail_to(life[Status.REFUNDED], kind="cancelled")


@found_by("mail_has_a_cause")
def late_money_told_that_never_came(life: Life) -> None:
    mail_to(life[Status.EXPIRED], kind="paid_too_late", reference="x")


@found_by("mail_has_a_cause")
def failure_told_that_never_was(life: Life) -> None:
    mail_to(life[Status.PENDING], kind="payment_failed", reference=life[Status.PAID].payments.get().reference)


@found_by("mail_goes_out")
def mail_claimed_for_ever(life: Life) -> None:
    change(waiting_mail(life), claimed_until=timezone.now() + 2 * OVERDUE)


@found_by("mail_is_sent_or_given_up")
def mail_sent_and_given_up(life: Life) -> None:
    change(waiting_mail(life), sent_at=timezone.now(), failed_at=timezone.now(), attempts=1)


@found_by("mail_is_sent_or_given_up")
def mail_sent_by_nobody(life: Life) -> None:
    change(waiting_mail(life), sent_at=timezone.now())


@found_by("events_say_what_they_did")
def event_done_with_an_error(life: Life) -> None:
    change(WebhookEvent.objects.filter(processed_at__isnull=False), last_error="GatewayDown: x")


@found_by("events_say_what_they_did")
def event_done_in_silence(life: Life) -> None:
    change(WebhookEvent.objects.filter(processed_at__isnull=False), outcome="")


@found_by("events_say_what_they_did")
def event_claims_too_much(life: Life) -> None:
    change(WebhookEvent.objects.filter(processed_at=None), outcome="payment succeeded")


def dispute_of(order: Order, **fields: Any) -> Dispute:
    payment = order.payments.get()
    money = {"amount_minor": payment.amount_minor, "currency": payment.currency}
    return Dispute.objects.create(payment=payment, stripe_id="dp_1", **{**money, "status": "needs_response", **fields})


@found_by("disputes_are_told")
def dispute_untold(life: Life) -> None:
    dispute_of(life[Status.PAID])


@found_by("disputes_are_told", "differences_are_resolved")
def dispute_open_when_closed(life: Life) -> None:
    dispute_of(life[Status.PAID], status="won", closed_at=timezone.now())
    Difference.objects.create(kind="dispute", reference="dp_1", detail="Dispute")


@found_by("refunds_and_losses_fit_their_payment")
def lost_and_refunded(life: Life) -> None:
    order = life[Status.REFUNDED]
    dispute_of(order, status="lost", closed_at=timezone.now(), lost_minor=1)
    Difference.objects.create(kind="dispute", reference="dp_1", detail="Dispute", resolved_at=timezone.now())
