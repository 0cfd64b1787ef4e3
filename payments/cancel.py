"""Give up an order that is not paid for: the shopper's "cancel" link and the staff button."""

from __future__ import annotations

from django.utils.translation import gettext as _

from orders.models import Order
from payments.settle import close_unpaid


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
