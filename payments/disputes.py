"""Disputes as Stripe has them: on the order's timeline, on the list of differences until they are closed, and in its money.

Events come in any order, and more than one may be handled at once. Each handler reads Stripe anew, and books only what
nobody has booked meanwhile. Rows are locked in the order payment, order.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from money import Money
from orders import transitions
from orders.models import Order
from orders.status import Status as OrderStatus
from payments.differences import record_difference, resolve_difference
from payments.gateway import GatewayBusy, GatewayRefused
from payments.models import Difference, Dispute, Payment
from payments.stripe_disputes import StripeDispute, retrieve_dispute

TRIES = 5
WORDS = ("status", "reason", "amount_minor", "currency", "charge_id", "evidence_due_at", "withdrawn_minor", "reinstated_minor",
         "is_refundable")  # fmt: skip
CHARGE_DISPUTED = "charge_disputed"  # Stripe's code when it refuses a refund


class DisputeMoves(GatewayBusy):
    """Others booked something else each time after it was read: to be tried again."""


def learn(payment: Payment, dispute_id: str, *, by: str) -> Dispute:
    """Bring the dispute of `payment` up to what Stripe says now. Raises GatewayError."""
    for _try in range(TRIES):
        known = Dispute.objects.filter(stripe_id=dispute_id).values_list("version", flat=True).first() or 0
        if row := _book(payment, retrieve_dispute(dispute_id), version=known, by=by):
            return row
    raise DisputeMoves(f"Others are booking dispute {dispute_id}")


def refusal(order: Order) -> str:
    """Why nothing of the order can be refunded now, empty if it can: a refund beside a dispute may pay twice."""
    inquiry = Q(status__startswith="warning_", is_refundable=True)
    open_one = Dispute.objects.filter(payment__order=order, closed_at=None).exclude(inquiry).first()
    if open_one is None:
        return ""
    why = _(
        "The buyer disputes this payment with their bank (%(dispute)s, %(amount)s: %(status)s). The money goes back that "
        "way if they are right; a refund beside it could pay twice. Answer the dispute in Stripe's dashboard."
    )
    return why % _told(open_one)


def shipping_refusal(order: Order) -> str:
    """Why the order is not to be shipped now, empty if it may be: the buyer has its money back, or may have soon."""
    is_inquiry = Q(status__startswith="warning_")
    open_one = Dispute.objects.filter(payment__order=order, closed_at=None).exclude(is_inquiry).first()
    if open_one:
        why = _(
            "The buyer disputes this payment with their bank (%(dispute)s, %(amount)s: %(status)s). The order can be shipped "
            "once the dispute is won or closed. Answer it in Stripe's dashboard."
        )
        return why % _told(open_one)
    if order.refundable and not left_to_refund(order):
        return _("This order cannot be shipped: what was paid for it was lost in a dispute.")
    return ""


def orders_without_money() -> QuerySet[Any, Any]:
    """Orders, as `payment__order`, that wait to be shipped though all that was paid for them was lost."""
    waiting = {"status": OrderStatus.PAID, "requires_shipping": True, "restocked_at": None}
    disputes = Dispute.objects.filter(**{f"payment__order__{field}": value for field, value in waiting.items()})
    left = F("payment__order__paid_minor") - F("payment__order__refunded_minor")
    lost = disputes.order_by().values("payment__order").annotate(lost=Sum("lost_minor"))
    return lost.filter(lost__gt=0, lost__gte=left).values("payment__order")


def stripe_refused(payment: Payment, error: GatewayRefused) -> str:
    """For staff, why Stripe itself refuses a refund: the shop may not have heard of the dispute."""
    if error.code != CHARGE_DISPUTED or is_charged_back(payment):
        return str(error)
    return _("the buyer disputes this payment with their bank, and the money goes back that way if they are right")


def is_charged_back(payment: Payment) -> bool:
    """A dispute of it was lost, and none is open: Stripe may take no refund of the rest any more."""
    ends = Dispute.objects.filter(payment=payment)
    return ends.filter(status="lost").exists() and not ends.filter(closed_at=None).exists()


@transaction.atomic
def _book(payment: Payment, seen: StripeDispute, *, version: int, by: str) -> Dispute | None:
    """None: somebody else booked something else since `version` was read."""
    Payment.objects.select_for_update().get(pk=payment.pk)
    row = Dispute.objects.filter(stripe_id=seen.id).first() or Dispute(stripe_id=seen.id, payment=payment)
    if row.version and all(getattr(row, word) == getattr(seen, word) for word in WORDS):
        _count_lost(row)
        row.save(update_fields=["lost_minor", "checked_at"])
        return row  # nothing new: whoever booked the same meanwhile is in nobody's way
    if row.version != version:
        return None
    before, withdrawn, reinstated = row.status, row.withdrawn_minor, row.reinstated_minor
    for word in WORDS:
        setattr(row, word, getattr(seen, word))
    row.version += 1
    row.closed_at = (row.closed_at or timezone.now()) if seen.is_closed else None
    order = Order.objects.get(pk=row.payment.order_id)
    _count_lost(row)
    row.save()
    if row.status != before:
        _tell(row, order, by=by)
    if row.withdrawn_minor > withdrawn:  # in the account's own currency, which nobody says
        transitions.note(order, _("Money of dispute %s was withdrawn") % row.stripe_id, by=by)
    if row.reinstated_minor > reinstated:
        transitions.note(order, _("Money of dispute %s was given back to the shop") % row.stripe_id, by=by)
    return row


def count_lost_again(payment: Payment) -> None:
    """A refund failed after the dispute was lost: its money went to the bank too. The caller has locked the payment."""
    for row in Dispute.objects.filter(payment=payment, status="lost"):
        _count_lost(row)
        row.save(update_fields=["lost_minor"])


def _count_lost(row: Dispute) -> None:
    """Lost money is no longer there to refund. While an appeal runs it stays lost."""
    if row.closed_at is None or row.payment.status != Payment.Status.SUCCEEDED:
        return
    asked = row.amount_minor if row.currency == row.payment.currency else row.payment.amount_minor
    row.lost_minor = min(asked, left_of(row.payment, but=row)) if row.status == "lost" else 0


def _told(row: Dispute) -> dict[str, Any]:
    return {"dispute": row.stripe_id, "amount": row.amount, "status": row.status_text, "reason": row.reason}


def _tell(row: Dispute, order: Order, *, by: str) -> None:
    what = _("Dispute %(dispute)s of %(amount)s, %(reason)s: %(status)s") % _told(row)
    transitions.note(order, what, by=by)
    until = date_format(timezone.localtime(row.evidence_due_at)) if row.evidence_due_at and not row.closed_at else ""
    detail = f"{what}. {_('Answer until %s.') % until}" if until else what
    record_difference(Difference.Kind.DISPUTE, row.stripe_id, detail, order=order, anew=True)
    if row.closed_at:
        resolve_difference(Difference.Kind.DISPUTE, row.stripe_id, by=by, note=row.status_text)


def in_words(row: Dispute) -> str:
    """For staff: what it is about, how it stands, what became of the money."""
    told = [row.stripe_id, str(row), row.reason]
    if row.evidence_due_at and not row.closed_at:
        told.append(_("answer until %s") % date_format(timezone.localtime(row.evidence_due_at), "SHORT_DATETIME_FORMAT"))
    if row.withdrawn_minor > row.reinstated_minor:
        told.append(_("the money was withdrawn"))
    elif row.reinstated_minor:
        told.append(_("the money was given back to the shop"))
    return " · ".join(filter(None, told))


def left_of(payment: Payment, *, but: Dispute | None = None) -> int:
    """What of a payment was neither refunded nor lost, in minor units. To decide by it, lock the payment."""
    refunded = payment.refunds.filter(booked=True).aggregate(sum=Sum("amount_minor"))["sum"] or 0
    others = Dispute.objects.filter(payment=payment).exclude(stripe_id=but.stripe_id if but else "")
    lost = others.aggregate(sum=Sum("lost_minor"))["sum"] or 0
    return max(0, payment.amount_minor - refunded - lost)


def left_to_refund(order: Order) -> Money:
    """What was paid for the order and neither went back nor was lost in a dispute."""
    lost = Dispute.objects.filter(payment__order=order).aggregate(sum=Sum("lost_minor"))["sum"] or 0
    return Money(max(0, order.refundable.minor - lost), order.currency)
