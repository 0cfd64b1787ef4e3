"""What each type of event means to the shop. Handlers expect repeats and any order: they find our row and settle it.

Each answers the order concerned (or None) and the outcome in words. Nothing in an event is believed but which object to
look at.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db.models import Case, Q, When
from django.utils.translation import gettext as _

from money import Money
from orders.models import Order
from orders.status import Way
from payments import gateway
from payments.aftermath import book_refunds
from payments.differences import record_difference
from payments.disputes import learn
from payments.gateway import Event, StripePayment
from payments.models import Difference, Payment
from payments.settle import settle
from payments.stripe_disputes import retrieve_dispute

Outcome = tuple[Order | None, str]
DECLINED = "payment_intent.payment_failed"
NOT_OURS: Outcome = (None, "ignored: no payment of this shop")


def session_changed(event: Event) -> Outcome:
    """checkout.session.*: the object is the session."""
    payment = payment_of_session(event)
    if payment is None:
        return _unmatched(gateway.retrieve_checkout_session, event) if event.reference and event.object_id else NOT_OURS
    return _settled(payment, event, stripe_id=event.object_id)


def payment_of_session(event: Event) -> Payment | None:
    """By the session, else by our own reference where the answer that named the session was lost."""
    lost = Q(reference=event.reference, session_id__isnull=True) & ~Q(order__way=Way.ELEMENT)
    return _named_or_lost(Q(session_id=event.object_id), lost)


def _named_or_lost(named: Q, lost: Q) -> Payment | None:
    """The payment whose row names what Stripe has, else the one whose row was never told.

    In one query: between two, the answer to the creating call may be stored, and neither would find the row.
    """
    rows = Payment.objects.select_related("order").filter(named | lost)
    return rows.order_by(Case(When(named, then=0), default=1), "id").first()


def _unmatched(retrieve: Callable[[str], StripePayment], event: Event) -> Outcome:
    """Money that came by a page of this shop, for a payment it does not know: after a restored backup, for instance."""
    try:
        state = retrieve(event.object_id)
    except gateway.GatewayRefused:
        return NOT_OURS
    if not (state.is_paid and is_of_this_shop(state)):
        return NOT_OURS
    paid = Money(state.amount_minor, state.currency)
    who = state.customer["email"] or _("somebody")
    detail = _("%(paid)s paid by %(who)s for a payment that is not here") % {"paid": paid, "who": who}
    record_difference(Difference.Kind.UNMATCHED, state.id, detail)
    return None, "paid, but this shop has no such payment"


def intent_changed(event: Event) -> Outcome:
    """payment_intent.*: also sent for Checkout, sometimes before the session's own event."""
    payment = payment_of_intent(event.payment_intent_id, reference=event.reference)
    if payment is None:
        return _unmatched(gateway.retrieve_payment_intent, event) if event.reference else NOT_OURS
    if event.type == DECLINED:  # a session that stays open says nothing of it
        payment.keep_decline(gateway.retrieve_payment_intent(event.payment_intent_id).failure)
    return _settled(payment, event, stripe_id=event.payment_intent_id if payment.is_intent else "")


def refund_changed(event: Event) -> Outcome:
    """refund.* (the object is the refund) and charge.refunded (the object is the charge): book all of the payment's."""
    if not event.payment_intent_id:
        return NOT_OURS
    payment = payment_of_intent(event.payment_intent_id)
    if payment is None:
        return NOT_OURS
    payment = settle(payment, by=f"webhook {event.id}")  # a refund may be heard of before its payment
    book_refunds(payment, event.payment_intent_id, by=f"webhook {event.id}")
    return payment.order, "refunds booked"


def dispute_changed(event: Event) -> Outcome:
    """charge.dispute.*: the object is the dispute."""
    if not (event.payment_intent_id and event.object_id):
        return NOT_OURS
    payment = payment_of_intent(event.payment_intent_id)
    if payment is None:
        return _unmatched_dispute(event)
    payment = settle(payment, by=f"webhook {event.id}")  # a dispute may be heard of before its payment
    row = learn(payment, event.object_id, by=f"webhook {event.id}")
    return payment.order, f"dispute {row.status}"


def _unmatched_dispute(event: Event) -> Outcome:
    """The buyer of a payment that was made by a page of this shop, and that it does not know."""
    state = gateway.find_checkout_session(payment_intent_id=event.payment_intent_id)
    state = state or gateway.retrieve_payment_intent(event.payment_intent_id)
    if not is_of_this_shop(state):
        return NOT_OURS
    dispute = retrieve_dispute(event.object_id)
    told = {"amount": Money(dispute.amount_minor, dispute.currency), "intent": event.payment_intent_id, "is": dispute.status}
    detail = _("%(amount)s of a payment that is not here (%(intent)s) is disputed: %(is)s") % told
    record_difference(Difference.Kind.DISPUTE_UNKNOWN, dispute.id, detail)
    return None, "disputed, but this shop has no such payment"


def is_of_this_shop(state: StripePayment) -> bool:
    """Its page or its intent was made by this shop, and not by another one on the same account."""
    return f"{state.shop}/".startswith(f"{settings.SITE_URL}/")


def _settled(payment: Payment, event: Event, *, stripe_id: str = "") -> Outcome:
    payment = settle(payment, by=f"webhook {event.id}", stripe_id=stripe_id)
    return payment.order, f"payment {payment.status}"


def payment_of_intent(intent_id: str, *, reference: str = "") -> Payment | None:
    """By the intent, by our own reference, else by the session that Stripe says it belongs to."""
    if not intent_id:
        return None
    named = Q(payment_intent_id=intent_id)
    if reference:
        return _named_or_lost(named, Q(reference=reference, payment_intent_id__isnull=True))
    known = Payment.objects.filter(named).first()
    session = None if known else gateway.find_checkout_session(payment_intent_id=intent_id)
    if session is None:
        return known
    return _named_or_lost(named | Q(session_id=session.id), Q(reference=session.reference, session_id__isnull=True))


HANDLERS: dict[str, Callable[[Event], Outcome]] = {
    "checkout.session.completed": session_changed,
    "checkout.session.async_payment_succeeded": session_changed,
    "checkout.session.async_payment_failed": session_changed,
    "checkout.session.expired": session_changed,
    "payment_intent.processing": intent_changed,
    "payment_intent.succeeded": intent_changed,
    DECLINED: intent_changed,
    "refund.created": refund_changed,
    "refund.updated": refund_changed,
    "refund.failed": refund_changed,
    "charge.refunded": refund_changed,
    "charge.dispute.created": dispute_changed,
    "charge.dispute.updated": dispute_changed,
    "charge.dispute.closed": dispute_changed,
    "charge.dispute.funds_withdrawn": dispute_changed,
    "charge.dispute.funds_reinstated": dispute_changed,
}
