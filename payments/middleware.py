"""The cart of a visitor whose order was settled while they were elsewhere: on Stripe's page, or gone."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from cart.cart import current_cart
from orders.models import Order
from orders.status import Status


def settled_cart(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Empty the cart once its order is paid, drop the hold once it ended: one query, only while a checkout is open."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            cart = current_cart(request)
            if cart.open_order:
                order = Order.objects.filter(number=cart.open_order).only("status").first()
                if order is None or not (order.is_open or order.is_paid):
                    cart.forget_order()
                elif order.status != Status.PENDING:  # paid, or the money is on its way
                    cart.order_was_paid()
        return get_response(request)

    return middleware
