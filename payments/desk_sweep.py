"""What the worker does for the payment desk: sees what nobody reported, and closes what has come right by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.models import OutgoingMail
from orders.status import Status
from payments.compare import compare
from payments.differences import record_difference, resolve_difference
from payments.disputes import is_charged_back, left_to_refund
from payments.models import Difference, Dispute, Payment, Refund
from payments.refund import CAME_BACK

log = logging.getLogger(__name__)

Kind = Difference.Kind
BY = "shop"
MAIL = "mail-"
LOOK_BACK = timedelta(hours=3)  # of a comparison, which runs every hour


def sweep() -> int:
    """Put mails that were given up on the list, and close what is gone. Answers how many rows changed. Safe beside itself."""
    changed = sum(_tell_of_mail(mail) for mail in _untold_mails())
    for row in Difference.objects.filter(resolved_at=None).select_related("order").iterator():
        changed += close_if_gone(row, by=BY)
    return changed


def look_at_stripe() -> int:
    """Hold what Stripe took lately against the books: paid there and not here, paid here and not there. Answers how many."""
    return sum(1 for _finding in compare(since=timezone.now() - LOOK_BACK))


def mail_of(row: Difference) -> int:
    return int(row.reference.removeprefix(MAIL))


def close_if_gone(row: Difference, *, by: str) -> bool:
    """Close a row whose disagreement is no longer there; kinds that only a person can judge stay."""
    gone = GONE.get(row.kind)
    note = gone(row) if gone else ""
    if note:
        resolve_difference(row.kind, row.reference, by=by, note=note)
    return bool(note) or Difference.objects.filter(pk=row.pk, resolved_at__isnull=False).exists()


def _untold_mails() -> list[OutgoingMail]:
    given_up = OutgoingMail.objects.filter(failed_at__isnull=False, sent_at=None).select_related("order")
    told = dict(Difference.objects.filter(kind=Kind.MAIL_FAILED).values_list("reference", "resolved_at"))
    return [mail for mail in given_up if _is_news(mail, told)]


def _is_news(mail: OutgoingMail, told: Mapping[str, datetime | None]) -> bool:
    """Never told, or given up again after that was resolved."""
    reference = f"{MAIL}{mail.pk}"
    if reference not in told:
        return True
    resolved_at = told[reference]
    return bool(resolved_at and mail.failed_at and mail.failed_at > resolved_at)


def _tell_of_mail(mail: OutgoingMail) -> int:
    detail = _("“%(kind)s” to %(to)s: %(why)s") % {"kind": mail.get_kind_display(), "to": mail.to, "why": mail.last_error}
    record_difference(Kind.MAIL_FAILED, f"{MAIL}{mail.pk}", detail, order=mail.order, anew=True)
    return 1


# -- How each kind ends: why it is gone, in words, or nothing -----------------------------------------------------------


def _mail(row: Difference) -> str:
    sent = OutgoingMail.objects.filter(pk=mail_of(row), sent_at__isnull=False).exists()
    return _("The mail was sent") if sent else ""


def _unmatched(row: Difference) -> str:
    named = Q(session_id=row.reference) | Q(payment_intent_id=row.reference)
    here = Payment.objects.filter(named, status=Payment.Status.SUCCEEDED).exists()
    return _("Its payment is here now") if here else ""


def _given_back(row: Difference) -> str:
    """The second or late money went back, all of it."""
    payment = Payment.objects.filter(reference=row.reference).first()
    whole = {"amount_minor": payment.amount_minor, "booked": True} if payment else {}
    went = payment and payment.refunds.filter(status=Refund.Status.SUCCEEDED, **whole).exists()
    return _("The money went back") if went else ""


def _refund_failed(row: Difference) -> str:
    failed = Refund.objects.filter(reference=row.reference).select_related("payment__order").first()
    if failed is None:
        return ""
    order = failed.payment.order
    later = Refund.objects.filter(payment__order=order, pk__gt=failed.pk, amount_minor__gte=failed.amount_minor)
    if later.filter(booked=True, accepted_at__isnull=False).exists() or not order.refundable:
        return _("It was refunded later")
    if is_charged_back(failed.payment) and later.filter(status=Refund.Status.FAILED).exists():
        return _("Stripe refused it again: a dispute of this payment was lost")
    return "" if left_to_refund(order) else _("Its money was lost in a dispute")


def _refund_unknown(row: Difference) -> str:
    seen = Refund.objects.filter(stripe_id=row.reference)
    done = seen.filter(Q(booked=True) | Q(status__in=CAME_BACK.values())).exists()
    return _("The refund is booked, or came back") if done else ""


def _oversold(row: Difference) -> str:
    done = row.order and row.order.status in (Status.SHIPPED, Status.REFUNDED)
    return _("The order was sent or refunded") if done else ""


def _dispute(row: Difference) -> str:
    closed = Dispute.objects.filter(stripe_id=row.reference, closed_at__isnull=False).first()
    return closed.status_text if closed else ""


def _dispute_unknown(row: Difference) -> str:
    here = Dispute.objects.filter(stripe_id=row.reference).exists()
    return _("Its payment is here now") if here else ""


GONE: dict[str, Callable[[Difference], str]] = {
    Kind.MAIL_FAILED: _mail,
    Kind.UNMATCHED: _unmatched,
    Kind.PAID_TOO_LATE: _given_back,
    Kind.PAID_TWICE: _given_back,
    Kind.REFUND_FAILED: _refund_failed,
    Kind.REFUND_UNKNOWN: _refund_unknown,
    Kind.OVERSOLD: _oversold,
    Kind.DISPUTE: _dispute,
    Kind.DISPUTE_UNKNOWN: _dispute_unknown,
}
