"""From a cart to where it is paid: place the order, write the attempt down, then ask Stripe."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from cart.cart import Cart
from cart.totals import PricedCart
from orders.models import Order, ShippingRate
from orders.place import CartChanged, OpenOrderInTheWay, place_order
from orders.status import Way
from orders.transitions import InvalidTransition, cancel, mark_paid
from payments import gateway, ways
from payments.differences import flag_missing
from payments.gateway import StripePayment
from payments.models import Payment
from payments.requests import buyer_request, request_for
from payments.settle import close_unpaid, record_started, settle

WORTH_REUSING = timedelta(minutes=3)  # with less time left than this a shopper gets a new hold
SHORTEST_PAGE = timedelta(seconds=gateway.SHORTEST_PAGE_SECONDS)
PERHAPS_PAID = gettext_lazy(
    "We cannot ask about your payment right now. If you paid, do not pay again: your order will show it soon."
)


class CheckoutUnavailable(Exception):
    """Stripe does not answer; the cart is as it was, and the shopper may try again.

    `perhaps_paid`: the order could be paid before, and nobody knows whether it was. Otherwise nothing is held.
    """

    def __init__(self, *, perhaps_paid: bool = False) -> None:
        super().__init__()
        self.perhaps_paid = perhaps_paid


class NotPayable(Exception):
    """The order of this cart was paid for already, in another tab for instance; its money is on its way, or is looked into."""

    def __init__(self, order: Order) -> None:
        super().__init__(order.number)
        self.order = order


def order_for(cart: Cart, priced: PricedCart, *, user: User | None, rate: ShippingRate | None, way: str = Way.HOSTED) -> Order:
    """Place the order of this cart, or find it if it is open; one for other contents, to be paid in another way, or about to
    run out, is ended first.

    Safe to call twice at once: a double click, or two tabs, get one order. Raises CartChanged, CartBought, NotPayable
    or CheckoutUnavailable.
    """
    try:
        order = place_order(cart, priced, user=user, rate=rate, way=way)
    except OpenOrderInTheWay as error:
        order = error.order
    else:
        if _is_worth_reusing(order):
            return order
    try:
        if close_unpaid(order, by="shopper", what=_("Replaced by a newer order")).is_open:
            raise NotPayable(order)
        return place_order(cart, priced, user=user, rate=rate, way=way)
    except gateway.GatewayError as error:
        raise CheckoutUnavailable(perhaps_paid=True) from error
    except OpenOrderInTheWay as error:  # another tab was quicker, with other contents
        raise CartChanged from error


def _is_worth_reusing(order: Order) -> bool:
    """There is time to pay; or, where a page is still to be opened, as much as Stripe asks for to open one."""
    has_page = order.payments.filter(status__in=(Payment.Status.OPEN, Payment.Status.PROCESSING)).exists()
    needs_none = has_page or order.way == Way.ELEMENT or not order.total_minor
    return order.expires_at - timezone.now() > (WORTH_REUSING if needs_none else SHORTEST_PAGE)


def take_for_free(order: Order) -> bool:
    """Fulfil an order that costs nothing, if it is known where to send it: Stripe has nothing to take. Else False.

    Of racing calls one fulfils. Raises CartChanged if the order ended this moment.
    """
    if order.total_minor or (order.requires_shipping and not order.address):
        return False
    try:
        mark_paid(order, by="shopper", on_missing=flag_missing)
    except InvalidTransition as error:
        raise CartChanged from error
    return True


def is_looked_into(order: Order) -> bool:
    """Money of another amount came for it: a person decides, and nothing more is to be paid."""
    return order.payments.filter(status=Payment.Status.MISMATCH).exists()


def payment_page(order: Order) -> str:
    """The address where the order is paid: Stripe's page, or the shop's own with something of Stripe's inside.

    The same however often it is called, and by how many. Raises CartChanged, NotPayable, or CheckoutUnavailable within ten
    seconds.
    """
    own = reverse("payments:pay", args=[order.number])
    if order.way == Way.ELEMENT or not order.total_minor:
        return own  # first the shop asks where to send it
    payment = open_payment(order)
    return own if order.way == Way.EMBEDDED else payment.session_url


def open_payment(order: Order) -> Payment:
    """The order's one attempt that can be paid, made at Stripe if need be. The same however often, and by how many.

    Raises CartChanged, NotPayable, or CheckoutUnavailable within ten seconds.
    """
    payment, is_new = _live_payment(order)
    if payment.status == Payment.Status.STARTING:
        payment = _open(payment, is_ours=is_new)
    else:
        try:
            payment = settle(payment, by="shopper")
        except gateway.GatewayError as error:
            raise CheckoutUnavailable(perhaps_paid=True) from error
    if payment.status == Payment.Status.OPEN:
        return payment
    if payment.status in (Payment.Status.SUCCEEDED, Payment.Status.PROCESSING):
        raise NotPayable(order)
    raise CartChanged  # it expired this moment


def intent_to_pay(order: Order) -> StripePayment:
    """What Stripe's fields pay: the order's one intent, with the e-mail and the address that the order has now.

    Raises what open_payment raises.
    """
    payment = open_payment(order)
    buyer = buyer_request(order)
    try:
        if buyer.items() <= payment.request.items():
            return ways.retrieve(payment)
        return gateway.update_payment_intent(payment.stripe_id, buyer)
    except gateway.GatewayError as error:
        raise CheckoutUnavailable(perhaps_paid=True) from error


def secret_of_page(order: Order) -> str:
    """What lets the shop's page show Stripe's page for this order. Stripe's fields need none before the form is sent.

    Raises what open_payment raises: an attempt that was begun before may be paid, and the shop has not heard of it yet.
    """
    if order.way == Way.ELEMENT:
        if order.payments.filter(status=Payment.Status.OPEN).exists():
            open_payment(order)
        return ""
    payment = open_payment(order)
    try:
        return ways.retrieve(payment).client_secret
    except gateway.GatewayError as error:
        raise CheckoutUnavailable(perhaps_paid=True) from error


def _live_payment(order: Order) -> tuple[Payment, bool]:
    """The order's one live attempt, and whether it was made now; two racing calls get the same row.

    Raises CartChanged if the order has ended, NotPayable if money of another amount came for it.
    """
    with transaction.atomic():
        if not Order.objects.select_for_update().get(pk=order.pk).is_open:
            raise CartChanged
        if is_looked_into(order):
            raise NotPayable(order)
        attempt = order.payments.filter(status__in=Payment.LIVE).first()
        if attempt is not None:
            return attempt, False
        attempt = Payment(order=order, amount_minor=order.total_minor, currency=order.currency)
        attempt.request = request_for(attempt)
        attempt.save()
        return attempt, True


def _open(payment: Payment, *, is_ours: bool) -> Payment:
    """Ask Stripe for something to pay. If Stripe refuses or is silent, the attempt and the hold are given up.

    While a twin of this call waits for Stripe, only the one that wrote the attempt down (`is_ours`) may give it up.
    """
    try:
        state = ways.create(payment)
    except gateway.GatewayError as error:
        if is_ours or not isinstance(error, gateway.GatewayBusy):
            give_up(payment, error)
        raise CheckoutUnavailable from error
    if not record_started(payment, state) and payment.status == Payment.Status.FAILED:
        # A twin of this call gave up meanwhile and released the units: nobody may pay for them, and nobody has seen the page.
        with suppress(gateway.GatewayError):
            ways.close(state)
        raise CheckoutUnavailable
    return payment


@transaction.atomic
def give_up(payment: Payment, error: Exception) -> None:
    """Release the hold of an attempt whose page nobody has seen. A twin call that did get the page wins over this."""
    unseen = Payment.objects.filter(
        pk=payment.pk, status=Payment.Status.STARTING, session_id__isnull=True, payment_intent_id__isnull=True
    )
    if unseen.update(status=Payment.Status.FAILED, last_error=str(error)[:500], settled_at=timezone.now()):
        with suppress(InvalidTransition):  # it was ended meanwhile
            cancel(payment.order, by="shop", what=_("Stripe could not be reached"))
