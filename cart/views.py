"""The cart page, and the two forms that change the cart."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.private import private_page
from cart.cart import CartFull, current_cart, somebody_looks
from cart.forms import AddForm, CartLineForm
from cart.totals import PricedCart, on_sale_now, price_cart


@require_safe
@private_page
def detail(request: HttpRequest) -> HttpResponse:
    """Show the cart at today's prices, and what changed."""
    return _show(request)


@require_POST
@private_page
def add(request: HttpRequest) -> HttpResponse:
    """Put more of a variant in the cart, as far as there is stock, and show the cart."""
    form = AddForm(request.POST)
    if not form.is_valid():
        return _refuse(request, form)
    cart, wanted = current_cart(request), form.cleaned_data["variant"]
    found = on_sale_now([wanted, *cart.quantities], pictures=False)
    variant = found.get(wanted)
    if variant is None:
        return _show(request, problem=_("This is no longer on sale."), status=422)
    try:
        cart.add(variant.pk, form.cleaned_data["quantity"], price_minor=variant.price_minor)
    except CartFull as error:
        return _show(request, problem=str(error.for_customer), status=422)
    priced = price_cart(cart, found)
    if any(line.variant.pk == variant.pk and not line.notices for line in priced.lines):
        messages.success(request, _("“%(title)s” is in your cart.") % {"title": variant})
    for notice in _notices(priced):
        messages.warning(request, notice)
    return redirect("cart:detail")


@require_POST
@private_page
def update(request: HttpRequest) -> HttpResponse:
    """Set the quantity of one line; 0 takes it out."""
    form = CartLineForm(request.POST)
    if not form.is_valid():
        return _refuse(request, form)
    cart, variant_id, quantity = current_cart(request), form.cleaned_data["variant"], form.cleaned_data["quantity"]
    if variant_id not in cart.quantities:
        return _show(request, problem=_("That is not in your cart any more."), status=422)
    cart.set(variant_id, quantity, price_minor=cart.price_seen(variant_id))
    if not quantity:
        messages.success(request, _("Taken out of your cart."))
    return redirect("cart:detail")


def _notices(priced: PricedCart) -> list[str]:
    return [*priced.notices, *(f"{line.variant}: {notice}" for line in priced.lines for notice in line.notices)]


def _refuse(request: HttpRequest, form: CartLineForm) -> HttpResponse:
    """Show the cart again with the form's errors, beside the line they belong to where there is one."""
    variant_id = form.cleaned_data.get("variant")
    if variant_id in current_cart(request).quantities and "quantity" in form.errors:
        return _show(request, errors={variant_id: " ".join(map(str, form.errors["quantity"]))}, status=422)
    problem = " ".join(f"{form[field].label}: {error}" for field, errors in form.errors.items() for error in errors)
    return _show(request, problem=problem, status=422)


def _show(request: HttpRequest, *, problem: str = "", errors: dict[int, str] | None = None, status: int = 200) -> HttpResponse:
    context = {
        "cart": price_cart(current_cart(request), told=somebody_looks(request)),
        "problem": problem,
        "errors": errors or {},
    }
    return render(request, "cart/detail.html", context, status=status)
