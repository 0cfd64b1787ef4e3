"""What follows from an order: its mails, and the events that were heard."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from orders.models import Order, OutgoingMail
from orders.status import SOLD, Status
from payments.audit.run import OVERDUE, check
from payments.models import Payment, Refund, WebhookEvent

Kind = OutgoingMail.Kind
WITH_ADDRESS = Order.objects.exclude(email="")


def _mail(kind: str, **fields: object) -> Exists:
    return Exists(OutgoingMail.objects.filter(kind=kind, **fields))


@check(WITH_ADDRESS.filter(status__in=SOLD))
def confirmation_is_written() -> Iterable[str]:
    """Every paid order with an address has its confirmation in the queue or sent."""
    untold = WITH_ADDRESS.filter(~_mail(Kind.CONFIRMED, order=OuterRef("pk")), status__in=SOLD)
    for number in untold.values_list("number", flat=True).iterator():
        yield f"{number}: no confirmation"


@check(WITH_ADDRESS.filter(shipped_at__isnull=False))
def shipping_is_told() -> Iterable[str]:
    """Every shipped order with an address has its mail in the queue or sent."""
    untold = WITH_ADDRESS.filter(~_mail(Kind.SHIPPED, order=OuterRef("pk")), shipped_at__isnull=False)
    for number in untold.values_list("number", flat=True).iterator():
        yield f"{number}: shipped, and nobody was told"


@check(Refund.objects.filter(accepted_at__isnull=False))
def refunds_are_told() -> Iterable[str]:
    """Every refund that Stripe took has its mail in the queue or sent."""
    told = OutgoingMail.objects.filter(
        order=OuterRef("payment__order"), reference=OuterRef("reference"), kind__in=[Kind.REFUNDED, Kind.PAID_TOO_LATE]
    )
    untold = Refund.objects.filter(~Exists(told), accepted_at__isnull=False).exclude(payment__order__email="")
    for number, reference in untold.values_list("payment__order__number", "reference").iterator():
        yield f"{number}: refund {reference} went out, and nobody was told"


@check(OutgoingMail.objects)
def mail_has_a_cause() -> Iterable[str]:
    """No mail says what did not happen."""
    refund = Refund.objects.filter(reference=OuterRef("reference"), payment__order=OuterRef("order"))
    payment = Payment.objects.filter(reference=OuterRef("reference"), order=OuterRef("order"))
    wrong = (
        Q(kind=Kind.CONFIRMED) & ~Q(order__status__in=SOLD)
        | Q(kind=Kind.SHIPPED, order__shipped_at=None)
        | Q(kind=Kind.CANCELLED) & ~Q(order__status=Status.REFUNDED, order__total_minor=0)
        | Q(kind=Kind.REFUNDED) & ~Exists(refund.filter(accepted_at__isnull=False))
        | Q(kind=Kind.PAID_TOO_LATE) & ~Exists(refund)
        | Q(kind=Kind.PAYMENT_FAILED) & ~Exists(payment)
    )
    for number, kind in OutgoingMail.objects.filter(wrong).values_list("order__number", "kind").iterator():
        yield f"{number}: a mail says “{kind}”"


@check(OutgoingMail.objects)
def mail_goes_out() -> Iterable[str]:
    """No mail waits past its next try for long, or is claimed for long, and none was given up."""
    now = timezone.now()
    late = Q(failed_at__isnull=False) | Q(next_try_at__lt=now - OVERDUE) | Q(claimed_until__gt=now + OVERDUE)
    for mail in OutgoingMail.objects.filter(late, sent_at__isnull=True).select_related("order").iterator():
        yield f"{mail.order.number}: {mail.kind} {'given up' if mail.failed_at else 'waits'}: {mail.last_error}"


@check(OutgoingMail.objects)
def mail_is_sent_or_given_up() -> Iterable[str]:
    """No mail was both sent and given up, and none went out without a try."""
    odd = Q(failed_at__isnull=False) | Q(attempts=0)
    for mail in OutgoingMail.objects.filter(odd, sent_at__isnull=False).select_related("order").iterator():
        yield f"{mail.order.number}: {mail.kind} sent after {mail.attempts} attempts, given up: {mail.failed_at}"


@check(WebhookEvent.objects)
def events_are_processed() -> Iterable[str]:
    """No signed event waits for its effect for long."""
    old = WebhookEvent.objects.filter(processed_at__isnull=True, received_at__lt=timezone.now() - OVERDUE)
    for event in old.iterator():
        yield f"{event.stripe_id} {event.type}: {event.last_error or 'not processed'}"


@check(WebhookEvent.objects)
def events_say_what_they_did() -> Iterable[str]:
    """An event that was processed says what it did, and keeps no error; one that was not claims nothing."""
    done = Q(processed_at__isnull=False)
    for event in WebhookEvent.objects.filter(done & (~Q(last_error="") | Q(outcome="")) | ~done & ~Q(outcome="")).iterator():
        yield f"{event.stripe_id} {event.type}: “{event.outcome}” {event.last_error}"
