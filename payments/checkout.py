"""From a cart to Stripe's payment page: place the order, write the attempt down, then ask Stripe."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urljoin

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from cart.cart import Cart
from cart.totals import PricedCart
from orders.access import order_key
from orders.models import Order, OrderLine, ShippingRate
from orders.place import CartChanged, OpenOrderInTheWay, place_order
from orders.transitions import InvalidTransition, cancel, mark_paid
from payments import gateway
from payments.differences import flag_missing
from payments.models import Payment
from payments.settle import close_unpaid, record_session, settle

WORTH_REUSING = timedelta(minutes=3)  # with less time left than this a shopper gets a new hold
SHORTEST_PAGE = timedelta(seconds=gateway.SHORTEST_PAGE_SECONDS)


class CheckoutUnavailable(Exception):
    """Stripe does not answer. Nothing is held, the cart is as it was; the shopper may try again."""


class NotPayable(Exception):
    """The order of this cart was paid for already, in another tab for instance, or its money is on its way."""

    def __init__(self, order: Order) -> None:
        super().__init__(order.number)
        self.order = order


def order_for(cart: Cart, priced: PricedCart, *, user: User | None, rate: ShippingRate | None) -> Order:
    """Place the order of this cart, or find it if it is open; one for other contents, or about to run out, is ended first.

    Safe to call twice at once: a double click, or two tabs, get one order. Raises CartChanged, CartBought, NotPayable
    or CheckoutUnavailable.
    """
    try:
        order = place_order(cart, priced, user=user, rate=rate)
    except OpenOrderInTheWay as error:
        order = error.order
    else:
        if _is_worth_reusing(order):
            return order
    try:
        if close_unpaid(order, by="shopper", what=_("Replaced by a newer order")).is_open:
            raise NotPayable(order)
        return place_order(cart, priced, user=user, rate=rate)
    except gateway.GatewayError as error:
        raise CheckoutUnavailable from error
    except OpenOrderInTheWay as error:  # another tab was quicker, with other contents
        raise CartChanged from error


def _is_worth_reusing(order: Order) -> bool:
    """There is time to pay; or, where no page was opened yet, as much as Stripe asks for to open one."""
    has_page = order.payments.filter(status__in=(Payment.Status.OPEN, Payment.Status.PROCESSING)).exists()
    return order.expires_at - timezone.now() > (WORTH_REUSING if has_page else SHORTEST_PAGE)


def take_for_free(order: Order) -> bool:
    """Fulfil an order that costs nothing and is sent nowhere: Stripe has nothing to take and nobody to ask. Else False.

    Of racing calls one fulfils. Raises CartChanged if the order ended this moment.
    """
    if order.total_minor or order.requires_shipping:
        return False
    try:
        mark_paid(order, by="shopper", on_missing=flag_missing)
    except InvalidTransition as error:
        raise CartChanged from error
    return True


def payment_page(order: Order) -> str:
    """Open Stripe's page for an order; answers its address. The same page however often it is called, and by how many.

    Raises CartChanged, NotPayable, or CheckoutUnavailable within ten seconds.
    """
    payment, is_new = _live_payment(order)
    try:
        starting = payment.status == Payment.Status.STARTING
        payment = _open(payment, is_ours=is_new) if starting else settle(payment, by="shopper")
    except gateway.GatewayError as error:
        raise CheckoutUnavailable from error
    if payment.status == Payment.Status.OPEN:
        return payment.session_url
    if payment.status in (Payment.Status.SUCCEEDED, Payment.Status.PROCESSING):
        raise NotPayable(order)
    raise CartChanged  # it expired this moment


def _live_payment(order: Order) -> tuple[Payment, bool]:
    """The order's one live attempt, and whether it was made now; two racing calls get the same row.

    Raises CartChanged if the order has ended.
    """
    with transaction.atomic():
        if not Order.objects.select_for_update().get(pk=order.pk).is_open:
            raise CartChanged
        attempt = order.payments.filter(status__in=Payment.LIVE).first()
        if attempt is not None:
            return attempt, False
        attempt = Payment(order=order, amount_minor=order.total_minor, currency=order.currency)
        attempt.request = session_request(attempt)
        attempt.save()
        return attempt, True


def _open(payment: Payment, *, is_ours: bool) -> Payment:
    """Ask Stripe for the page. If Stripe refuses or is silent, the attempt and the hold are given up.

    While a twin of this call waits for Stripe, only the one that wrote the attempt down (`is_ours`) may give it up.
    """
    try:
        session = gateway.create_checkout_session(payment.request, idempotency_key=payment.idempotency_key)
    except gateway.GatewayError as error:
        if is_ours or not isinstance(error, gateway.GatewayBusy):
            give_up(payment, error)
        raise CheckoutUnavailable from error
    if not record_session(payment, session) and payment.status == Payment.Status.FAILED:
        # A twin of this call gave up meanwhile and released the units: nobody may pay on this page.
        gateway.expire_checkout_session(session.id)
        raise CheckoutUnavailable
    return payment


@transaction.atomic
def give_up(payment: Payment, error: Exception) -> None:
    """Release the hold of an attempt whose page nobody has seen. A twin call that did get the page wins over this."""
    unseen = Payment.objects.filter(pk=payment.pk, status=Payment.Status.STARTING, session_id__isnull=True)
    if unseen.update(status=Payment.Status.FAILED, last_error=str(error)[:500], settled_at=timezone.now()):
        with suppress(InvalidTransition):  # it was ended meanwhile
            cancel(payment.order, by="shop", what=_("Stripe could not be reached"))


def session_request(payment: Payment) -> dict[str, Any]:
    """The parameters of the Checkout Session for this attempt: the order's snapshot, nothing else.

    Written from docs.stripe.com/api/checkout/sessions/create (2026-10-28.endive). Empty values are left out: Stripe takes
    an empty string for an attempt to unset something.
    """
    order, key = payment.order, quote(order_key(payment.order))
    metadata = {"order": order.number, "payment_reference": payment.reference}
    request: dict[str, Any] = {
        "mode": "payment",
        "client_reference_id": payment.reference,
        "line_items": [_line_item(line, order.currency) for line in order.lines.all()],
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "success_url": f"{settings.SITE_URL}{reverse('payments:return')}?key={key}&session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{settings.SITE_URL}{reverse('payments:cancel', args=[order.number])}?key={key}",
        "expires_at": int(order.expires_at.timestamp()),
    }
    if order.email:
        request["customer_email"] = order.email
    if order.requires_shipping:
        request |= _shipping(order)
    return request


def _line_item(line: OrderLine, currency: str) -> dict[str, Any]:
    product: dict[str, Any] = {"name": line.title, "metadata": {"sku": line.sku}}
    if line.options_text:
        product["description"] = line.options_text
    picture = urljoin(f"{settings.SITE_URL}/", line.image_url)
    # Stripe's servers fetch it: an address on this machine would only be of use to a stand-in on this machine.
    if line.image_url and (picture.startswith("https://") or settings.STRIPE_API_BASE):
        product["images"] = [picture]
    return {
        "quantity": line.quantity,
        "price_data": {"currency": currency.lower(), "unit_amount": line.unit_price_minor, "product_data": product},
    }


def _shipping(order: Order) -> dict[str, Any]:
    """The one rate the shopper chose, and only the countries it reaches: the total stays what the shopper saw."""
    rate: dict[str, Any] = {
        "type": "fixed_amount",
        "display_name": order.shipping_name,
        "fixed_amount": {"amount": order.shipping_minor, "currency": order.currency.lower()},
    }
    bounds = zip(("minimum", "maximum"), order.shipping_days, strict=False)
    estimate = {bound: {"unit": "business_day", "value": days} for bound, days in bounds if days}  # Stripe takes no 0
    if estimate:
        rate["delivery_estimate"] = estimate
    return {
        "shipping_address_collection": {"allowed_countries": order.shipping_countries},
        "shipping_options": [{"shipping_rate_data": rate}],
    }
