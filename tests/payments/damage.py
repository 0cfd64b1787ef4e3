"""Damage to the books, by the check that must find it: rows changed behind everybody's back, as no verb of the shop does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Manager, QuerySet
from django.utils import timezone

from catalog.models import StockMovement, Variant
from orders.models import Order, OrderEvent, OrderLine, OutgoingMail
from orders.status import Status
from payments.audit import OVERDUE
from payments.models import Difference, Payment, Refund, WebhookEvent

Life = dict[str, Order]  # an order in every state


def long_ago() -> datetime:
    return timezone.now() - OVERDUE - timedelta(minutes=1)


def change(rows: QuerySet | Manager, **fields: Any) -> None:
    assert rows.update(**fields)


def row(order: Order) -> QuerySet[Order]:
    return Order.objects.filter(pk=order.pk)


def sale_of(order: Order) -> StockMovement:
    return StockMovement.objects.get(kind="sale", reference=order.number)


def fewer_reserved(life: Life) -> None:
    change(Variant.objects.filter(stock_tracked=True), stock_reserved=1)


def more_on_hand(life: Life) -> None:
    change(Variant.objects.filter(stock_tracked=True), stock_on_hand=77)


def sold_twice(life: Life) -> None:
    twice = sale_of(life[Status.PAID])
    twice.pk = None
    twice.save()


def not_sold(life: Life) -> None:
    sale_of(life[Status.PAID]).delete()


def sold_for_an_expired_order(life: Life) -> None:
    sale = sale_of(life[Status.PAID])
    StockMovement.objects.create(variant=sale.variant, kind="sale", delta=-1, reference=life[Status.EXPIRED].number)


def put_back_twice(life: Life) -> None:
    again = StockMovement.objects.get(kind="return")
    again.pk = None
    again.save()


def put_back_unsold(life: Life) -> None:
    sale = sale_of(life[Status.PAID])
    StockMovement.objects.create(variant=sale.variant, kind="return", delta=1, reference=life[Status.CANCELLED].number)


def paid_more_than_came(life: Life) -> None:
    change(row(life[Status.PAID]), paid_minor=life[Status.PAID].paid_minor + 1)


def payment_forgotten(life: Life) -> None:
    Payment.objects.create(order=life[Status.EXPIRED], amount_minor=1, currency="EUR", status=Payment.Status.SUCCEEDED)


def refund_not_booked(life: Life) -> None:
    Refund.objects.create(payment=life[Status.PAID].payments.get(), amount_minor=1, currency="EUR", status="succeeded")


def paid_for_nothing(life: Life) -> None:
    change(row(life[Status.PAID]), paid_minor=0)


def paid_too_little(life: Life) -> None:
    change(row(life[Status.SHIPPED]), paid_minor=life[Status.SHIPPED].total_minor - 1)


def line_dearer(life: Life) -> None:
    change(OrderLine.objects.filter(order=life[Status.PAID], stock_counted=True), unit_price_minor=1)


def line_lost(life: Life) -> None:
    OrderLine.objects.filter(order=life[Status.PENDING]).delete()


def status_by_hand(life: Life) -> None:
    change(row(life[Status.PENDING]), status=Status.CANCELLED)


def forbidden_move(life: Life) -> None:
    OrderEvent.objects.create(order=life[Status.EXPIRED], from_status="expired", to_status="pending", what="x", by="x")


def jump(life: Life) -> None:
    OrderEvent.objects.create(order=life[Status.PENDING], from_status="confirming", to_status="paid", what="x", by="x")


def money_came_twice(life: Life) -> None:
    OrderEvent.objects.create(order=life[Status.PAID], from_status="pending", to_status="paid", what="x", by="x")


def placed_twice(life: Life) -> None:
    OrderEvent.objects.create(order=life[Status.PENDING], to_status="pending", what="x", by="x")


def timeline_lost(life: Life) -> None:
    OrderEvent.objects.filter(order=life[Status.PAID]).delete()


def refunded_in_part(life: Life) -> None:
    change(row(life[Status.REFUNDED]), refunded_minor=life[Status.REFUNDED].paid_minor - 1)


def held_too_long(life: Life) -> None:
    change(row(life[Status.PENDING]), expires_at=long_ago())


def payable_after_the_end(life: Life) -> None:
    Payment.objects.create(order=life[Status.EXPIRED], amount_minor=1, currency="EUR", status=Payment.Status.PROCESSING)


def confirmation_lost(life: Life) -> None:
    OutgoingMail.objects.filter(order=life[Status.SHIPPED], kind="confirmed").delete()


def late_money_kept(life: Life) -> None:
    order = life[Status.CANCELLED]
    Payment.objects.create(order=order, amount_minor=500, currency="EUR", status=Payment.Status.SUCCEEDED)
    change(row(order), paid_minor=500, refunded_minor=499)


def event_not_processed(life: Life) -> None:
    WebhookEvent.objects.create(stripe_id="evt_1", type="charge.refunded", created_at=long_ago())
    change(WebhookEvent.objects, received_at=long_ago())


def refund_not_sent(life: Life) -> None:
    change(Refund.objects, status=Refund.Status.REQUESTED, created_at=long_ago())


def mail_waits(life: Life) -> None:
    change(OutgoingMail.objects.filter(order=life[Status.PAID]), next_try_at=long_ago())


def mail_given_up(life: Life) -> None:
    change(OutgoingMail.objects.filter(order=life[Status.PAID]), failed_at=timezone.now())


def difference_not_resolved(life: Life) -> None:
    Difference.objects.create(kind=Difference.Kind.UNMATCHED, reference="pi_1", detail="Nobody knows it")


Damage = Callable[[Life], None]
DAMAGE: dict[str, list[Damage]] = {
    "stock_reserved": [fewer_reserved, line_lost],
    "stock_on_hand": [more_on_hand, not_sold, sold_twice],
    "sold_once": [sold_twice, not_sold, sold_for_an_expired_order],
    "put_back_at_most_once": [put_back_twice, put_back_unsold],
    "paid_is_what_came": [paid_more_than_came, payment_forgotten],
    "refunded_is_what_went": [refund_not_booked],
    "never_for_free": [paid_for_nothing, paid_too_little],
    "totals_add_up": [line_dearer, line_lost],
    "moves_are_allowed": [status_by_hand, forbidden_move, jump],
    "timelines_begin": [placed_twice, timeline_lost],
    "refunded_in_full": [refunded_in_part],
    "paid_once": [money_came_twice],
    "holds_end": [held_too_long],
    "no_live_payment_of_an_ended_order": [payable_after_the_end],
    "confirmation_is_written": [confirmation_lost],
    "late_money_is_flagged": [late_money_kept],
    "events_are_processed": [event_not_processed],
    "refunds_go_out": [refund_not_sent],
    "mail_goes_out": [mail_waits, mail_given_up],
    "differences_are_resolved": [difference_not_resolved],
}
