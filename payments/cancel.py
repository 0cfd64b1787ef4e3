"""Give up an order that is not paid for: the shopper's "cancel" link and the staff's buttons."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.models import Order
from payments import gateway, ways
from payments.models import Payment
from payments.settle import close_unpaid, end_without_payment, flag_unknown


class CannotCancel(Exception):
    """The order cannot be cancelled. The message is a sentence that says what can be done instead."""


def cancel_order(order: Order, *, by: str) -> Order:
    """Close the payment page and release the units. An order that has ended already stays as it is.

    Raises CannotCancel if it is paid or its money is on its way, GatewayError if Stripe cannot be asked.
    """
    if order.is_open:
        order = close_unpaid(order, by=by)
    if order.is_paid:
        raise CannotCancel(_("This order is paid for. Refund it instead."))
    if order.is_open:
        raise CannotCancel(_("A payment for this order is on its way. Wait until it is decided, then refund it if need be."))
    return order


def end_unknown(order: Order, *, by: str) -> Order:
    """End an order whose money was on its way, where Stripe knows nothing of that any more: a person takes it upon them.

    Stripe is asked once more. Raises CannotCancel if it does know the payment, GatewayError if it cannot be asked.
    """
    for payment in order.payments.filter(status=Payment.Status.PROCESSING):
        if _is_known(payment):
            raise CannotCancel(_("Stripe knows this payment: wait until it is decided."))
        flag_unknown(payment, payment.stripe_id)
    with transaction.atomic():
        unknown = order.payments.filter(status=Payment.Status.PROCESSING)
        unknown.update(status=Payment.Status.FAILED, settled_at=timezone.now())
        end_without_payment(order, by=by, what=_("Ended by hand: Stripe knows nothing of its payment"), as_expired=False)
    order.refresh_from_db()
    return order


def _is_known(payment: Payment) -> bool:
    try:
        ways.retrieve(payment)
    except gateway.GatewayRefused as error:
        if error.code == "resource_missing":
            return False
        raise
    return True
