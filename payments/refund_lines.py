"""Refunds of units: what they cost, that none is refunded twice, and which come back to the shelf.

The verbs run inside the transaction that books the refund, after the payment's and the order's row are locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from orders import returns, transitions
from orders.models import Order
from orders.returns import paid_for, paid_for_shipping
from payments.models import Refund, RefundLine


class UnitsRefused(Exception):
    """These units cannot be refunded. The message is a sentence for staff."""


@dataclass(frozen=True)
class Units:
    """`quantity` units of a line of the order; `restock` puts them on the shelf once Stripe takes the refund."""

    line_id: int
    quantity: int
    restock: bool = False


def worth(order: Order, units: Sequence[Units], *, shipping: bool = False) -> int:
    """What was paid for these units (and for shipping), in minor units."""
    lines = {line.pk: line for line in order.lines.all()}
    goods = sum(paid_for(lines[each.line_id], each.quantity) for each in units if each.line_id in lines)
    return goods + (paid_for_shipping(order) if shipping else 0)


def shipping_left(order: Order) -> int:
    """What was paid for shipping and was not refunded as such, in minor units."""
    gone = Refund.objects.filter(payment__order=order, booked=True, shipping=True).exists()
    return 0 if gone else paid_for_shipping(order)


def claim(order: Order, units: Sequence[Units], *, shipping: bool, amount_minor: int) -> None:
    """Count the units as refunded from now on. Raises UnitsRefused: too few are left, or the amount is more than they cost."""
    most = worth(order, units, shipping=shipping)
    if shipping and not shipping_left(order):
        raise UnitsRefused(_("Shipping was refunded before."))
    try:
        returns.take_units(order, {each.line_id: each.quantity for each in units})
    except returns.TooFewUnits as error:
        raise UnitsRefused(_("Meanwhile fewer units are left to refund. Nothing was changed; please look again.")) from error
    if amount_minor > most:
        raise UnitsRefused(_("More than was paid for these units. To give more back, refund an amount."))


def keep(refund: Refund, units: Sequence[Units]) -> None:
    """Write down which units the refund is about."""
    made = [RefundLine(refund=refund, line_id=one.line_id, quantity=one.quantity, restock=one.restock) for one in units]
    RefundLine.objects.bulk_create(made)


def put_back(refund: Refund, order: Order, *, by: str) -> None:
    """Stripe took the refund: its units go on the shelf, where staff said so."""
    wanted = {each.line_id: each.quantity for each in refund.lines.filter(restock=True)}
    if wanted:
        Order.objects.select_for_update().get(pk=order.pk)
        if count := returns.put_back_units(order, wanted, by=by):
            transitions.note(order, _("Back in stock: %d") % count, by=by)


def release(refund: Refund, order: Order) -> None:
    """The refund failed: its units can be refunded again. The caller has locked the order."""
    returns.untake_units(order, {each.line_id: each.quantity for each in refund.lines.all()})


def for_mail(refund: Refund) -> dict[str, Any]:
    """What the buyer is told the refund is for."""
    lines = refund.lines.select_related("line")
    told = [{"quantity": one.quantity, "title": one.line.title, "options": one.line.options_text} for one in lines]
    return {"lines": told, "shipping": refund.shipping} if told or refund.shipping else {}
