"""Units: what is promised, what is there, what was sold and what came back."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, Sum
from django.utils import timezone

from catalog.models import LowStockMail, StockMovement, Variant
from orders.models import OrderLine
from orders.status import OPEN, SOLD
from payments.audit.run import OVERDUE, check, total
from payments.models import Difference

COUNTED = OrderLine.objects.filter(stock_counted=True, variant__isnull=False)


@check(Variant.objects)
def stock_reserved() -> Iterable[str]:
    """Units reserved are those of open orders' lines."""
    held = COUNTED.filter(variant=OuterRef("pk"), order__status__in=OPEN)
    wrong = Variant.objects.annotate(held=total(held, "variant", Sum("quantity"))).exclude(stock_reserved=F("held"))
    for sku, reserved, in_orders in wrong.values_list("sku", "stock_reserved", "held").iterator():
        yield f"{sku}: {reserved} reserved, open orders hold {in_orders}"


@check(Variant.objects)
def stock_on_hand() -> Iterable[str]:
    """Units on hand are the sum of all movements."""
    moves = StockMovement.objects.filter(variant=OuterRef("pk"))
    wrong = Variant.objects.annotate(moved=total(moves, "variant", Sum("delta"))).filter(~Q(moved=F("stock_on_hand")))
    for sku, on_hand, moved in wrong.values_list("sku", "stock_on_hand", "moved").iterator():
        yield f"{sku}: {on_hand} on hand, moved {moved}"


@check(Variant.objects)
def stock_reserved_moved() -> Iterable[str]:
    """Units reserved are the sum of all movements, too."""
    moves = total(StockMovement.objects.filter(variant=OuterRef("pk")), "variant", Sum("reserved_delta"))
    wrong = Variant.objects.annotate(moved=moves).exclude(stock_reserved=F("moved"))
    for sku, reserved, moved in wrong.values_list("sku", "stock_reserved", "moved").iterator():
        yield f"{sku}: {reserved} reserved, moved {moved}"


@check(StockMovement.objects.filter(missing__gt=0))
def oversold_is_flagged() -> Iterable[str]:
    """An order that was sold units which are not there stands on the list of differences."""
    told = Difference.objects.filter(kind=Difference.Kind.OVERSOLD, reference=OuterRef("reference"))
    untold = StockMovement.objects.filter(~Exists(told), missing__gt=0)
    for number, sku, missing in untold.values_list("reference", "variant__sku", "missing").iterator():
        yield f"{number}: {missing} of {sku} are not there, and nobody was told"


@check(LowStockMail.objects)
def low_stock_is_told() -> Iterable[str]:
    """No mail to staff about low stock waits past its next try for long."""
    now = timezone.now()
    late = Q(next_try_at__lt=now - OVERDUE) | Q(claimed_until__gt=now + OVERDUE)
    for mail in LowStockMail.objects.filter(late, sent_at=None).iterator():
        yield f"low stock of {mail}: {mail.last_error or 'not sent'}"


@check(StockMovement.objects)
def stock_moves_have_a_cause() -> Iterable[str]:
    """Every movement says who did it and why; a restock is its own reason."""
    unsaid = Q(by="") | Q(reference="") & ~Q(kind=StockMovement.Kind.RESTOCK)
    moves = StockMovement.objects.filter(unsaid).values_list("variant__sku", "kind", "delta", "by")
    for sku, kind, delta, by in moves.iterator():
        yield f"{sku}: {kind} {delta:+d} by {by or 'nobody knows whom'}"


# Lines and movements have only the order's number in common, and either may be missing: one statement compares both sides.
LINES_AND_MOVEMENTS = """
    SELECT number, variant, SUM(due), SUM(moved) FROM (
        SELECT o.number AS number, l.variant_id AS variant,
               CASE WHEN %s = 'sale' THEN l.quantity ELSE l.restocked_quantity END AS due, 0 AS moved
        FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
        WHERE l.stock_counted AND l.variant_id IS NOT NULL AND o.status IN (%s, %s, %s)
        UNION ALL
        SELECT reference, variant_id, 0, ABS(delta) FROM catalog_stockmovement WHERE kind = %s
    ) AS books GROUP BY number, variant HAVING SUM(due) <> SUM(moved)
"""


def _unequal(kind: str) -> Iterable[tuple[str, int, int, int]]:
    """(order, variant, units of its lines, units moved), where the two differ."""
    with connection.cursor() as cursor:
        cursor.execute(LINES_AND_MOVEMENTS, [kind, *sorted(SOLD), kind])
        yield from iter(cursor.fetchone, None)


@check(COUNTED.filter(order__status__in=SOLD))
def sold_once() -> Iterable[str]:
    """Every counted line of a paid order left the shelf exactly once, and no other order's did."""
    for number, variant, due, moved in _unequal("sale"):
        yield f"{number}: {due} units of variant {variant} are sold, {moved} left the shelf"


@check(StockMovement.objects.filter(kind=StockMovement.Kind.RETURN))
def put_back_once() -> Iterable[str]:
    """Units came back as many as the order's lines say, and for no other order."""
    for number, variant, due, moved in _unequal("return"):
        yield f"{number}: {due} units of variant {variant} were put back by its own account, {moved} came"
