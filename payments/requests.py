"""What is asked of Stripe for an order: parameters of a Checkout Session or of a PaymentIntent, from the order's snapshot.

Empty values are left out: Stripe takes an empty string for an attempt to unset something.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urljoin

from django.conf import settings
from django.urls import reverse

from money.currencies import currency
from orders.access import order_key
from orders.models import Order, OrderLine
from orders.status import Way
from payments.models import Payment
from payments.snapshot import snapshot


def request_for(payment: Payment) -> dict[str, Any]:
    return intent_request(payment) if payment.is_intent else session_request(payment)


def session_request(payment: Payment) -> dict[str, Any]:
    """The parameters of the Checkout Session for this attempt: the order's snapshot, nothing else.

    Written from docs.stripe.com/api/checkout/sessions/create (2026-10-28.endive).
    """
    order = payment.order
    metadata = {"order": order.number, "payment_reference": payment.reference, **snapshot(order)}
    request: dict[str, Any] = {
        "mode": "payment",
        "client_reference_id": payment.reference,
        "line_items": [_line_item(line, order.currency) for line in order.lines.all()],
        "metadata": metadata,
        "payment_intent_data": {"metadata": {name: metadata[name] for name in ("order", "payment_reference")}},
        "expires_at": int(order.expires_at.timestamp()),
        **_addresses(order),
    }
    if order.email:
        request["customer_email"] = order.email
    if settings.STRIPE_PROMOTION_CODES and not order.discount_code:
        request["allow_promotion_codes"] = True
    if settings.STRIPE_TAX:
        request |= {"automatic_tax": {"enabled": True}, "billing_address_collection": "required"}
    if order.requires_shipping:
        request |= _shipping(order)
    return request


def intent_request(payment: Payment) -> dict[str, Any]:
    """The parameters of the PaymentIntent for this attempt. The order has its e-mail and address by now.

    Written from docs.stripe.com/api/payment_intents/create (2026-10-28.endive).
    """
    order = payment.order
    metadata = {"order": order.number, "payment_reference": payment.reference, "shop": settings.SITE_URL, **snapshot(order)}
    return {
        "amount": payment.amount_minor,
        "currency": payment.currency.lower(),
        "automatic_payment_methods": {"enabled": True},
        "description": order.number,
        "metadata": metadata,
        **buyer_request(order),
    }


def buyer_request(order: Order) -> dict[str, Any]:
    """Who pays and where it goes, as the shop's own form asked."""
    buyer: dict[str, Any] = {"receipt_email": order.email} if order.email else {}
    if order.address:
        buyer["shipping"] = {
            "name": order.recipient,
            "address": {part: value for part, value in order.address.items() if value},
        }
    return buyer


def _addresses(order: Order) -> dict[str, Any]:
    """Where Stripe sends the shopper. A page inside the shop has no way back of its own."""
    key = quote(order_key(order))
    back = f"{settings.SITE_URL}{reverse('payments:return')}?key={key}&session_id={{CHECKOUT_SESSION_ID}}"
    if order.way == Way.EMBEDDED:
        return {"ui_mode": "embedded_page", "return_url": back}
    return {
        "success_url": back,
        "cancel_url": f"{settings.SITE_URL}{reverse('payments:cancel', args=[order.number])}?key={key}",
    }


def _line_item(line: OrderLine, code: str) -> dict[str, Any]:
    """The line at what it costs after its discount: one item for all its units where no price of a unit gives that exactly."""
    quantity, name, amount = line.quantity, line.title, (line.total - line.discount).minor
    if line.discount_minor and amount % (quantity * currency(code).step):
        quantity, name = 1, str(line)
    product: dict[str, Any] = {"name": name, "metadata": {"sku": line.sku}}
    if line.options_text:
        product["description"] = line.options_text
    picture = urljoin(f"{settings.SITE_URL}/", line.image_url)
    # Stripe's servers fetch it: an address on this machine would only be of use to a stand-in on this machine.
    if line.image_url and (picture.startswith("https://") or settings.STRIPE_API_BASE):
        product["images"] = [picture]
    price = {"currency": code.lower(), "unit_amount": amount // quantity, "product_data": product, **_tax_behavior()}
    return {"quantity": quantity, "price_data": price, "metadata": {"sku": line.sku}}


def _tax_behavior() -> dict[str, str]:
    return {"tax_behavior": settings.STRIPE_TAX} if settings.STRIPE_TAX else {}


def _shipping(order: Order) -> dict[str, Any]:
    """The one rate the shopper chose, and only the countries it reaches: the total stays what the shopper saw."""
    rate: dict[str, Any] = {
        "type": "fixed_amount",
        "display_name": order.shipping_name,
        "fixed_amount": {"amount": order.shipping_minor, "currency": order.currency.lower()},
        **_tax_behavior(),
    }
    bounds = zip(("minimum", "maximum"), order.shipping_days, strict=False)
    estimate = {bound: {"unit": "business_day", "value": days} for bound, days in bounds if days}  # Stripe takes no 0
    if estimate:
        rate["delivery_estimate"] = estimate
    return {
        "shipping_address_collection": {"allowed_countries": order.shipping_countries},
        "shipping_options": [{"shipping_rate_data": rate}],
    }
