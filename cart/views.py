"""The cart page, and the two forms that change the cart."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.private import private_page
from accounts.throttle import Limit, TooOften, client_address, tell_when
from cart.cart import CartFull, current_cart, somebody_looks
from cart.forms import AddForm, CartLineForm, CodeForm
from cart.totals import PricedCart, on_sale_now, price_cart
from promotions.models import Promotion
from promotions.rules import why_not

UNKNOWN_CODES_FROM_ADDRESS = Limit("unknown-codes-from-address", times=20, seconds=600)


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
    priced = price_cart(cart, found, user=_user(request))
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


@require_POST
@private_page
def apply_code(request: HttpRequest) -> HttpResponse:
    """Use a promotion code for the cart, or say beside the field why not. Guessing is limited."""
    cart, form = current_cart(request), CodeForm(request.POST)
    priced = price_cart(cart, told=False, user=_user(request))
    if priced.is_empty:
        return redirect("cart:detail")
    if not form.is_valid():
        return _show(request, code_form=form, status=422)
    try:
        promotion = _known(request, form.cleaned_data["code"])
    except TooOften as error:
        form.add_error("code", _("That was tried too often. Please try again in a few minutes."))
        return tell_when(_show(request, code_form=form, status=429), error)
    why = _("We do not know this code.")
    if promotion is not None:
        why = why_not(promotion, goods=priced.subtotal, user=_user(request), own_order=cart.open_order)
    if promotion is None or why:
        form.add_error("code", why)
        return _show(request, code_form=form, status=422)
    cart.use_code(promotion.code, rule=promotion.rule)
    messages.success(request, _("The code “%(code)s” is applied.") % {"code": promotion})
    return redirect("cart:detail")


@require_POST
@private_page
def remove_code(request: HttpRequest) -> HttpResponse:
    cart = current_cart(request)
    if cart.code:
        cart.forget_code()
        messages.success(request, _("The code is taken out of your cart."))
    return redirect("cart:detail")


def _known(request: HttpRequest, typed: str) -> Promotion | None:
    """The promotion with that code. Each look counts until it finds one: past the limit nobody learns whether there is one."""
    address = client_address(request)
    UNKNOWN_CODES_FROM_ADDRESS.count(address)
    promotion = Promotion.objects.find(typed)
    if promotion is not None:
        UNKNOWN_CODES_FROM_ADDRESS.take_back(address)
    return promotion


def _notices(priced: PricedCart) -> list[str]:
    return [*priced.notices, *(f"{line.variant}: {notice}" for line in priced.lines for notice in line.notices)]


def _refuse(request: HttpRequest, form: CartLineForm) -> HttpResponse:
    """Show the cart again with the form's errors, beside the line they belong to where there is one."""
    variant_id = form.cleaned_data.get("variant")
    if variant_id in current_cart(request).quantities and "quantity" in form.errors:
        return _show(request, errors={variant_id: " ".join(map(str, form.errors["quantity"]))}, status=422)
    problem = " ".join(f"{form[field].label}: {error}" for field, errors in form.errors.items() for error in errors)
    return _show(request, problem=problem, status=422)


def _show(
    request: HttpRequest,
    *,
    problem: str = "",
    errors: dict[int, str] | None = None,
    code_form: CodeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "cart": price_cart(current_cart(request), told=somebody_looks(request), user=_user(request)),
        "problem": problem,
        "errors": errors or {},
        "code_form": code_form or CodeForm(),
    }
    return render(request, "cart/detail.html", context, status=status)


def _user(request: HttpRequest) -> User | None:
    return request.user if request.user.is_authenticated else None
