"""Every invariant that the database can show, counted. Reads only.

A check answers what violates it: at most `SHOWN` examples are printed, all are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog.models import Variant
from orders.models import Order, OrderEvent, OutgoingMail
from orders.status import ALLOWED, ENDED, OPEN, SOLD, Status
from payments.models import Difference, Payment, Refund, WebhookEvent

SHOWN = 20
OVERDUE = timedelta(minutes=15)  # longest that anything may stay undone: FAULTS calls it T_recon

CHECKS: dict[str, Callable[[], Iterable[str]]] = {}


def check(function: Callable[[], Iterable[str]]) -> Callable[[], Iterable[str]]:
    CHECKS[function.__name__] = function
    return function


def audit(*, progress: Callable[[int], object] | None = None) -> dict[str, dict[str, Any]]:
    """Run every check: {"stock_reserved": {"violations": 0, "examples": []}, ...}."""
    results = {}
    for name, function in CHECKS.items():
        found = list(function())
        results[name] = {"violations": len(found), "examples": found[:SHOWN]}
        if progress:
            progress(1)
    return results


@check
def stock_reserved() -> Iterable[str]:
    """Units reserved are those of open orders' lines."""
    held = dict(
        Order.objects.filter(status__in=OPEN, lines__stock_counted=True, lines__variant__isnull=False)
        .values_list("lines__variant")
        .annotate(Sum("lines__quantity"))
    )
    for pk, sku, reserved in Variant.objects.values_list("pk", "sku", "stock_reserved").iterator():
        if reserved != held.get(pk, 0):
            yield f"{sku}: {reserved} reserved, open orders hold {held.get(pk, 0)}"


@check
def stock_on_hand() -> Iterable[str]:
    """Units on hand are the sum of all movements, and never fewer than are reserved."""
    moved = Variant.objects.annotate(moved=Coalesce(Sum("movements__delta"), 0))
    for variant in moved.filter(~Q(moved=F("stock_on_hand")) | Q(stock_reserved__gt=F("stock_on_hand"))).iterator():
        yield f"{variant.sku}: {variant.stock_on_hand} on hand, {variant.stock_reserved} reserved, moved {variant.moved}"


@check
def sold_once() -> Iterable[str]:
    """Every counted line of a paid order left the shelf exactly once, and no other order's did."""
    sold = _movements("sale")
    due: dict[tuple[str, int], int] = {}
    lines = Order.objects.filter(status__in=SOLD, lines__stock_counted=True, lines__variant__isnull=False)
    for number, variant, quantity in lines.values_list("number", "lines__variant", "lines__quantity").iterator():
        due[number, variant] = due.get((number, variant), 0) + quantity
    for key in due.keys() | sold.keys():
        if due.get(key, 0) != -sold.get(key, 0):
            yield f"{key[0]}: {due.get(key, 0)} units of variant {key[1]} are sold, {-sold.get(key, 0)} left the shelf"


@check
def put_back_at_most_once() -> Iterable[str]:
    """No order put more units back than it took."""
    sold = _movements("sale")
    for key, quantity in _movements("return").items():
        if quantity > -sold.get(key, 0):
            yield f"{key[0]}: {quantity} units of variant {key[1]} came back, {-sold.get(key, 0)} had left"


def _movements(kind: str) -> dict[tuple[str, int], int]:
    """Sum of the movements of one kind, by order number and variant."""
    rows = Variant.objects.filter(movements__kind=kind).values_list("movements__reference", "pk")
    return {(number, variant): delta for number, variant, delta in rows.annotate(Sum("movements__delta"))}


@check
def paid_is_what_came() -> Iterable[str]:
    """An order's paid amount is the sum of its successful payments."""
    came = Coalesce(Sum("payments__amount_minor", filter=Q(payments__status=Payment.Status.SUCCEEDED)), 0)
    for order in Order.objects.annotate(came=came).exclude(came=F("paid_minor")).iterator():
        yield f"{order.number}: {order.paid_minor} booked, payments say {order.came}"


@check
def refunded_is_what_went() -> Iterable[str]:
    """An order's refunded amount is the sum of its refunds that have not failed."""
    went = Coalesce(Sum("payments__refunds__amount_minor", filter=Q(payments__refunds__booked=True)), 0)
    for order in Order.objects.annotate(went=went).exclude(went=F("refunded_minor")).iterator():
        yield f"{order.number}: {order.refunded_minor} booked, refunds say {order.went}"


@check
def never_for_free() -> Iterable[str]:
    """No order counts as paid without its total having come, unless it costs nothing."""
    for order in Order.objects.filter(status__in=SOLD, paid_minor__lt=F("total_minor")).iterator():
        yield f"{order.number}: {order.status} with {order.paid_minor} of {order.total_minor}"


@check
def totals_add_up() -> Iterable[str]:
    """An order's goods are the sum of its lines."""
    lines = Coalesce(Sum(F("lines__unit_price_minor") * F("lines__quantity")), 0)
    for order in Order.objects.annotate(lines_minor=lines).exclude(lines_minor=F("subtotal_minor")).iterator():
        yield f"{order.number}: goods {order.subtotal_minor}, lines {order.lines_minor}"


@check
def moves_are_allowed() -> Iterable[str]:
    """Every move in a timeline is one of the allowed ones, and the last one is the order's state."""
    last: dict[str, str] = {}
    moves = OrderEvent.objects.exclude(to_status="").order_by("order_id", "id")
    for number, source, target in moves.values_list("order__number", "from_status", "to_status").iterator():
        if source and (source != last.get(number) or Status(target) not in ALLOWED[Status(source)]):
            yield f"{number}: {last.get(number)} -> {source} -> {target}"
        last[number] = target
    for number, status in Order.objects.filter(number__in=last).values_list("number", "status").iterator():
        if last[number] != status:
            yield f"{number}: is {status}, its timeline ends with {last[number]}"


@check
def timelines_begin() -> Iterable[str]:
    """Every order's timeline says once that it was placed."""
    placed = Count("events", filter=Q(events__from_status="", events__to_status=Status.PENDING))
    for order in Order.objects.annotate(times=placed).exclude(times=1).iterator():
        yield f"{order.number}: placed {order.times} times"


@check
def refunded_in_full() -> Iterable[str]:
    """An order that counts as refunded has nothing left to give back."""
    for order in Order.objects.filter(status=Status.REFUNDED).exclude(refunded_minor=F("paid_minor")).iterator():
        yield f"{order.number}: refunded, with {order.refunded_minor} of {order.paid_minor}"


@check
def paid_once() -> Iterable[str]:
    """No timeline says twice that the money came."""
    paid = Count("events", filter=Q(events__to_status=Status.PAID, events__from_status__in=sorted(OPEN)))
    for order in Order.objects.annotate(times=paid).filter(times__gt=1).iterator():
        yield f"{order.number}: paid {order.times} times"


@check
def holds_end() -> Iterable[str]:
    """No unpaid order is held long past its time."""
    for order in Order.objects.filter(status=Status.PENDING, expires_at__lt=timezone.now() - OVERDUE).iterator():
        yield f"{order.number}: held until {order.expires_at:%Y-%m-%d %H:%M} UTC and still open"


@check
def no_live_payment_of_an_ended_order() -> Iterable[str]:
    """Nothing can be paid for an order that ended."""
    for payment in Payment.objects.filter(status__in=Payment.LIVE, order__status__in=ENDED).select_related("order").iterator():
        yield f"{payment.order.number}: payment {payment.reference} is still {payment.status}"


@check
def confirmation_is_written() -> Iterable[str]:
    """Every paid order with an address has its confirmation in the queue or sent."""
    confirmed = OutgoingMail.objects.filter(kind=OutgoingMail.Kind.CONFIRMED).values("order")
    for order in Order.objects.filter(status__in=SOLD).exclude(email="").exclude(pk__in=confirmed).iterator():
        yield f"{order.number}: no confirmation"


@check
def late_money_is_flagged() -> Iterable[str]:
    """Money for an order that ended is refunded or stands on the list of differences."""
    kept = Order.objects.filter(status__in=ENDED, paid_minor__gt=F("refunded_minor"), differences__isnull=True)
    for order in kept.iterator():
        yield f"{order.number}: {order.status}, but {order.paid_minor - order.refunded_minor} were kept"


@check
def events_are_processed() -> Iterable[str]:
    """No signed event waits for its effect for long."""
    old = WebhookEvent.objects.filter(processed_at__isnull=True, received_at__lt=timezone.now() - OVERDUE)
    for event in old.iterator():
        yield f"{event.stripe_id} {event.type}: {event.last_error or 'not processed'}"


@check
def refunds_go_out() -> Iterable[str]:
    """No refund that was promised waits to be sent for long."""
    for refund in Refund.objects.filter(status=Refund.Status.REQUESTED, created_at__lt=timezone.now() - OVERDUE).iterator():
        yield f"refund {refund.reference}: asked for {refund.created_at:%Y-%m-%d %H:%M} UTC, not sent"


@check
def mail_goes_out() -> Iterable[str]:
    """No mail waits past its next try for long, and none was given up."""
    late = OutgoingMail.objects.filter(sent_at__isnull=True).filter(
        Q(failed_at__isnull=False) | Q(next_try_at__lt=timezone.now() - OVERDUE)
    )
    for mail in late.select_related("order").iterator():
        yield f"{mail.order.number}: {mail.kind} {'given up' if mail.failed_at else 'waits'}: {mail.last_error}"


@check
def differences_are_resolved() -> Iterable[str]:
    """Staff has looked at every difference with Stripe."""
    for row in Difference.objects.filter(resolved_at__isnull=True).iterator():
        yield f"{row}: {row.detail}"
