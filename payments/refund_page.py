"""The page in the admin on which staff refund a part of an order: choose, look once more, confirm."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from orders.models import Order
from payments.disputes import left_to_refund, refusal
from payments.order_tools import NotDone, give_back
from payments.refund_form import PartRefundForm


def refund_part(admin: ModelAdmin, request: HttpRequest, order: Order) -> HttpResponse:
    """GET: the form. POST: what is asked for in words, to be confirmed; confirmed, it is done."""
    page = reverse("admin:orders_order_change", args=[order.pk])
    if request.method != "POST" or "change" in request.POST:
        if why := refusal(order) or ("" if left_to_refund(order) else _("Nothing of this order is left to refund.")):
            messages.warning(request, why)
            return redirect(page)
        return _show(admin, request, order, PartRefundForm(order, initial=request.POST.dict()))
    form = PartRefundForm(order, request.POST)
    if not form.is_valid():
        return _show(admin, request, order, form)
    if "confirm" not in request.POST:
        return _show(admin, request, order, form, told=form.told)
    try:
        done = give_back(order, str(request.user), **form.wish)
    except NotDone as error:
        messages.error(request, str(error))
    else:
        admin.log_change(request, order, done)
        messages.success(request, done)
    return redirect(page)


def _show(
    admin: ModelAdmin, request: HttpRequest, order: Order, form: PartRefundForm, *, told: dict[str, Any] | None = None
) -> HttpResponse:
    context = {
        **admin.admin_site.each_context(request), "opts": admin.opts, "title": _("Refund a part"), "order": order,
        "form": form, "told": told, "left": left_to_refund(order), "media": admin.media,
    }  # fmt: skip
    return TemplateResponse(request, "admin/orders/order/refund.html", context, status=422 if form.errors else 200)
