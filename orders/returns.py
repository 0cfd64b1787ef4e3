"""Units of an order that were refunded, and those that are on the shelf again.

The verbs are called inside a transaction that has locked the order's row. Lines are locked by id, variants after them.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from catalog import stock
from money.currencies import currency
from orders.models import Order, OrderLine
from orders.status import SOLD

DECIDED = Greatest(F("refunded_quantity"), F("restocked_quantity"))  # units of a line, by refunds of units


class TooFewUnits(Exception):
    """More units of a line were asked for than are left."""

    def __init__(self, line_id: int) -> None:
        super().__init__(f"Line {line_id} has fewer units left")
        self.line_id = line_id


def paid_for(line: OrderLine, quantity: int) -> int:
    """What was paid for the next `quantity` units to be refunded, in minor units.

    A line that does not divide evenly is cut by where each unit ends in it, at what the currency has (half a fils cannot be
    sent back): its parts add up to the whole line.
    """
    before = line.refunded_quantity
    return _ends_at(line, before + quantity) - _ends_at(line, before)


def _ends_at(line: OrderLine, units: int) -> int:
    """What was paid for the first `units` of the line."""
    whole, step = line.paid.minor, currency(line.paid.currency).step
    return whole if units >= line.quantity else whole * units // line.quantity // step * step


def paid_for_shipping(order: Order) -> int:
    """What was paid beside the lines, in minor units."""
    return max(0, order.total_minor - sum(line.paid.minor for line in order.lines.all()))


def take_units(order: Order, wanted: Mapping[int, int]) -> None:
    """Count units, by line, as refunded: never more than were bought.

    Raises TooFewUnits; the caller's transaction undoes what was counted before.
    """
    for line_id, quantity in sorted(wanted.items()):
        enough = order.lines.filter(pk=line_id, refunded_quantity__lte=F("quantity") - quantity)
        if quantity < 1 or not enough.update(refunded_quantity=F("refunded_quantity") + quantity):
            raise TooFewUnits(line_id)


def untake_units(order: Order, wanted: Mapping[int, int]) -> None:
    """Their refund failed: they can be refunded again."""
    for line_id, quantity in sorted(wanted.items()):
        order.lines.filter(pk=line_id).update(refunded_quantity=F("refunded_quantity") - quantity)


def put_back_rest(order: Order, *, by: str) -> bool:
    """Put all units on the shelf that no refund of a line has decided about. Once per order; False if it sold nothing."""
    sold = Order.objects.filter(pk=order.pk, status__in=SOLD, restocked_at__isnull=True)
    if not sold.update(restocked_at=timezone.now()):
        return False
    left = order.lines.annotate(left=F("quantity") - DECIDED).values_list("pk", "left")
    _shelve(order, dict(left), by=by)
    return True


def can_come_back(order: Order) -> bool:
    """It sold things that put_back_rest would put on the shelf: counted ones, or such as are sent."""
    things = order.lines.filter(Q(stock_counted=True) | Q(requires_shipping=True), quantity__gt=DECIDED)
    return order.status in SOLD and order.restocked_at is None and things.exists()


def put_back_units(order: Order, wanted: Mapping[int, int], *, by: str) -> int:
    """Put refunded units, by line, on the shelf, where stock is counted. Answers how many.

    Those that are there already, by an earlier refund that failed later, are not put there again.
    """
    lines = order.lines.filter(pk__in=wanted)
    returned = Order.objects.filter(pk=order.pk, restocked_at__isnull=False).exists()
    limit = F("quantity" if returned else "refunded_quantity") - F("restocked_quantity")
    most = dict(lines.annotate(most=limit).values_list("pk", "most"))
    return _shelve(order, {pk: min(quantity, most.get(pk, 0)) for pk, quantity in wanted.items()}, by=by)


def _shelve(order: Order, wanted: Mapping[int, int], *, by: str) -> int:
    counted = OrderLine.objects.filter(stock_counted=True, variant__isnull=False, order__status__in=SOLD)
    lines = counted.filter(order=order, pk__in=[pk for pk, quantity in wanted.items() if quantity > 0]).order_by("pk")
    units = [(pk, variant_id, wanted[pk]) for pk, variant_id in lines.values_list("pk", "variant_id")]
    for pk, _variant, quantity in units:
        OrderLine.objects.filter(pk=pk).update(restocked_quantity=F("restocked_quantity") + quantity)
    stock.put_back([(variant_id, quantity) for _line, variant_id, quantity in units], reference=order.number, by=by)
    return sum(quantity for _line, _variant, quantity in units)


def can_be_shipped(order: Order) -> bool:
    """Some units are still the buyer's, and none of those is on the shelf again (its refund failed later)."""
    on_the_shelf = order.lines.filter(restocked_quantity__gt=F("refunded_quantity"))
    return order.lines.filter(refunded_quantity__lt=F("quantity")).exists() and not on_the_shelf.exists()
