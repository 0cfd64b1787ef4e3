"""What each type of event means to the shop. Handlers expect repeats and any order: they find our row and settle it.

Each answers the order concerned (or None) and the outcome in words. Nothing in an event is believed but which object to
look at.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from money import Money
from orders.models import Order
from orders.status import Way
from payments import gateway
from payments.differences import record_difference
from payments.gateway import Event, StripePayment
from payments.models import Difference, Payment
from payments.refund import book_refund
from payments.settle import settle

Outcome = tuple[Order | None, str]
NOT_OURS: Outcome = (None, "ignored: no payment of this shop")


def session_changed(event: Event) -> Outcome:
    """checkout.session.*: the object is the session."""
    # One query: between two, the answer to the creating call may be stored, and neither would find the row.
    lost = Q(reference=event.reference, session_id__isnull=True) & ~Q(order__way=Way.ELEMENT)
    found = Payment.objects.select_related("order").filter(Q(session_id=event.object_id) | lost).order_by("id")
    payment = max(found, key=lambda one: one.session_id == event.object_id, default=None)
    if payment is None:
        return _unmatched(gateway.retrieve_checkout_session, event) if event.reference and event.object_id else NOT_OURS
    return _settled(payment, event, stripe_id=event.object_id)


def _unmatched(retrieve: Callable[[str], StripePayment], event: Event) -> Outcome:
    """Money that came by a page of this shop, for a payment it does not know: after a restored backup, for instance."""
    try:
        state = retrieve(event.object_id)
    except gateway.GatewayRefused:
        return NOT_OURS
    if not (state.is_paid and f"{state.shop}/".startswith(f"{settings.SITE_URL}/")):
        return NOT_OURS
    paid = Money(state.amount_minor, state.currency)
    who = state.customer["email"] or _("somebody")
    detail = _("%(paid)s paid by %(who)s for a payment that is not here") % {"paid": paid, "who": who}
    record_difference(Difference.Kind.UNMATCHED, state.id, detail)
    return None, "paid, but this shop has no such payment"


def intent_changed(event: Event) -> Outcome:
    """payment_intent.*: also sent for Checkout, sometimes before the session's own event."""
    payment = _payment_of_intent(event.payment_intent_id, reference=event.reference)
    if payment is None:
        return _unmatched(gateway.retrieve_payment_intent, event) if event.reference else NOT_OURS
    return _settled(payment, event, stripe_id=event.payment_intent_id if payment.is_intent else "")


def refund_changed(event: Event) -> Outcome:
    """refund.* (the object is the refund) and charge.refunded (the object is the charge): book all of the payment's."""
    if not event.payment_intent_id:
        return NOT_OURS
    payment = _payment_of_intent(event.payment_intent_id)
    if payment is None:
        return NOT_OURS
    payment = settle(payment, by=f"webhook {event.id}")  # a refund may be heard of before its payment
    for refund in gateway.list_refunds(payment_intent_id=event.payment_intent_id):
        if payment.status == Payment.Status.SUCCEEDED:
            book_refund(payment, refund, by=f"webhook {event.id}")
        else:
            record_difference(
                Difference.Kind.REFUND_UNKNOWN, refund.id, _("Refund of a payment that is not booked"), order=payment.order
            )
    return payment.order, "refunds booked"


def _settled(payment: Payment, event: Event, *, stripe_id: str = "") -> Outcome:
    payment = settle(payment, by=f"webhook {event.id}", stripe_id=stripe_id)
    return payment.order, f"payment {payment.status}"


def _payment_of_intent(intent_id: str, *, reference: str = "") -> Payment | None:
    """By the intent, by our own reference, else by the session that Stripe says it belongs to."""
    known = Payment.objects.filter(payment_intent_id=intent_id).first()
    if known or not intent_id:
        return known
    if reference:
        return Payment.objects.filter(reference=reference, payment_intent_id__isnull=True).first()
    session = gateway.find_checkout_session(payment_intent_id=intent_id)
    if session is None:
        return None
    return (
        Payment.objects.filter(session_id=session.id).first()
        or Payment.objects.filter(reference=session.reference, session_id__isnull=True).first()
    )


HANDLERS: dict[str, Callable[[Event], Outcome]] = {
    "checkout.session.completed": session_changed,
    "checkout.session.async_payment_succeeded": session_changed,
    "checkout.session.async_payment_failed": session_changed,
    "checkout.session.expired": session_changed,
    "payment_intent.processing": intent_changed,
    "payment_intent.succeeded": intent_changed,
    "payment_intent.payment_failed": intent_changed,
    "refund.created": refund_changed,
    "refund.updated": refund_changed,
    "refund.failed": refund_changed,
    "charge.refunded": refund_changed,
}
