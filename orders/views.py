"""An order's page, and its state for the page that waits for it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.private import private_page
from orders.access import get_order_for, guessing_is_limited
from orders.models import Order


@private_page
@require_safe
@guessing_is_limited
def detail(request: HttpRequest, number: str) -> HttpResponse:
    """Show an order to its owner, to the holder of its link, and to staff."""
    order = get_order_for(request, number)
    key = request.GET.get("key", "")
    # What has no state of its own is a note of the staff's.
    timeline = [event for event in order.events.all() if event.to_status]
    context = {"order": order, "key": key, "timeline": timeline, "status_url": status_url(order, key)}
    return render(request, "orders/detail.html", context)


@private_page
@require_safe
@guessing_is_limited
def status(request: HttpRequest, number: str) -> JsonResponse:
    """Say in JSON how far an order is. `final`: nothing more is expected of the payment."""
    order = get_order_for(request, number)
    return JsonResponse(
        {"status": order.status, "label": order.get_status_display(), "paid": order.is_paid, "final": not order.is_open}
    )


def status_url(order: Order, key: str) -> str:
    """The address that static/js/order-status.js asks."""
    address = reverse("orders:status", args=[order.number])
    return f"{address}?{urlencode({'key': key})}" if key else address
