"""Money going back: asked for by staff or by the shop's own rules, or seen at Stripe.

A refund of ours is a row before Stripe is called, counted in the order's `refunded_minor` at once: two members of staff
together can never give back more than was paid. Rows are locked in the order payment, order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from money import Money
from orders import transitions
from orders.emails import queue_mail
from orders.models import Order, OutgoingMail
from orders.status import Status as OrderStatus
from payments import disputes, gateway, refund_lines
from payments.differences import record_difference, resolve_difference
from payments.gateway import StripeRefund
from payments.models import Difference, Payment, Refund
from payments.refund_lines import Units

Status = Refund.Status
ACCEPTED = {"pending": Status.PENDING, "requires_action": Status.PENDING, "succeeded": Status.SUCCEEDED}
CAME_BACK = {"failed": Status.FAILED, "canceled": Status.CANCELLED}
NEW = timedelta(minutes=5)
DESK = "desk-"  # how the reference of a refund begins that the payment desk made of money which no order knows


class RefundRefused(Exception):
    """This refund cannot be made. The message is a sentence for staff."""


@dataclass(frozen=True)
class Wish:
    """What staff ask for. `amount_minor` of the order's currency goes back; with `units` at most what was paid for them.

    `restock` puts all units on the shelf that no refund of units is about. `reference`: of the form that was sent, so that
    sending it twice asks once.
    """

    amount_minor: int
    restock: bool = False
    units: tuple[Units, ...] = ()
    shipping: bool = False
    reason: str = ""
    reference: str = ""


def refund(
    order: Order,
    *,
    amount_minor: int,
    by: str,
    reason: str,
    restock: bool = False,
    units: Sequence[Units] = (),
    shipping: bool = False,
    reference: str = "",
) -> list[Refund]:
    """Give `amount_minor` of what was paid for `order` back through Stripe; the rest is as `Wish` says.

    One refund, or where no payment of the order has that much left, one for each of several payments. Raises RefundRefused
    (what Stripe did not take is refundable as before), or GatewayDown: then the refunds are written down and go out by
    themselves as soon as Stripe answers; asking again is refused rather than doubled.
    """
    rows = _asked(order, Wish(amount_minor, restock, tuple(units), shipping, reason, reference), by=by)
    for row in rows:
        send(row)
        row.refresh_from_db()
    failed = [row for row in rows if row.status == Status.FAILED]
    for row in failed:
        if disputes.is_charged_back(row.payment):  # whoever asked is told now, and asking again would not help
            resolve_difference(Difference.Kind.REFUND_FAILED, row.reference, by=by, note=row.last_error)
    if failed:
        told = {"amount": Money(sum(row.amount_minor for row in failed), order.currency), "reason": failed[0].last_error}
        raise RefundRefused(_("Stripe refused to give %(amount)s back: %(reason)s") % told)
    return rows


def send(row: Refund) -> None:
    """Ask Stripe for a refund that is written down, and book the answer. Repeats give the same refund.

    Raises GatewayDown. A refusal fails the row: its money can be asked for again.
    """
    try:
        answer = _sent_before(row) or gateway.create_refund(
            payment_intent_id=row.payment.payment_intent_id or "",
            amount_minor=row.amount_minor,
            reference=row.reference,
            idempotency_key=row.idempotency_key,
        )
    except gateway.GatewayRefused as error:
        return _fail(row, Status.FAILED, why=disputes.stripe_refused(row.payment, error), by="shop")
    except gateway.GatewayDown as error:
        retried = Refund.objects.filter(pk=row.pk, attempt=row.attempt)
        retried.update(checked_at=timezone.now(), attempt=row.attempt + error.answered)
        raise
    book_refund(row.payment, answer, by=row.by)
    return None


def _sent_before(row: Refund) -> StripeRefund | None:
    """The refund itself, where it was asked for before and the answer did not come: keys are kept for a day only.

    A row that is not new may have been asked for by a process that was killed before it could say so.
    """
    if row.checked_at is None and timezone.now() - row.created_at < NEW:
        return None
    made = gateway.list_refunds(payment_intent_id=row.payment.payment_intent_id or "")
    return next((one for one in made if one.reference == row.reference), None)


def book_refund(payment: Payment, seen: StripeRefund, *, by: str) -> Refund:
    """Book a refund as Stripe has it now, whoever made it: ours is found by its reference or id, another becomes a row."""
    with transaction.atomic():
        Payment.objects.select_for_update().get(pk=payment.pk)
        row = _row_for(payment, seen)
        Refund.objects.filter(pk=row.pk).update(stripe_id=seen.id, checked_at=timezone.now())
        if seen.status in CAME_BACK:
            _fail(row, CAME_BACK[seen.status], why=seen.failure or seen.status, by=by)
        else:
            _accept(row, ACCEPTED.get(seen.status, Status.PENDING), by=by)
    row.refresh_from_db()
    return row


@transaction.atomic
def _asked(order: Order, wish: Wish, *, by: str) -> list[Refund]:
    """Write the refunds down, counted as refunded from now on."""
    amount = Money(wish.amount_minor, order.currency)
    parts = _parts(order, wish.amount_minor)  # locks the payments: whoever asks at the same time waits here
    if wish.reference and Refund.objects.filter(reference=wish.reference).exists():
        raise RefundRefused(_("This refund was asked for before. Nothing was changed."))
    if why := disputes.refusal(order):
        raise RefundRefused(why)
    if wish.amount_minor <= 0 or not parts or not transitions.add_refunded(order, wish.amount_minor):
        order.refresh_from_db()
        told = {"left": disputes.left_to_refund(order), "asked": amount}
        raise RefundRefused(_("Of this order %(left)s can be refunded, not %(asked)s.") % told)
    if wish.units or wish.shipping:
        _claim_units(order, wish, parts)
    transitions.note(order, _("Refund of %(amount)s asked for: %(reason)s") % {"amount": amount, "reason": wish.reason}, by=by)
    asked = {"currency": order.currency, "restock": wish.restock, "reason": wish.reason[:200], "by": by}
    rows = [Refund(payment=payment, amount_minor=part, **asked) for payment, part in parts]
    rows[0].reference, rows[0].shipping = wish.reference or rows[0].reference, wish.shipping
    for row in rows:
        row.save()
    refund_lines.keep(rows[0], wish.units)
    return rows


def _claim_units(order: Order, wish: Wish, parts: list[tuple[Payment, int]]) -> None:
    if len(parts) > 1:  # one of the refunds could fail, and nobody could tell whose units are paid back
        raise RefundRefused(_("No single payment of this order has that much left. Refund an amount instead."))
    try:
        refund_lines.claim(order, wish.units, shipping=wish.shipping, amount_minor=wish.amount_minor)
    except refund_lines.UnitsRefused as error:
        raise RefundRefused(str(error)) from error


def _parts(order: Order, amount_minor: int) -> list[tuple[Payment, int]]:
    """Which payment gives back how much: one that has it all, else one after the other. Empty if they have too little."""
    left = {}
    for payment in order.payments.select_for_update().filter(status=Payment.Status.SUCCEEDED).order_by("id"):
        left[payment] = disputes.left_of(payment)
        if left[payment] >= amount_minor:
            return [(payment, amount_minor)]
    parts = []
    for payment, most in left.items():
        part = min(most, amount_minor)
        amount_minor -= part
        parts += [(payment, part)] if part else []
    return [] if amount_minor else parts


def _row_for(payment: Payment, seen: StripeRefund) -> Refund:
    """Our row of a refund seen at Stripe. One made elsewhere is counted now, or becomes a difference if it cannot be."""
    ours = (
        payment.refunds.filter(stripe_id=seen.id).first()
        or payment.refunds.filter(reference=seen.reference, stripe_id__isnull=True).first()
    )
    if ours:
        return ours
    counts = payment.status != Payment.Status.MISMATCH  # that money is not on the order, and stands on the payment desk already
    booked = counts and seen.status not in CAME_BACK and transitions.add_refunded(payment.order, seen.amount_minor)
    if counts and not booked and seen.status not in CAME_BACK:
        amount = Money(seen.amount_minor, seen.currency)
        detail = _("%s went back at Stripe, more than the order has left") % amount
        record_difference(Difference.Kind.REFUND_UNKNOWN, seen.id, detail, order=payment.order)
    return Refund.objects.create(
        payment=payment,
        stripe_id=seen.id,
        amount_minor=seen.amount_minor,
        currency=seen.currency,
        booked=booked,
        reason=_("Made at Stripe"),
        by="stripe",
    )


def _accept(row: Refund, status: str, *, by: str) -> None:
    """Stripe took the refund: once per refund, tell the buyer and put units back."""
    Refund.objects.filter(pk=row.pk, status__in=[Status.REQUESTED, Status.PENDING]).update(status=status)
    new = Refund.objects.filter(pk=row.pk, accepted_at__isnull=True).exclude(status__in=CAME_BACK.values())
    if not new.update(accepted_at=timezone.now()):  # told before, or this answer is older than the refund's failure
        return
    order = Order.objects.get(pk=row.payment.order_id)
    transitions.note(order, _("%s is going back") % row.amount, by=by)
    if row.restock:
        transitions.put_back_in_stock(order, by=by)
    refund_lines.put_back(row, order, by=by)
    if order.refunded_minor == order.paid_minor and order.status in (OrderStatus.PAID, OrderStatus.SHIPPED):
        transitions.mark_refunded(order, by=by)
    if row.reason != Difference.Kind.PAID_TOO_LATE:  # that buyer has a mail which says so already
        context = {"amount_minor": row.amount_minor, "currency": row.currency, **refund_lines.for_mail(row)}
        queue_mail(order, OutgoingMail.Kind.REFUNDED, reference=row.reference, context=context)


def _fail(row: Refund, status: str, *, why: str, by: str) -> None:
    """The refund did not go through, or came back: once per refund, its money counts as the shop's again."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(pk=row.payment_id)
        final = {"status": status, "last_error": why[:500], "checked_at": timezone.now()}
        Refund.objects.filter(pk=row.pk).exclude(status__in=CAME_BACK.values()).update(**final)
        if not Refund.objects.filter(pk=row.pk, booked=True).update(booked=False):
            return
        order = Order.objects.get(pk=row.payment.order_id)
        transitions.take_back_refunded(order, row.amount_minor)
        refund_lines.release(row, order)
        disputes.count_lost_again(payment)
        transitions.note(order, _("The refund of %(amount)s failed: %(why)s") % {"amount": row.amount, "why": why}, by=by)
        record_difference(Difference.Kind.REFUND_FAILED, row.reference, f"{row.amount}: {why}", order=order)
        if order.status == OrderStatus.REFUNDED:
            transitions.mark_refund_failed(order, by=by)
