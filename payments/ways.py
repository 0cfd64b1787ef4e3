"""What is asked of Stripe for an attempt to pay: a Checkout Session, or a PaymentIntent for Stripe's fields (docs/adr/0011)."""

from __future__ import annotations

from datetime import timedelta

from payments import gateway
from payments.gateway import StripePayment
from payments.models import Payment

CLOCKS_DIFFER = timedelta(minutes=5)


def create(payment: Payment) -> StripePayment:
    """Make it, as the row's own request says; however often and by whomever, it is the same one."""
    make = gateway.create_payment_intent if payment.is_intent else gateway.create_checkout_session
    return make(payment.request, idempotency_key=payment.idempotency_key)


def retrieve(payment: Payment, stripe_id: str = "") -> StripePayment:
    """As it is now. `stripe_id` where the row does not know it yet."""
    known = payment.stripe_id or stripe_id
    if payment.is_intent:
        return gateway.retrieve_payment_intent(known)
    return gateway.with_added(gateway.retrieve_checkout_session(known))


def close(state: StripePayment) -> StripePayment:
    """See to it that nobody can pay any more. Answers what is so then: perhaps it was paid this moment."""
    try:
        return gateway.cancel_payment_intent(state.id) if state.is_intent else gateway.expire_checkout_session(state.id)
    except gateway.GatewayRefused:
        return gateway.retrieve_payment(state.id)


def find_lost(payment: Payment) -> StripePayment | None:
    """What was made for this attempt while the answer was lost."""
    find = gateway.find_lost_intent if payment.is_intent else gateway.find_lost_session
    return find(payment.reference, created_after=payment.created_at - CLOCKS_DIFFER)
