"""From a cart to an order: stock is reserved and what the shopper saw is frozen, in one transaction."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from cart.cart import Cart
from cart.totals import CartLine, PricedCart
from catalog.models import Variant
from catalog.stock import OutOfStock, reserve
from orders.models import Order, OrderEvent, OrderLine, ShippingRate
from orders.status import OPEN, SOLD, Status, Way
from promotions import uses


class CartChanged(Exception):
    """Price, stock or a code moved between showing the cart and placing the order. Nothing is reserved; show it again."""


class CartBought(Exception):
    """Just this was bought from this cart before: the press came from a page, or a request, that had not heard of it."""

    def __init__(self, order: Order) -> None:
        super().__init__(order.number)
        self.order = order


class CartTaken(Exception):
    """The cart has an open order already: the unique constraint said so."""


class OpenOrderInTheWay(Exception):
    """This cart has an open order with other contents. It must end before a new one is placed."""

    def __init__(self, order: Order) -> None:
        super().__init__(order.number)
        self.order = order


def place_order(
    cart: Cart, priced: PricedCart, *, user: User | None, rate: ShippingRate | None, way: str = Way.HOSTED
) -> Order:
    """Reserve the cart's units for `settings.ORDER_HOLD_MINUTES` and freeze its lines.

    The same cart asked for again, by a double click or in a second tab, gives the same open order: a unique constraint
    lets one of two racing calls insert, the other one finds it. An open order to be paid in another way is in the way, too.
    Raises CartChanged, CartBought or OpenOrderInTheWay.
    """
    if not priced.can_checkout:
        raise CartChanged
    fingerprint = _fingerprint(priced, user=user, rate=rate)
    try:
        with transaction.atomic():
            # The order first: of two racing calls for one cart the second waits here, before it takes stock.
            order = _insert(cart.id, fingerprint, priced, user=user, rate=rate, way=way)
            _refuse_bought(cart.id, fingerprint)
            if priced.promotion:
                uses.take(priced.promotion, order_number=order.number, user=user)
            _reserve_lines(order, priced, by=_name(user))
            OrderEvent.objects.create(order=order, to_status=Status.PENDING, what=_("Placed"), by=_name(user))
            return order
    except CartTaken:
        return _open_order(cart.id, fingerprint, way)
    except (OutOfStock, uses.NotAvailable) as error:
        raise CartChanged from error


def open_order_of(cart_id: str) -> Order | None:
    return Order.objects.filter(cart_id=cart_id, status__in=OPEN).first()


def _refuse_bought(cart_id: str, fingerprint: str) -> None:
    """Look whether just this was bought already. Once our own row is in, no open order of this cart can be in between."""
    bought = Order.objects.filter(cart_id=cart_id, cart_revision=fingerprint, status__in=SOLD).first()
    if bought is not None:
        raise CartBought(bought)


def _open_order(cart_id: str, fingerprint: str, way: str) -> Order:
    """The order that is in the way of the unique constraint, if it is for the same things."""
    order = open_order_of(cart_id)
    if order is None:  # it was decided this moment
        _refuse_bought(cart_id, fingerprint)
        raise CartChanged
    if (order.cart_revision, order.way) != (fingerprint, way):
        raise OpenOrderInTheWay(order)
    return order


def _fingerprint(priced: PricedCart, *, user: User | None, rate: ShippingRate | None) -> str:
    """Equal for orders that would be the same to the shopper: things, prices, discount, shipping and owner."""
    lines = sorted((line.variant.pk, line.quantity, line.unit_price.minor) for line in priced.lines)
    shipping = (rate.pk, rate.price_minor) if rate else None
    code = (priced.promotion.code, priced.discount.minor) if priced.promotion else None
    return hashlib.sha256(repr((lines, code, shipping, user and user.pk, settings.SHOP_CURRENCY)).encode()).hexdigest()


def _insert(
    cart_id: str, fingerprint: str, priced: PricedCart, *, user: User | None, rate: ShippingRate | None, way: str
) -> Order:
    shipping_minor = rate.price_minor if rate else 0
    order = Order(
        cart_id=cart_id,
        cart_revision=fingerprint,
        user=user,
        way=way,
        email=user.email if user else "",
        currency=settings.SHOP_CURRENCY,
        subtotal_minor=priced.subtotal.minor,
        discount_minor=priced.discount.minor,
        discount_code=priced.promotion.code if priced.promotion else "",
        shipping_minor=shipping_minor,
        total_minor=priced.total.minor + shipping_minor,
        requires_shipping=rate is not None,
        shipping_name=rate.name if rate else "",
        shipping_countries=rate.countries if rate else [],
        shipping_days=[rate.min_days, rate.max_days] if rate else [],
        expires_at=timezone.now() + timedelta(minutes=settings.ORDER_HOLD_MINUTES),
    )
    try:
        order.save(force_insert=True)
    except IntegrityError as error:
        raise CartTaken from error
    return order


def _reserve_lines(order: Order, priced: PricedCart, *, by: str) -> None:
    """Reserve every line's units and copy the line. Raises OutOfStock or CartChanged; the caller rolls back."""
    units = [(line.variant.pk, line.quantity) for line in priced.lines]
    counted = reserve(units, reference=order.number, by=by)
    # Read again after the rows are ours: the price must be the one that was shown.
    now = Variant.objects.on_sale().in_bulk(counted)
    for line in priced.lines:
        if line.variant.pk not in now or now[line.variant.pk].price_minor != line.unit_price.minor:
            raise CartChanged
    OrderLine.objects.bulk_create(
        _frozen(order, line, discount_minor=off, counted=counted[line.variant.pk])
        for line, off in zip(priced.lines, priced.discounts_minor, strict=True)
    )


def _frozen(order: Order, line: CartLine, *, discount_minor: int, counted: bool) -> OrderLine:
    return OrderLine(
        order=order,
        variant=line.variant,
        sku=line.variant.sku,
        title=line.variant.product.title,
        options_text=line.variant.options_text[:300],
        image_url=line.image.thumbnail_url if line.image else "",
        unit_price_minor=line.unit_price.minor,
        quantity=line.quantity,
        discount_minor=discount_minor,
        requires_shipping=line.variant.product.requires_shipping,
        stock_counted=counted,
    )


def _name(user: User | None) -> str:
    return user.email if user else "shopper"
