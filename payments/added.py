"""What Stripe's page added to an order, where the shop's settings let it: a promotion code of Stripe's own, and tax."""

from __future__ import annotations

from django.db.models import F

from orders.models import Order
from orders.status import OPEN
from payments.gateway import StripePayment
from payments.models import Payment


def explains(payment: Payment, state: StripePayment) -> bool:
    """The amount is what was asked for, less the discount and plus the tax that this payment's page was allowed to add."""
    expected = payment.amount_minor - _discount(payment, state) + _tax_on_top(payment, state)
    return (state.amount_minor, state.currency) == (expected, payment.currency)


def book_added(payment: Payment, state: StripePayment) -> None:
    """Write it to the open order, line by line. In the caller's transaction, once per payment: when its money is claimed."""
    discount, on_top = _discount(payment, state), _tax_on_top(payment, state)
    included = state.tax_minor - on_top if payment.request.get("automatic_tax") else 0
    order = Order.objects.filter(pk=payment.order_id, status__in=OPEN)
    if not (discount or on_top or included) or not order.update(
        discount_minor=F("discount_minor") + discount,
        tax_minor=F("tax_minor") + on_top,
        included_tax_minor=F("included_tax_minor") + included,
        total_minor=state.amount_minor,
    ):
        return
    for line in state.lines:
        payment.order.lines.filter(sku=line.sku).update(
            discount_minor=F("discount_minor") + line.discount_minor * bool(discount),
            tax_minor=F("tax_minor") + line.tax_minor * bool(on_top),
            included_tax_minor=F("included_tax_minor") + line.tax_minor * bool(included),
        )
    payment.order.refresh_from_db()


def _discount(payment: Payment, state: StripePayment) -> int:
    return state.discount_minor if payment.request.get("allow_promotion_codes") else 0


def _tax_on_top(payment: Payment, state: StripePayment) -> int:
    """Tax that was not in the prices already."""
    lines = payment.request.get("line_items") or [{}]
    on_top = lines[0].get("price_data", {}).get("tax_behavior") == "exclusive"
    return state.tax_minor if on_top and payment.request.get("automatic_tax") else 0
