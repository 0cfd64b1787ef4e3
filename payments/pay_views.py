"""The page where an order is paid inside the shop: Stripe's page or fields, or only an address where nothing is to be paid."""

from __future__ import annotations

import json
import logging

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.private import private_page
from accounts.throttle import Limit, TooOften, tell_when, too_often_page
from orders.access import get_order_for, guessing_is_limited, order_key, remember_placed
from orders.buyer import keep_buyer
from orders.models import Order
from orders.place import CartChanged
from orders.status import Status, Way
from payments.checkout import (
    PERHAPS_PAID,
    CheckoutUnavailable,
    NotPayable,
    intent_to_pay,
    is_looked_into,
    payment_page,
    secret_of_page,
    take_for_free,
)
from payments.forms import BuyerForm
from payments.models import Payment
from payments.patience import at_most
from payments.policy import allow_paying

log = logging.getLogger(__name__)

PAY_SECONDS = 9  # to wait for Stripe: pages answer within ten

# Each asks Stripe twice. A shopper with a bad day presses ten times.
TRIES_OF_ORDER = Limit("tries-to-pay-order", times=40, seconds=600)


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
@guessing_is_limited
@at_most(PAY_SECONDS)
def pay(request: HttpRequest, number: str) -> HttpResponse:
    """Show what pays the order. POST: where an order that costs nothing is to be sent."""
    order = get_order_for(request, number)
    if order.status != Status.PENDING or is_looked_into(order):
        return _over(request, order)
    if not order.total_minor:
        return _free(request, order)
    if request.method == "POST":
        return redirect(request.get_full_path())  # the form works with a script, which did not run
    if order.way != Way.ELEMENT and not order.payments.filter(status__in=Payment.LIVE).exists():
        return redirect("payments:checkout")  # the button there begins an attempt to pay; looking at a page does not
    try:
        TRIES_OF_ORDER.count(order.number)
        if order.way == Way.HOSTED:
            return HttpResponseRedirect(payment_page(order), status=303)
        secret = secret_of_page(order)
    except TooOften as error:
        return too_often_page(request, error)
    except (CartChanged, NotPayable):
        order.refresh_from_db()
        return _over(request, order)
    except CheckoutUnavailable as error:
        log.warning("No payment page could be shown: %s", error.__cause__)
        return render(request, "payments/pay_later.html", {"order": order}, status=503)
    context = {
        "order": order,
        "form": None if order.way == Way.EMBEDDED else BuyerForm(order),
        "paying": _for_script(order, secret),
        "script": settings.STRIPE_JS_URL,
        "cancel_url": f"{reverse('payments:cancel', args=[order.number])}?{urlencode({'key': order_key(order)})}",
        "hosted_is_offered": Way.HOSTED in settings.PAYMENT_WAYS,
    }
    return allow_paying(render(request, f"payments/pay_{order.way}.html", context), order.way)


@private_page
@require_POST
@guessing_is_limited
@at_most(PAY_SECONDS)
def start(request: HttpRequest, number: str) -> HttpResponse:
    """Keep who pays and where it goes, and answer with what Stripe's fields need to pay: for the script of the page."""
    order = get_order_for(request, number)
    if order.way != Way.ELEMENT or order.status != Status.PENDING:
        return JsonResponse({"address": order.get_absolute_url()}, status=409)
    form = BuyerForm(order, request.POST)
    if not form.is_valid():
        return JsonResponse({"errors": {name: " ".join(map(str, errors)) for name, errors in form.errors.items()}}, status=422)
    try:
        TRIES_OF_ORDER.count(order.number)
        kept = keep_buyer(order, **form.buyer)
        state = intent_to_pay(order) if kept else None
    except TooOften as error:
        problem = _("That was tried too often. Nothing was charged; please try again in a few minutes.")
        return tell_when(JsonResponse({"problem": problem}, status=429), error)
    except (CartChanged, NotPayable):
        state = None
    except CheckoutUnavailable as error:
        log.warning("No intent to pay could be made: %s", error.__cause__)
        problem = _("We cannot reach our payment service right now. Nothing was charged; please order again in a minute.")
        if error.perhaps_paid:
            problem = str(PERHAPS_PAID)
        return JsonResponse({"problem": problem}, status=503)
    if state is None or not state.is_open:
        return JsonResponse({"address": reverse("payments:pay", args=[order.number])}, status=409)
    return JsonResponse({"client_secret": state.client_secret, "return_url": _return_url(order)})


def _over(request: HttpRequest, order: Order) -> HttpResponse:
    """There is nothing to pay here any more: show the order, or the cart where it ended unpaid."""
    if order.is_open or order.is_paid or order.paid_minor:  # the last: paid after it had ended
        return redirect(request.get_full_path().replace(request.path, order.get_absolute_url(), 1))
    messages.info(request, _("This order has ended, and nothing was charged. Your cart is as you left it."))
    return redirect("cart:detail")


def _free(request: HttpRequest, order: Order) -> HttpResponse:
    """Nothing is to be paid: only where to send it is asked. Without shipping it was complete with the button before."""
    form = BuyerForm(order, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if keep_buyer(order, **form.buyer):
                take_for_free(order)
        except CartChanged:
            order.refresh_from_db()
            return _over(request, order)
        remember_placed(request, order)
        return redirect(order.get_absolute_url())
    context = {"order": order, "form": form}
    return render(request, "payments/pay_free.html", context, status=422 if form.errors else 200)


def _for_script(order: Order, secret: str) -> str:
    """What static/js/pay-*.js needs, as JSON for an attribute."""
    return json.dumps(
        {
            "key": settings.STRIPE_PUBLISHABLE_KEY,
            "secret": secret,
            "amount": order.total_minor,
            "currency": order.currency.lower(),
            "start": reverse("payments:start", args=[order.number]),
        }
    )


def _return_url(order: Order) -> str:
    return f"{settings.SITE_URL}{reverse('payments:return')}?{urlencode({'key': order_key(order)})}"
