"""The checkout page, and the two ways back from Stripe's payment page."""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib import messages
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.private import private_page
from accounts.throttle import Limit, TooOften, client_address, tell_when
from cart.cart import Cart, current_cart, somebody_looks
from cart.totals import PricedCart, charge_problem, price_cart
from money import Money
from orders.access import get_order_for, guessing_is_limited, key_opens, last_placed, order_link, remember_placed
from orders.models import Order, ShippingRate
from orders.place import CartBought, CartChanged
from orders.status import ENDED, Status, Way
from orders.views import status_url
from payments import gateway
from payments.cancel import CannotCancel, cancel_order
from payments.checkout import PERHAPS_PAID, CheckoutUnavailable, NotPayable, order_for, payment_page, take_for_free
from payments.forms import CheckoutForm
from payments.models import Payment
from payments.patience import at_most
from payments.policy import allow_leaving
from payments.settle import settle

log = logging.getLogger(__name__)

CHECKOUT_SECONDS, RETURN_SECONDS = 9, 2  # to wait for Stripe: pages answer within ten and three

UNSOLD = {*ENDED, Status.PENDING}

# Each checkout holds units and asks Stripe: neither is for collecting, nor for trying out stolen cards.
CHECKOUTS_OF_SESSION = Limit("checkouts-of-session", times=12, seconds=600)
CHECKOUTS_FROM_ADDRESS = Limit("checkouts-from-address", times=30, seconds=600)


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
@at_most(CHECKOUT_SECONDS)
def checkout(request: HttpRequest) -> HttpResponse:
    """GET: look the cart over before paying. POST: place the order and go to Stripe's payment page."""
    cart = current_cart(request)
    priced = price_cart(cart, told=somebody_looks(request), user=_user(request))
    if priced.is_empty:
        return _nothing_to_pay(request, cart, priced)
    if request.method != "POST":
        return _review(request, priced, CheckoutForm(requires_shipping=priced.requires_shipping))
    form = CheckoutForm(request.POST, requires_shipping=priced.requires_shipping)
    if not form.is_valid():
        return _review(request, priced, form, status=422)
    if priced.has_changed:
        return _review(request, priced, form, problem=_("Your cart has changed. Please look it over again."), status=409)
    return _pay(request, cart, priced, form)


def _nothing_to_pay(request: HttpRequest, cart: Cart, priced: PricedCart) -> HttpResponse:
    """To the empty cart; or, when the button was pressed on a page from before the payment, to what was bought."""
    bought = last_placed(request)
    if request.method == "POST" and bought and not (priced.notices or bought.status in UNSOLD):
        return _to_order(request, cart, bought)
    for notice in priced.notices:
        messages.warning(request, notice)
    messages.info(request, _("Your cart is empty: there is nothing to pay for."))
    return redirect("cart:detail")


def _pay(request: HttpRequest, cart: Cart, priced: PricedCart, form: CheckoutForm) -> HttpResponse:
    rate = form.cleaned_data["shipping_rate"]
    problem = charge_problem(_total(priced, rate))
    if problem:
        return _review(request, priced, form, problem=problem, status=422)
    try:
        order = _order_for(request, cart, priced, rate, form.cleaned_data["way"])
        _remember(request, cart, order)
        if take_for_free(order):
            return _to_order(request, cart, order)
        address = payment_page(order)
    except TooOften as error:
        problem = _("That was tried too often. Nothing was ordered or charged; please try again in a few minutes.")
        return tell_when(_review(request, priced, form, problem=problem, status=429), error)
    except CartChanged:
        problem = _("Something in your cart changed this moment. Please look it over again.")
        return _review(request, price_cart(cart, user=_user(request)), form, problem=problem, status=409)
    except CartBought as error:
        cart.remember_order(error.order.number, {})  # this request began before it was bought
        return _to_order(request, cart, error.order)
    except NotPayable as error:
        return _to_order(request, cart, error.order)
    except CheckoutUnavailable as error:
        log.warning("No payment page could be opened: %s", error.__cause__)
        problem = _("The payment page cannot be reached right now. Nothing was charged; please try again in a minute.")
        if error.perhaps_paid:
            problem = str(PERHAPS_PAID)
        return _review(request, priced, form, problem=problem, status=503)
    return HttpResponseRedirect(address, status=303)


def _order_for(request: HttpRequest, cart: Cart, priced: PricedCart, rate: ShippingRate | None, way: str) -> Order:
    """The cart's order, placed or found. Placing is counted, before it is done; raises TooOften."""
    counted = [(CHECKOUTS_OF_SESSION, request.session.session_key or ""), (CHECKOUTS_FROM_ADDRESS, client_address(request))]
    for limit, value in counted:
        limit.count(value)
    order = order_for(cart, priced, user=_user(request), rate=rate, way=way)
    if order.number == cart.open_order:  # the button was pressed again
        for limit, value in counted:
            limit.take_back(value)
    return order


def _remember(request: HttpRequest, cart: Cart, order: Order) -> None:
    """Tell the session of the order, and store that before Stripe is asked.

    A process that is killed while it waits leaves a visitor whose own hold is not in their way; and what another tab puts
    into the cart meanwhile is not overwritten by this request's end.
    """
    remember_placed(request, order)
    cart.remember_order(order.number, _held(order))
    try:
        request.session.save()
    except UpdateError as error:
        raise SessionInterrupted("The session ended while the order was placed") from error
    request.session.modified = False


@private_page
@require_safe
@guessing_is_limited
@at_most(RETURN_SECONDS)
def checkout_return(request: HttpRequest) -> HttpResponse:
    """Where Stripe sends the shopper after paying: says what is true now, and goes on asking while it is undecided."""
    payment = _returned(request)
    order = get_order_for(request, payment.order.number)
    if order.is_open:
        try:
            settle(payment, by="return page")
        except gateway.GatewayError as error:
            log.warning("The return page could not ask Stripe: %s", error)  # the webhook or the reconciler will
        order.refresh_from_db()
    cart = current_cart(request)
    if cart.open_order == order.number and (order.is_paid or payment.status == Payment.Status.PROCESSING):
        cart.order_was_paid()
    context = {"order": order, "payment": payment, "order_url": order_link(order)}
    context["status_url"] = status_url(order, request.GET.get("key", ""))
    return render(request, "payments/return.html", context)


def _returned(request: HttpRequest) -> Payment:
    """The attempt that Stripe names: by its session, or by its intent where it was paid without one. Raises Http404."""
    intents = Payment.objects.filter(order__way=Way.ELEMENT)
    for name, field, known in (("session_id", "session_id", Payment.objects), ("payment_intent", "payment_intent_id", intents)):
        stripe_id = request.GET.get(name, "")
        if stripe_id.isascii() and stripe_id.isprintable() and 0 < len(stripe_id) <= 255:
            return get_object_or_404(known.select_related("order"), **{field: stripe_id})
    raise Http404


@private_page
@require_safe
@guessing_is_limited
@at_most(CHECKOUT_SECONDS)
def checkout_cancel(request: HttpRequest, number: str) -> HttpResponse:
    """The way back without paying: the hold is given up and the cart is as it was."""
    if not key_opens(number, request.GET.get("key", "")):
        raise Http404
    order = get_object_or_404(Order, number=number)
    try:
        cancel_order(order, by="shopper")
    except CannotCancel:
        return redirect(order_link(order))
    except gateway.GatewayError as error:
        log.warning("A hold could not be given up yet: %s", error)  # expire_orders will; until then the cart remembers it
        text = _("We cannot ask about your payment right now. If you paid, do not pay again: your order will show it soon.")
        messages.warning(request, text)
        return redirect("cart:detail")
    cart = current_cart(request)
    if cart.open_order == number:
        cart.forget_order()
    messages.info(request, _("Nothing was charged. Your cart is as you left it."))
    return redirect("cart:detail")


def _review(
    request: HttpRequest, priced: PricedCart, form: CheckoutForm, *, problem: str = "", status: int = 200
) -> HttpResponse:
    rates = list(form.fields["shipping_rate"].queryset)  # type: ignore[attr-defined]
    chosen = _chosen(form, rates)
    context = {
        "cart": priced,
        "form": form,
        "rates": rates,
        "chosen": chosen,
        "total": _total(priced, chosen),
        "ways": list(form["way"]) if len(settings.PAYMENT_WAYS) > 1 else [],
        "is_free": not (_total(priced, chosen) or priced.requires_shipping),
        "problem": problem or charge_problem(_total(priced, chosen)),
    }
    return allow_leaving(render(request, "payments/checkout.html", context, status=status))


def _chosen(form: CheckoutForm, rates: list[ShippingRate]) -> ShippingRate | None:
    """The rate that is ticked on the page."""
    value = str(form["shipping_rate"].value() or "")
    return next((rate for rate in rates if str(rate.pk) == value), rates[0] if rates else None)


def _total(priced: PricedCart, rate: ShippingRate | None) -> Money:
    return priced.total + rate.price if rate else priced.total


def _held(order: Order) -> dict[int, int]:
    """Units set aside for the order, by variant."""
    held: dict[int, int] = {}
    for variant_id, quantity in order.lines.filter(stock_counted=True).values_list("variant_id", "quantity"):
        held[variant_id] = held.get(variant_id, 0) + quantity
    return held


def _to_order(request: HttpRequest, cart: Cart, order: Order) -> HttpResponse:
    """A press of the button when there is nothing left to pay: show what was bought instead of selling it twice."""
    order.refresh_from_db()
    if cart.open_order == order.number:
        cart.order_was_paid()
    remember_placed(request, order)
    if not order.is_paid:
        messages.info(request, _("The payment for this order is on its way."))
    elif order.total_minor:
        messages.info(request, _("This order was paid for already."))
    elif not order.email:  # nobody was asked for one, so there is no mail with the link
        messages.info(request, _("Keep the address of this page: it opens your order."))
        return redirect(order_link(order))
    return redirect("orders:detail", number=order.number)


def _user(request: HttpRequest) -> User | None:
    return request.user if request.user.is_authenticated else None
