"""Baskets, orders placed from them as the checkout does, and the books: for tests of placing and of what follows."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from cart.cart import Cart
from cart.totals import PricedCart, price_cart
from catalog.models import Variant
from orders import transitions
from orders.models import Order, ShippingRate
from orders.place import place_order
from payments.audit import audit
from payments.differences import flag_missing
from payments.models import Payment
from promotions.models import Promotion
from tests.cart.sessions import session


def basket(*wanted: tuple[Variant, int], code: str = "") -> Cart:
    """A visitor's cart, seen at the prices that the given rows have, with the code of a promotion."""
    cart = Cart(session())
    for variant, quantity in wanted:
        cart.add(variant.pk, quantity, price_minor=variant.price_minor)
    if code:
        cart.use_code(code, rule=Promotion.objects.get(code=code).rule)
    return cart


def place(cart: Cart, priced: PricedCart | None = None, *, user: User | None = None, rate: ShippingRate | None = None) -> Order:
    return place_order(cart, priced or price_cart(cart, user=user), user=user, rate=rate)


def placed(*wanted: tuple[Variant, int], user: User | None = None, rate: ShippingRate | None = None, code: str = "") -> Order:
    """An open order of a new visitor."""
    return place(basket(*wanted, code=code), user=user, rate=rate)


@transaction.atomic
def pay(order: Order) -> bool:
    """Book the whole amount as payments/settle.py does it."""
    won = Payment.objects.create(
        order=order, amount_minor=order.total_minor, currency=order.currency, status=Payment.Status.SUCCEEDED
    )
    if transitions.mark_paid(order, by="webhook", minor=won.amount_minor, on_missing=flag_missing):
        return True
    transitions.add_paid(order, won.amount_minor)
    return False


def stock_of(variant: Variant) -> tuple[int, int]:
    """(on hand, reserved) as the database has it now."""
    return Variant.objects.values_list("stock_on_hand", "stock_reserved").get(pk=variant.pk)


def violations() -> dict[str, list[str]]:
    """What the audit finds, by check; empty if the books are in order."""
    return {name: result["examples"] for name, result in audit().items() if result["violations"]}
