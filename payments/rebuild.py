"""An order made again from its payment at Stripe, where the shop's database came back from an older copy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Variant
from catalog.stock import OutOfStock, reserve
from orders.models import NUMBER_ALPHABET, Order, OrderEvent, OrderLine
from orders.status import Status, Way
from payments.aftermath import book_aftermath
from payments.answers import AddedToLine
from payments.differences import flag_missing
from payments.gateway import StripePayment
from payments.models import Difference, Payment
from payments.settle import settle
from payments.snapshot import read_snapshot
from promotions import uses

CLOCKS = timedelta(minutes=1)  # by which Stripe's and ours may differ


class NotRebuilt(Exception):
    """The order cannot be made again from what Stripe has. The message is a sentence for staff."""


def rebuild(state: StripePayment, *, by: str) -> Order:
    """The order of a payment that is not here, made again and settled; where the order is here, it gets its payment.

    What was refunded or disputed meanwhile is booked too: Stripe told of it when nobody here knew the payment. Safe to call
    twice and at once: the payment's reference is unique, of two calls one inserts it. The buyer gets a confirmation, perhaps
    a second time: nobody knows whether the first went out. Raises NotRebuilt or GatewayError.
    """
    if not (state.is_paid and state.reference):
        raise NotRebuilt(_("Stripe holds no money for it."))
    payment = Payment.objects.filter(reference=state.reference).first() or _with_payment(state, by=by)
    if payment.stripe_id and state.id not in (payment.session_id, payment.payment_intent_id):
        raise NotRebuilt(_("It names a payment that has another page at Stripe. Refund it."))
    book_aftermath(settle(payment, by=by, stripe_id=state.id), by=by)
    told = Difference.objects.filter(kind=Difference.Kind.UNMATCHED, reference=state.id, resolved_at=None)
    told.update(resolved_at=timezone.now(), resolved_by=by)
    return Order.objects.get(pk=payment.order_id)


@transaction.atomic
def _with_payment(state: StripePayment, *, by: str) -> Payment:
    number = state.metadata.get("order", "")
    if len(number) != 19 or set(number) - {*NUMBER_ALPHABET, "-"}:
        raise NotRebuilt(_("It does not name an order of this shop."))
    order = Order.objects.select_for_update().filter(number=number).first() or _order(state, number, by=by)
    payment = Payment(order=order, reference=state.reference, amount_minor=order.total_minor, currency=order.currency)
    payment.status, payment.livemode = Payment.Status.OPEN, state.livemode
    payment.payment_intent_id = state.payment_intent_id or None
    payment.session_id = None if state.is_intent else state.id
    if order.payments.filter(status__in=Payment.LIVE).exists():
        raise NotRebuilt(_("Its order waits for another payment. Cancel the order first."))
    payment.save()
    return payment


def _order(state: StripePayment, number: str, *, by: str) -> Order:
    told = read_snapshot(state.metadata)
    if told is None or told["way"] not in Way.values:
        raise NotRebuilt(_("What was bought is not written down at Stripe. Refund it there, or ask the buyer."))
    subtotal = sum(quantity * price for _sku, quantity, price, _off in told["lines"])
    discount = sum(off for *_line, off in told["lines"]) + state.discount_minor
    tax = state.amount_minor - (subtotal - discount + told["shipping"])
    if tax not in (0, state.tax_minor) or not 0 <= discount <= subtotal:
        raise NotRebuilt(_("Its lines do not add up to what was paid. Refund it at Stripe, or ask the buyer."))
    user = _owner(told["user"], state)
    order = Order.objects.create(
        number=number,
        user=user,
        way=told["way"],
        cart_id=str(uuid4()),
        cart_revision="",
        currency=state.currency,
        subtotal_minor=subtotal,
        discount_minor=discount,
        discount_code=told["code"],
        tax_minor=tax,
        included_tax_minor=state.tax_minor - tax,
        shipping_minor=told["shipping"],
        total_minor=state.amount_minor,
        requires_shipping=told["parcel"],
        shipping_name=told["by"],
        expires_at=timezone.now(),
        **state.customer,
    )
    OrderEvent.objects.create(order=order, to_status=Status.PENDING, what=_("Made again from its payment at Stripe"), by=by)
    if told["code"]:
        uses.take_again(told["code"], order_number=number, user=user)
    _lines(order, told["lines"], {line.sku: line for line in state.lines}, on_top=bool(tax), by=by)
    return order


def _owner(user_id: int, state: StripePayment) -> User | None:
    """Whose it was, if that account is here. One made after the payment has the number of an account that was lost."""
    return User.objects.filter(pk=user_id, date_joined__lte=state.created_at + CLOCKS).first()


def _lines(
    order: Order, lines: list[tuple[str, int, int, int]], added: Mapping[str, AddedToLine], *, on_top: bool, by: str
) -> None:
    """The lines, with today's words of the catalogue and the prices that were paid. What is not there is told to staff."""
    wanted = Variant.objects.filter(sku__in=[sku for sku, *_rest in lines]).select_related("product")
    variants = {one.sku: one for one in wanted}
    missing: dict[int, int] = {}
    for sku, quantity, price, off in lines:
        variant, counted = variants.get(sku), False
        if variant is not None:
            try:
                counted = _held(variant, quantity, order, by=by)
            except OutOfStock:
                missing[variant.pk] = missing.get(variant.pk, 0) + quantity
        words, more = _words(variant, sku, counted=counted), added.get(sku, AddedToLine(sku, 0, 0))
        words |= {
            "discount_minor": off + more.discount_minor,
            "tax_minor" if on_top else "included_tax_minor": more.tax_minor,
        }
        OrderLine.objects.create(order=order, sku=sku, quantity=quantity, unit_price_minor=price, **words)
    if missing:
        flag_missing(order, missing)


@transaction.atomic
def _held(variant: Variant, quantity: int, order: Order, *, by: str) -> bool:
    """Whether its units are counted, and now held. Raises OutOfStock."""
    return reserve([(variant.pk, quantity)], reference=order.number, by=by)[variant.pk]


def _words(variant: Variant | None, sku: str, *, counted: bool) -> dict[str, Any]:
    if variant is None:
        return {"title": sku}
    return {
        "variant": variant,
        "title": variant.product.title,
        "options_text": variant.options_text[:300],
        "requires_shipping": variant.product.requires_shipping,
        "stock_counted": counted,
    }
