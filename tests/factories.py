"""Rows for tests, with honest defaults. Every function takes keywords, writes what it makes and returns it."""

from __future__ import annotations

from datetime import timedelta
from itertools import count, pairwise
from typing import Any

from django.utils import timezone

from catalog import stock
from catalog.models import Category, Product, ProductImage, Variant
from orders.models import Order, OrderEvent, OrderLine, ShippingRate
from orders.status import SOLD, Status
from promotions.models import Promotion
from tests import shelf

_number = count(1)
_MANY = 100  # units, where a test does not care


def category(*, name: str = "Prints", parent: Category | None = None, **fields: Any) -> Category:
    return Category.objects.create(name=name, parent=parent, **{"slug": f"prints-{next(_number)}", **fields})


def product(*, title: str = "Flow Field No. 7", categories: list[Category] | None = None, **fields: Any) -> Product:
    """A published product. It cannot be bought until it has a `variant`."""
    defaults: dict[str, Any] = {"slug": f"flow-field-{next(_number)}", "is_published": True, "summary": "Ink on paper."}
    made = Product.objects.create(title=title, **{**defaults, **fields})
    made.categories.set(categories or [])
    return made


def variant(*, product: Product | None = None, on_hand: int = _MANY, price_minor: int = 4900, **fields: Any) -> Variant:
    """A variant with `on_hand` units, supplied through catalog.stock as staff would do it; `product` is made if not given."""
    if product is None:
        product = globals()["product"](requires_shipping=fields.pop("requires_shipping", True))
    made = Variant.objects.create(product=product, price_minor=price_minor, **{"sku": f"FF-{next(_number)}", **fields})
    if on_hand:
        stock.adjust(made.pk, on_hand, by="grace@shop.test", reference="supply")
    made.refresh_from_db()
    return made


def download(*, price_minor: int = 900, **fields: Any) -> Variant:
    """A variant that is never shipped and never runs out."""
    return variant(product=product(requires_shipping=False), on_hand=0, price_minor=price_minor, stock_tracked=False, **fields)


def picture(*, product: Product, **fields: Any) -> ProductImage:
    """A picture's row. Nothing is stored: pages must not care."""
    name = f"pictures/{next(_number):04d}.webp"
    defaults = {"name": name, "url": f"/media/{name}", "width": 1200, "height": 1600, "alt": "Blue lines on cream paper"}
    return ProductImage.objects.create(product=product, **{**defaults, **fields})


def shipping_rate(*, name: str = "Tracked parcel", price_minor: int = 590, **fields: Any) -> ShippingRate:
    defaults = {"currency": "EUR", "countries": ["AT", "DE", "FR", "NL"]}
    return ShippingRate.objects.create(name=name, price_minor=price_minor, **{**defaults, **fields})


def promotion(*, code: str = "SPRING", percent: int | None = None, amount_minor: int | None = None, **fields: Any) -> Promotion:
    """A code that anyone may use now: 10 % off if nothing else is said."""
    worth = {"percent": 10 if percent is None and amount_minor is None else percent, "amount_minor": amount_minor}
    return Promotion.objects.create(code=code, **{"currency": "EUR", **worth, **fields})


def order(
    *, variants: list[tuple[Variant, int]] | None = None, status: str = Status.PENDING, shipping_minor: int = 0, **fields: Any
) -> Order:
    """An order with its lines and its stock as the shop would have it: reserved while open, sold once paid.

    It is written straight to the tables, for tests of what comes after placing; tests of placing call `place_order`.
    """
    wanted = [(variant(), 1)] if variants is None else variants
    subtotal = sum(each.price_minor * quantity for each, quantity in wanted)
    paid = status in SOLD
    total = subtotal + shipping_minor
    defaults: dict[str, Any] = {
        "cart_id": f"cart-{next(_number)}",
        "cart_revision": "1",
        "currency": "EUR",
        "email": "ada@shop.test",
        "expires_at": timezone.now() + timedelta(minutes=32),
        "paid_at": timezone.now() if paid else None,
        "paid_minor": total if paid else 0,
        "requires_shipping": any(each.product.requires_shipping for each, _quantity in wanted),
    }
    money = {"subtotal_minor": subtotal, "shipping_minor": shipping_minor, "total_minor": total}
    made = Order.objects.create(status=status, **money, **{**defaults, **fields})
    _timeline(made)
    for each, quantity in wanted:
        _line(made, each, quantity)
    return made


def _timeline(order: Order) -> None:
    """The moves by which an order comes to be where it is."""
    by_way_of = [Status.PAID] if order.status in (Status.SHIPPED, Status.REFUNDED) else []
    states = ["", Status.PENDING, *by_way_of, *([order.status] if order.status != Status.PENDING else [])]
    for before, after in pairwise(states):
        OrderEvent.objects.create(order=order, from_status=before, to_status=after, what="As it goes", by="test")


def _line(order: Order, variant: Variant, quantity: int) -> OrderLine:
    counted = False
    if order.is_open or order.is_paid:
        counted = shelf.reserve(variant.pk, quantity, reference=order.number)
    if counted and order.is_paid:
        shelf.sell(variant.pk, quantity, reference=order.number)
    return OrderLine.objects.create(
        order=order,
        variant=variant,
        sku=variant.sku,
        title=variant.product.title,
        options_text=variant.options_text,
        unit_price_minor=variant.price_minor,
        quantity=quantity,
        requires_shipping=variant.product.requires_shipping,
        stock_counted=counted,
    )
