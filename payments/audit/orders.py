"""What an order says of itself: its sums, its timeline, its state."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.utils import timezone

from orders.models import Order, OrderEvent, OrderLine
from orders.status import ALLOWED, OPEN, SOLD, Status
from payments.audit.run import OVERDUE, check, total
from payments.models import Refund

MOVES = OrderEvent.objects.exclude(to_status="")


@check(Order.objects)
def totals_add_up() -> Iterable[str]:
    """An order's goods are the sum of its lines, of which it has one at least."""
    lines = total(OrderLine.objects.filter(order=OuterRef("pk")), "order", Sum(F("unit_price_minor") * F("quantity")))
    has_lines = Exists(OrderLine.objects.filter(order=OuterRef("pk")))
    wrong = Order.objects.annotate(lines_minor=lines).filter(~Q(lines_minor=F("subtotal_minor")) | ~has_lines)
    for number, subtotal, in_lines in wrong.values_list("number", "subtotal_minor", "lines_minor").iterator():
        yield f"{number}: goods {subtotal}, lines {in_lines}"


@check(MOVES)
def moves_are_allowed() -> Iterable[str]:
    """Every move in a timeline is one of the allowed ones, and the last one is the order's state."""
    number = last = status = ""
    moves = MOVES.order_by("order_id", "id").values_list("order__number", "order__status", "from_status", "to_status")
    for order, state, source, target in moves.iterator():
        if order != number:
            yield from _ends_elsewhere(number, last, status)
            number, last, status = order, "", state
        if source and (source != last or Status(target) not in ALLOWED[Status(source)]):
            yield f"{number}: {last} -> {source} -> {target}"
        last = target
    yield from _ends_elsewhere(number, last, status)


def _ends_elsewhere(number: str, last: str, status: str) -> Iterable[str]:
    if last != status:
        yield f"{number}: is {status}, its timeline ends with {last}"


@check(OrderEvent.objects)
def moves_have_a_cause() -> Iterable[str]:
    """Every entry of a timeline says what happened and who did it."""
    for number, what in OrderEvent.objects.filter(Q(by="") | Q(what="")).values_list("order__number", "what").iterator():
        yield f"{number}: “{what}” by nobody knows whom"


@check(Order.objects)
def timelines_begin() -> Iterable[str]:
    """Every order's timeline says once that it was placed."""
    yield from _times("placed", Q(from_status="", to_status=Status.PENDING), ~Q(times=1))


@check(Order.objects.filter(status__in=SOLD))
def paid_once() -> Iterable[str]:
    """A paid order's timeline says exactly once that the money came, any other's never."""
    too_often = Q(times__gt=1) | Q(times=1) & ~Q(status__in=SOLD) | Q(times=0, status__in=SOLD)
    yield from _times("paid", Q(to_status=Status.PAID, from_status__in=sorted(OPEN)), too_often)


def _times(what: str, which: Q, wrong: Q) -> Iterable[str]:
    """Orders whose timeline has the wrong number of such entries."""
    entries = OrderEvent.objects.filter(which, order=OuterRef("pk"))
    counted = Order.objects.annotate(times=total(entries, "order", Count("pk"))).filter(wrong)
    for number, times in counted.values_list("number", "times").iterator():
        yield f"{number}: {what} {times} times"


@check(Order.objects.filter(status=Status.REFUNDED))
def refunded_in_full() -> Iterable[str]:
    """An order that counts as refunded has nothing left to give back."""
    left = Order.objects.filter(status=Status.REFUNDED).exclude(refunded_minor=F("paid_minor"))
    for number, refunded, paid in left.values_list("number", "refunded_minor", "paid_minor").iterator():
        yield f"{number}: refunded, with {refunded} of {paid}"


@check(Order.objects.filter(status__in=SOLD, refunded_minor__gt=0))
def all_back_is_refunded() -> Iterable[str]:
    """An order whose money went back in full, as Stripe took it, counts as refunded."""
    not_taken = Refund.objects.filter(payment__order=OuterRef("pk"), booked=True, accepted_at=None)
    back = Order.objects.filter(status__in=[Status.PAID, Status.SHIPPED], paid_minor__gt=0, refunded_minor=F("paid_minor"))
    for number, status in back.exclude(Exists(not_taken)).values_list("number", "status").iterator():
        yield f"{number}: {status}, but everything went back"


@check(Order.objects.filter(Q(status=Status.SHIPPED) | Q(shipped_at__isnull=False)))
def shipped_after_paid() -> Iterable[str]:
    """What was shipped was paid for before, and the order says when."""
    unsaid, unpaid = Q(status=Status.SHIPPED, shipped_at=None), Q(shipped_at__lt=F("paid_at"))
    unsold = Q(shipped_at__isnull=False) & ~Q(status__in=[Status.SHIPPED, Status.REFUNDED])
    for number, status in Order.objects.filter(unsaid | unpaid | unsold).values_list("number", "status").iterator():
        yield f"{number}: {status}, shipped before it was paid or at no time"


@check(Order.objects.filter(status__in=OPEN))
def holds_end() -> Iterable[str]:
    """No unpaid order is held long past its time."""
    late = Order.objects.filter(status=Status.PENDING, expires_at__lt=timezone.now() - OVERDUE)
    for number, expires_at in late.values_list("number", "expires_at").iterator():
        yield f"{number}: held until {expires_at:%Y-%m-%d %H:%M} UTC and still open"
