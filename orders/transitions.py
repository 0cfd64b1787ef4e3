"""The arrows between the states of an order, each with its effect on stock and its mail, in one transaction.

Every verb answers True if this call made the move, False if it had been made before (then it does nothing), and raises
InvalidTransition if the order is elsewhere. Two racing calls are decided by one conditional UPDATE: one gets its row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.log_fields import add_log_fields
from catalog import stock
from orders import returns
from orders.emails import queue_mail
from orders.models import Order, OrderEvent, OutgoingMail
from orders.status import OPEN, SOLD, Status, sources
from promotions import uses

log = logging.getLogger(__name__)

Mail = OutgoingMail.Kind


class InvalidTransition(Exception):
    """The order is in a state from which this move is not allowed."""

    def __init__(self, order: Order, target: Status) -> None:
        super().__init__(f"{order.number} is {order.status}, it cannot become {target}")
        self.order, self.target = order, target


@transaction.atomic
def mark_confirming(order: Order, *, by: str) -> bool:
    """The shopper has done their part; the money is on its way. The stock stays reserved until it is decided."""
    return _move(order, Status.CONFIRMING, what=_("Payment on its way"), by=by, done=SOLD)


@transaction.atomic
def mark_paid(
    order: Order,
    *,
    by: str,
    minor: int = 0,
    customer: Mapping[str, Any] | None = None,
    on_missing: Callable[[Order, dict[int, int]], object] | None = None,
) -> bool:
    """The money is here: reserved units become sold ones and the confirmation is queued.

    `minor`: the money, counted if this call makes the move (else see add_paid). `customer`: what Stripe collected of
    email, recipient and address; empty values do not overwrite. `on_missing` is told of units by variant that are sold and
    not there, as staff took them away meanwhile.
    """
    changes = {field: value for field, value in (customer or {}).items() if value}
    changes |= {"paid_minor": F("paid_minor") + minor, "paid_at": timezone.now()}
    if not _move(order, Status.PAID, what=_("Paid"), by=by, allowed=OPEN, done=SOLD, **changes):
        return False
    missing = stock.sell(_counted_units(order), reference=order.number, by=by)
    if missing and on_missing:
        on_missing(order, missing)
    queue_mail(order, Mail.CONFIRMED, to=order.email)
    return True


@transaction.atomic
def expire(order: Order, *, by: str) -> bool:
    """The hold is over and Stripe can no longer take the money: give the units back."""
    return _end(order, Status.EXPIRED, what=_("Not paid in time"), by=by)


@transaction.atomic
def cancel(order: Order, *, by: str, what: str = "") -> bool:
    """Give up an unpaid order. Only after Stripe can no longer take the money (payments/cancel.py asks)."""
    return _end(order, Status.CANCELLED, what=what or _("Cancelled"), by=by)


@transaction.atomic
def ship(order: Order, *, by: str, carrier: str = "", tracking_number: str = "") -> bool:
    """Staff handed the parcel over: the shopper is told. Never what was put back in stock for a refund that failed later."""
    order.refresh_from_db(fields=["restocked_at"])
    if order.restocked_at or not returns.can_be_shipped(order):
        raise InvalidTransition(order, Status.SHIPPED)
    what = " ".join(filter(None, [_("Shipped"), carrier, tracking_number]))
    parcel: dict[str, Any] = {"shipped_at": timezone.now(), "carrier": carrier, "tracking_number": tracking_number}
    if not _move(order, Status.SHIPPED, what=what, by=by, allowed={Status.PAID}, **parcel):
        return False
    queue_mail(order, Mail.SHIPPED)
    return True


@transaction.atomic
def mark_refunded(order: Order, *, by: str) -> bool:
    """All that was paid has gone back."""
    return _move(order, Status.REFUNDED, what=_("Refunded in full"), by=by)


@transaction.atomic
def cancel_free(order: Order, *, by: str) -> bool:
    """Take back an order that cost nothing and was not shipped: its units and the use of its code are free again.

    It counts as refunded, with nothing to give back: it was sold, and a sold order never becomes an unsold one.
    """
    order.refresh_from_db()
    if order.total_minor or order.paid_minor:
        raise InvalidTransition(order, Status.REFUNDED)
    if not _move(order, Status.REFUNDED, what=_("Cancelled, it cost nothing"), by=by, allowed={Status.PAID}):
        return False
    uses.release(order.number)
    returns.put_back_rest(order, by=by)
    queue_mail(order, Mail.CANCELLED)
    return True


@transaction.atomic
def mark_refund_failed(order: Order, *, by: str) -> bool:
    """A refund came back: the shop has the money again, the order is what it was before."""
    before = Status.SHIPPED if order.shipped_at else Status.PAID
    return _move(order, before, what=_("A refund failed"), by=by, allowed={Status.REFUNDED})


@transaction.atomic
def put_back_in_stock(order: Order, *, by: str) -> bool:
    """Put all sold units of the order on the shelf again, once per order, however many refunds ask for it.

    Those stay away that a refund of a line has decided about. False, and nothing changes, for an order that sold nothing:
    the refund of one that was paid too late, for instance.
    """
    if not returns.put_back_rest(order, by=by):
        return False
    note(order, _("Back in stock"), by=by)
    return True


def add_paid(order: Order, minor: int) -> None:
    """Count money that really arrived, whatever the order's state: where mark_paid did not."""
    Order.objects.filter(pk=order.pk).update(paid_minor=F("paid_minor") + minor)


def add_refunded(order: Order, minor: int) -> bool:
    """Count money that goes back. False, and nothing changes, if that is more than is left of what was paid."""
    enough = Order.objects.filter(pk=order.pk, paid_minor__gte=F("refunded_minor") + minor)
    return bool(enough.update(refunded_minor=F("refunded_minor") + minor))


def take_back_refunded(order: Order, minor: int) -> None:
    """A refund failed: its money can be refunded again."""
    Order.objects.filter(pk=order.pk).update(refunded_minor=F("refunded_minor") - minor)


def note(order: Order, what: str, *, by: str) -> None:
    """Add an entry to the timeline that moves nothing."""
    OrderEvent.objects.create(order=order, what=what[:300], by=by)


def _end(order: Order, target: Status, *, what: str, by: str) -> bool:
    won = _move(order, target, what=what, by=by)
    if won:
        uses.release(order.number)
        stock.release(_counted_units(order), reference=order.number, by=by)
    return won


def _move(
    order: Order,
    target: Status,
    *,
    what: str,
    by: str,
    allowed: Collection[Status] | None = None,
    done: Collection[Status] = (),
    **changes: Any,
) -> bool:
    """Claim the move by one conditional UPDATE per source; `done` are states that mean it was made long ago."""
    add_log_fields(order=order.number)
    for source in Status:  # in the order of an order's life: a move made meanwhile is met by a later try
        if source not in (sources(target) if allowed is None else allowed):
            continue
        if Order.objects.filter(pk=order.pk, status=source).update(status=target, **changes):
            OrderEvent.objects.create(order=order, from_status=source, to_status=target, what=what[:300], by=by)
            order.refresh_from_db()
            transaction.on_commit(partial(log.info, "Order %s: %s, was %s; by %s", order.number, target, source, by))
            return True
    order.refresh_from_db()
    if order.status == target or order.status in done:
        return False
    raise InvalidTransition(order, target)


def _counted_units(order: Order) -> list[tuple[int, int]]:
    """(variant, units) of the lines whose stock is counted and whose variant is still there."""
    lines = order.lines.filter(stock_counted=True, variant__isnull=False)
    return list(lines.values_list("variant_id", "quantity"))
