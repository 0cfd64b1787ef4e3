"""Money: what came, what went, and that both are where the order says."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.utils import timezone

from orders.models import Order, OrderLine
from orders.status import ENDED, OPEN, SOLD, Way
from payments.audit.run import OVERDUE, check, total
from payments.models import Difference, Dispute, Payment, Refund, RefundLine

CAME = Payment.objects.filter(status=Payment.Status.SUCCEEDED)
CAME_BACK = (Refund.Status.FAILED, Refund.Status.CANCELLED)
# Of money that was not what was asked for: it is on no order, only on the list of differences.
NEVER_COUNTED = Q(booked=False, payment__status=Payment.Status.MISMATCH)
LATE_KINDS = (Difference.Kind.PAID_TWICE, Difference.Kind.PAID_TOO_LATE)


@check(Order.objects)
def paid_is_what_came() -> Iterable[str]:
    """An order's paid amount is the sum of its successful payments."""
    came = total(CAME.filter(order=OuterRef("pk")), "order", Sum("amount_minor"))
    wrong = Order.objects.annotate(came=came).exclude(came=F("paid_minor"))
    for number, paid, in_payments in wrong.values_list("number", "paid_minor", "came").iterator():
        yield f"{number}: {paid} booked, payments say {in_payments}"


@check(Order.objects)
def refunded_is_what_went() -> Iterable[str]:
    """An order's refunded amount is the sum of its refunds that have not failed."""
    went = total(Refund.objects.filter(payment__order=OuterRef("pk"), booked=True), "payment__order", Sum("amount_minor"))
    wrong = Order.objects.annotate(went=went).exclude(went=F("refunded_minor"))
    for number, refunded, in_refunds in wrong.values_list("number", "refunded_minor", "went").iterator():
        yield f"{number}: {refunded} booked, refunds say {in_refunds}"


@check(Order.objects.filter(status__in=SOLD))
def never_for_free() -> Iterable[str]:
    """No order counts as paid without a successful payment of its total, unless it costs nothing."""
    enough = CAME.filter(order=OuterRef("pk"), amount_minor__gte=OuterRef("total_minor"), currency=OuterRef("currency"))
    unpaid = Q(paid_minor__lt=F("total_minor")) | Q(total_minor__gt=0) & ~Exists(enough)
    free = Order.objects.filter(unpaid, status__in=SOLD)
    for number, status, paid, due in free.values_list("number", "status", "paid_minor", "total_minor").iterator():
        yield f"{number}: {status} with {paid} of {due}"


@check(CAME)
def money_is_accepted() -> Iterable[str]:
    """No order waits for money that came."""
    for number, reference in CAME.filter(order__status__in=OPEN).values_list("order__number", "reference").iterator():
        yield f"{number}: still open, though payment {reference} succeeded"


@check(Payment.objects)
def payments_ask_the_total() -> Iterable[str]:
    """Every payment asks for its order's total, in its order's currency.

    What came for an order that had ended says what really came: Stripe's page may have added to it.
    """
    wrong = Payment.objects.exclude(amount_minor=F("order__total_minor"), currency=F("order__currency"))
    wrong = wrong.exclude(status=Payment.Status.SUCCEEDED, order__status__in=ENDED, currency=F("order__currency"))
    for payment in wrong.select_related("order").iterator():
        yield f"{payment.order.number}: payment {payment.reference} asks {payment.amount} for {payment.order.total}"


@check(CAME)
def second_money_is_flagged() -> Iterable[str]:
    """Whatever came beside the one payment that an order needs stands on the list of differences."""
    earlier = CAME.filter(order=OuterRef("order"), id__lt=OuterRef("id"))
    told = total(Difference.objects.filter(order=OuterRef("order"), kind__in=LATE_KINDS), "order", Count("pk"))
    before = total(earlier, "order", Count("pk"))
    wrong = CAME.annotate(before=before, told=told).filter(before__gt=F("told"))
    for number, reference in wrong.values_list("order__number", "reference").iterator():
        yield f"{number}: payment {reference} came as well, and nobody was told"


@check(Payment.objects.filter(status=Payment.Status.MISMATCH))
def odd_money_is_flagged() -> Iterable[str]:
    """Money of another amount than was asked for stands on the list of differences."""
    told = Difference.objects.filter(kind=Difference.Kind.AMOUNT)
    named = told.filter(Q(reference=OuterRef("session_id")) | Q(reference=OuterRef("payment_intent_id")))
    wrong = Payment.objects.filter(~Exists(named), status=Payment.Status.MISMATCH)
    for number, reference in wrong.values_list("order__number", "reference").iterator():
        yield f"{number}: another amount came for payment {reference}, and nobody was told"


@check(CAME.filter(order__status__in=ENDED))
def late_money_is_flagged() -> Iterable[str]:
    """Money for an order that ended is refunded or stands on the list of differences."""
    kept = Order.objects.filter(status__in=ENDED, paid_minor__gt=F("refunded_minor"), differences__isnull=True)
    for order in kept.iterator():
        yield f"{order.number}: {order.status}, but {order.refundable} were kept"


@check(Payment.objects.filter(status__in=Payment.LIVE))
def no_live_payment_of_an_ended_order() -> Iterable[str]:
    """Nothing can be paid for an order that ended."""
    live = Payment.objects.filter(status__in=Payment.LIVE, order__status__in=ENDED)
    for number, reference, status in live.values_list("order__number", "reference", "status").iterator():
        yield f"{number}: payment {reference} is still {status}"


@check(Payment.objects.filter(status__in=Payment.LIVE))
def payments_can_be_asked_about() -> Iterable[str]:
    """A payment whose page was opened names its session; one without a page names its intent."""
    opened = Payment.objects.filter(status__in=[Payment.Status.OPEN, Payment.Status.PROCESSING])
    nameless = Q(order__way=Way.ELEMENT, payment_intent_id=None) | (~Q(order__way=Way.ELEMENT) & Q(session_id=None))
    for number, reference in opened.filter(nameless).values_list("order__number", "reference").iterator():
        yield f"{number}: payment {reference} has no session, or intent"


@check(Payment.objects.filter(status__in=Payment.LIVE))
def payments_are_checked() -> Iterable[str]:
    """Stripe is asked again and again about a payment that is not decided."""
    since = timezone.now() - OVERDUE
    late = Q(checked_at__lt=since) | Q(checked_at=None, created_at__lt=since)
    for number, reference in (
        Payment.objects.filter(late, status__in=Payment.LIVE).values_list("order__number", "reference").iterator()
    ):
        yield f"{number}: nobody asked about payment {reference}"


@check(Refund.objects)
def refunds_fit_their_payment() -> Iterable[str]:
    """Refunds are of money that came, in its currency, and together no more than that."""
    together = total(Refund.objects.filter(payment=OuterRef("payment"), booked=True), "payment", Sum("amount_minor"))
    wrong = Refund.objects.annotate(together=together).filter(
        ~Q(payment__status=Payment.Status.SUCCEEDED) & ~NEVER_COUNTED
        | ~Q(currency=F("payment__currency"))
        | Q(together__gt=F("payment__amount_minor"))
    )
    for refund in wrong.select_related("payment__order").iterator():
        yield f"{refund.payment.order.number}: refund {refund.reference} of {refund.amount}, payment of {refund.payment.amount}"


@check(Refund.objects)
def refunds_count_until_they_fail() -> Iterable[str]:
    """A refund is counted exactly while it has not failed; one that could not be counted stands on the list of differences."""
    told = Difference.objects.filter(kind=Difference.Kind.REFUND_UNKNOWN, reference=OuterRef("stripe_id"))
    wrong = Q(booked=True, status__in=CAME_BACK) | Q(booked=False) & ~Q(status__in=CAME_BACK) & ~Exists(told)
    rows = Refund.objects.filter(wrong).exclude(NEVER_COUNTED)
    for number, reference, status in rows.values_list("payment__order__number", "reference", "status").iterator():
        yield f"{number}: refund {reference} is {status}, and counted as if it were not"


@check(OrderLine.objects.filter(refunded_quantity__gt=0))
def refunded_units_are_counted() -> Iterable[str]:
    """A line's refunded units are those of its refunds that have not failed."""
    booked = total(RefundLine.objects.filter(line=OuterRef("pk"), refund__booked=True), "line", Sum("quantity"))
    wrong = OrderLine.objects.annotate(booked=booked).exclude(booked=F("refunded_quantity"))
    for number, sku, units, counted in wrong.values_list("order__number", "sku", "refunded_quantity", "booked").iterator():
        yield f"{number}: {units} of {sku} refunded, refunds say {counted}"


@check(RefundLine.objects)
def refunded_units_are_the_orders() -> Iterable[str]:
    """The units of a refund are of the order that was paid for."""
    odd = RefundLine.objects.exclude(line__order=F("refund__payment__order"))
    for reference, number in odd.values_list("refund__reference", "line__order__number").iterator():
        yield f"{number}: refund {reference} of another order names its units"


@check(Refund.objects.filter(status=Refund.Status.REQUESTED))
def refunds_go_out() -> Iterable[str]:
    """No refund that was promised waits to be sent for long."""
    late = Refund.objects.filter(status=Refund.Status.REQUESTED, created_at__lt=timezone.now() - OVERDUE)
    for reference, asked in late.values_list("reference", "created_at").iterator():
        yield f"refund {reference}: asked for {asked:%Y-%m-%d %H:%M} UTC, not sent"


@check(Difference.objects)
def differences_are_resolved() -> Iterable[str]:
    """Staff has looked at every difference with Stripe."""
    for row in Difference.objects.filter(resolved_at__isnull=True).iterator():
        yield f"{row}: {row.detail}"


@check(Dispute.objects)
def disputes_are_told() -> Iterable[str]:
    """A dispute stands on the list of differences, resolved once it is closed, and nothing is lost before."""
    told = Difference.objects.filter(kind=Difference.Kind.DISPUTE, reference=OuterRef("stripe_id"))
    unlike = ~Exists(told) | Q(closed_at__isnull=False) & Exists(told.filter(resolved_at=None))
    early = Q(lost_minor__gt=0) & ~Q(status="lost") & Q(closed_at__isnull=False)
    for number, dispute, status in Dispute.objects.filter(unlike | early).values_list(
        "payment__order__number", "stripe_id", "status"
    ):
        yield f"{number}: dispute {dispute} is {status}, and the list says otherwise"


@check(Dispute.objects.filter(lost_minor__gt=0))
def refunds_and_losses_fit_their_payment() -> Iterable[str]:
    """What went back and what was lost in disputes is together no more than came."""
    back = total(Refund.objects.filter(payment=OuterRef("pk"), booked=True), "payment", Sum("amount_minor"))
    lost = total(Dispute.objects.filter(payment=OuterRef("pk")), "payment", Sum("lost_minor"))
    wrong = Payment.objects.annotate(back=back, lost=lost).filter(lost__gt=0, amount_minor__lt=F("back") + F("lost"))
    for number, reference in wrong.values_list("order__number", "reference").iterator():
        yield f"{number}: more went back of payment {reference} than came"
