"""What the cart costs now, and in words what changed since the visitor last looked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from cart.cart import Cart
from catalog.models import ProductImage, Variant
from money import Money
from money.currencies import currency
from money.money import add_up
from promotions.discount import spread
from promotions.models import Promotion
from promotions.rules import why_not

LARGEST_CHARGE_MINOR = 99_999_999  # eight digits, which every way to pay takes: docs.stripe.com/currencies, autumn 2026


@dataclass(frozen=True)
class CartLine:
    """One variant as the visitor may buy it now. `available` is None where stock is not counted."""

    variant: Variant
    quantity: int
    available: int | None
    notices: list[str] = field(default_factory=list)

    @property
    def unit_price(self) -> Money:
        return self.variant.price

    @property
    def total(self) -> Money:
        return self.unit_price * self.quantity

    @property
    def image(self) -> ProductImage | None:
        """The variant's own picture, else the product's first."""
        return self.variant.image or next(iter(self.variant.product.images.all()), None)


@dataclass(frozen=True)
class PricedCart:
    """The cart at today's prices and stock. `notices` speak of what is no longer there: lines, or a code.

    `promotion`: what the visitor's code stands for, if it can be used for this cart.
    """

    lines: list[CartLine]
    notices: list[str]
    promotion: Promotion | None = None

    @property
    def subtotal(self) -> Money:
        """What the goods cost without a code."""
        return _subtotal(self.lines)

    @property
    def discount(self) -> Money:
        return self.promotion.discount_on(self.subtotal) if self.promotion else Money(0, settings.SHOP_CURRENCY)

    @property
    def total(self) -> Money:
        """What the goods cost, before shipping."""
        return self.subtotal - self.discount

    @property
    def discounts_minor(self) -> list[int]:
        """Each line's share of the discount."""
        return spread(self.discount, [line.total.minor for line in self.lines])

    @property
    def count(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def is_empty(self) -> bool:
        return not self.lines

    @property
    def has_changed(self) -> bool:
        """Something is not as the visitor last saw it: show it before money is asked for."""
        return bool(self.notices) or any(line.notices for line in self.lines)

    @property
    def requires_shipping(self) -> bool:
        return any(line.variant.product.requires_shipping for line in self.lines)

    @property
    def problem(self) -> str:
        """Why this cart cannot be paid for, in a sentence; empty if it can.

        Where something is shipped, only the checkout knows whether all of it is too little.
        """
        if self.requires_shipping and self.total.minor < LARGEST_CHARGE_MINOR:
            return ""
        return charge_problem(self.total)

    @property
    def can_checkout(self) -> bool:
        return not self.is_empty and not self.problem


def charge_problem(total: Money) -> str:
    """Why Stripe would refuse to charge `total`, in a sentence for the shopper; empty if it would not."""
    smallest = Money(currency(total.currency).minimum, total.currency)
    if total and total < smallest:
        return _("The smallest amount that can be paid is %(smallest)s.") % {"smallest": smallest}
    largest = Money(LARGEST_CHARGE_MINOR, total.currency)
    if largest < total:
        return _("The largest amount that can be paid at once is %(largest)s.") % {"largest": largest}
    return ""


def on_sale_now(variant_ids: Iterable[int], *, pictures: bool) -> dict[int, Variant]:
    """Those of the variants that may be bought, by id: one query, two where their pictures are to be shown."""
    variants = Variant.objects.on_sale().select_related("product").order_by()
    if pictures:
        variants = variants.select_related("product", "image").prefetch_related("product__images")
    return variants.in_bulk(set(variant_ids))


def price_cart(
    cart: Cart, found: Mapping[int, Variant] | None = None, *, told: bool = True, user: User | None = None
) -> PricedCart:
    """Price the cart from the database (two queries, and a few for a code), correct it where it can no longer be had, say so.

    The corrected quantities and the prices shown are written back to the session, so each change is told once; not so if
    nobody is `told` of it now. `found`: what `on_sale_now` answered a moment ago, so that nothing is read twice. `user`:
    who is signed in, for codes that each customer may use so many times.
    """
    wanted = cart.quantities
    found = on_sale_now(wanted, pictures=True) if found is None else found
    lines, notices = [], []
    for variant_id, quantity in wanted.items():
        variant = found.get(variant_id)
        line = variant and _line(variant, quantity, price_seen=cart.price_seen(variant_id), held=cart.held.get(variant_id, 0))
        if variant is None:
            notices.append(_("Something in your cart is no longer on sale. We took it out."))
        elif not line:
            notices.append(_("“%(title)s” is sold out. We took it out of your cart.") % {"title": variant})
        if line:
            lines.append(line)
        if not told:
            continue
        if not line:
            cart.set(variant_id, 0, price_minor=0)
        elif line.notices:
            cart.set(variant_id, line.quantity, price_minor=line.unit_price.minor)
    promotion, said = _promotion(cart, lines, user=user, told=told)
    return PricedCart(lines, [*notices, *said], promotion)


def _promotion(cart: Cart, lines: list[CartLine], *, user: User | None, told: bool) -> tuple[Promotion | None, list[str]]:
    """What the visitor's code stands for, and what is to be said about it. A code that cannot be used is taken out."""
    if not (cart.code and lines):
        return None, []
    promotion = Promotion.objects.find(cart.code)
    code = {"code": cart.code}
    why = _("The code “%(code)s” is not valid any more.") % code
    if promotion is not None:
        why = why_not(promotion, goods=_subtotal(lines), user=user, own_order=cart.open_order)
    if promotion is None or why:
        if told:
            cart.forget_code()
        return None, [_("%(why)s We took it out of your cart.") % {"why": why}]
    if promotion.rule == cart.rule_seen:
        return promotion, []
    if told:
        cart.use_code(promotion.code, rule=promotion.rule)
    return promotion, [_("The code “%(code)s” takes %(now)s off now.") % (code | {"now": promotion.worth})]


def _subtotal(lines: list[CartLine]) -> Money:
    return add_up((line.total for line in lines), settings.SHOP_CURRENCY)


def _line(variant: Variant, quantity: int, *, price_seen: int, held: int) -> CartLine | None:
    """The line as it can be had now, with the notices that explain it; None if nothing is left."""
    notices = []
    available = None if variant.available is None else max(variant.available + held - variant.stock_oversold, 0)
    if available == 0:
        return None
    if variant.price_minor != price_seen:
        was, now = Money(price_seen, variant.currency), variant.price
        notices.append(_("The price went from %(was)s to %(now)s.") % {"was": was, "now": now})
    if available is not None and available < quantity:
        notices.append(
            ngettext("Only %(left)d left: we changed the quantity.", "Only %(left)d left: we changed the quantity.", available)
            % {"left": available}
        )
        quantity = available
    return CartLine(variant, quantity, available, notices)
