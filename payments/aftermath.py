"""What became of a payment's money after it came: what went back, and what the buyer's bank asks for."""

from __future__ import annotations

from django.utils.translation import gettext as _

from payments import gateway
from payments.differences import record_difference
from payments.disputes import learn
from payments.gateway import StripePayment
from payments.models import Difference, Payment
from payments.refund import CAME_BACK, DESK, book_refund
from payments.stripe_disputes import list_disputes

CAME = (Payment.Status.SUCCEEDED, Payment.Status.MISMATCH)


def book_aftermath(payment: Payment, *, by: str) -> None:
    """Bring every refund and dispute of a settled payment up to what Stripe says now. Safe to call again.

    Raises GatewayError.
    """
    if payment.payment_intent_id and payment.status in CAME:
        book_refunds(payment, payment.payment_intent_id, by=by)
        for dispute in list_disputes(payment.payment_intent_id):
            learn(payment, dispute.id, by=by)


def book_refunds(payment: Payment, intent_id: str, *, by: str) -> None:
    """Book all refunds that Stripe has of it; staff are told of those that cannot be counted. Raises GatewayError."""
    for seen in gateway.list_refunds(payment_intent_id=intent_id):
        if payment.status in CAME:
            book_refund(payment, seen, by=by)
        elif seen.status in CAME_BACK or not seen.reference.startswith(DESK):
            detail = _("Refund of a payment that is not booked")
            record_difference(Difference.Kind.REFUND_UNKNOWN, seen.id, detail, order=payment.order)


def left_at_stripe(state: StripePayment) -> int:
    """What of its money did not go back, in minor units. Raises GatewayError."""
    seen = gateway.list_refunds(payment_intent_id=state.payment_intent_id)
    return state.amount_minor - sum(one.amount_minor for one in seen if one.status not in CAME_BACK)
