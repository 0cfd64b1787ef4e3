"""Promotion codes: who used them, how often, and that lines bear what the order says."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Exists, F, OuterRef, Q, Sum

from orders.models import Order, OrderLine
from orders.status import OPEN, SOLD, Status
from payments.audit.run import check, total
from promotions.models import Promotion, Use

LIVE = Use.objects.filter(released_at=None)


@check(Order.objects)
def discounts_add_up() -> Iterable[str]:
    """An order's discount is the sum of its lines' discounts."""
    lines = total(OrderLine.objects.filter(order=OuterRef("pk")), "order", Sum("discount_minor"))
    wrong = Order.objects.annotate(lines_minor=lines).exclude(lines_minor=F("discount_minor"))
    for number, discount, in_lines in wrong.values_list("number", "discount_minor", "lines_minor").iterator():
        yield f"{number}: discount {discount}, lines {in_lines}"


@check(Promotion.objects)
def codes_count_their_uses() -> Iterable[str]:
    """A promotion code counts its uses that were not released."""
    live = total(LIVE.filter(promotion=OuterRef("pk")), "promotion", Count("pk"))
    wrong = Promotion.objects.annotate(live=live).exclude(uses=F("live"))
    for code, uses, rows in wrong.values_list("code", "uses", "live").iterator():
        yield f"{code}: {uses} uses counted, {rows} there"


@check(Use.objects)
def uses_follow_their_orders() -> Iterable[str]:
    """A use of a promotion code counts exactly while its order is open or sold, and not a free one that was cancelled."""
    hold = Order.objects.filter(status__in=[*OPEN, *SOLD]).exclude(status=Status.REFUNDED, total_minor=0)
    holds = Exists(hold.filter(number=OuterRef("order_number")))
    wrong = Use.objects.filter(Q(released_at=None) & ~holds | Q(released_at__isnull=False) & holds)
    for number, code in wrong.values_list("order_number", "promotion__code").iterator():
        yield f"{number}: its use of {code} does not count as the order does"


@check(LIVE.filter(user__isnull=False))
def customers_keep_to_limits() -> Iterable[str]:
    """Nobody used a promotion code more often than one customer may."""
    own = LIVE.filter(user__isnull=False).order_by().values("promotion__code", "user", "promotion__most_uses_per_customer")
    often = own.annotate(times=Count("pk")).filter(times__gt=F("promotion__most_uses_per_customer"))
    for code, user, times in often.values_list("promotion__code", "user", "times").iterator():
        yield f"{code}: customer {user} used it {times} times"
