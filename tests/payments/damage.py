"""Damage to the books, with the checks that find it, and no others: rows changed behind everybody's back, as no verb does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Manager, QuerySet
from django.utils import timezone

from catalog.index_models import Listing, Place
from catalog.models import LowStockMail, Product, StockMovement, Variant
from orders.models import Order, OrderEvent, OrderLine, OutgoingMail
from orders.status import Status
from payments.audit import OVERDUE
from payments.models import Difference, Payment, Refund, RefundLine
from tests import factories

Life = dict[str, Order]  # an order in every state
Damage = Callable[[Life], None]
DAMAGE: dict[Damage, set[str]] = {}


def found_by(*checks: str) -> Callable[[Damage], Damage]:
    def register(damage: Damage) -> Damage:
        DAMAGE[damage] = set(checks)
        return damage

    return register


def long_ago() -> datetime:
    return timezone.now() - OVERDUE - timedelta(minutes=1)


def change(rows: QuerySet | Manager, **fields: Any) -> None:
    assert rows.update(**fields)


def row(order: Order) -> QuerySet[Order]:
    return Order.objects.filter(pk=order.pk)


def another_payment(order: Order, **fields: Any) -> Payment:
    named = {"session_id": f"cs_test_{Payment.objects.count()}", "amount_minor": order.total_minor, "currency": order.currency}
    return Payment.objects.create(order=order, **{**named, **fields})


def refund_of(order: Order, **fields: Any) -> Refund:
    return Refund.objects.create(
        payment=order.payments.get(), **{"amount_minor": order.paid_minor, "currency": "EUR", "status": "succeeded", **fields}
    )


def mail_to(order: Order, **fields: Any) -> OutgoingMail:
    return OutgoingMail.objects.create(order=order, to="ada@shop.test", **fields)


def waiting_mail(life: Life) -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(order=life[Status.PAID], sent_at=None)


def sale_of(order: Order) -> StockMovement:
    return StockMovement.objects.get(kind="sale", reference=order.number)


@found_by("stock_reserved", "stock_reserved_moved")
def fewer_reserved(life: Life) -> None:
    change(Variant.objects.filter(stock_tracked=True), stock_reserved=1)


@found_by("listings_agree", "places_agree")
def listing_at_another_price(life: Life) -> None:
    change(Listing.objects, price_minor=1)


@found_by("listings_agree")
def listing_lost(life: Life) -> None:
    Listing.objects.all()[0].delete()


@found_by("listings_agree")
def listing_of_what_is_not_on_sale(life: Life) -> None:
    change(Product.objects, is_published=False)


@found_by("places_agree")
def placed_where_it_is_not(life: Life) -> None:
    listing = Listing.objects.all()[0]
    place = {"position": listing.position, "price_minor": listing.price_minor}
    Place.objects.create(category=factories.category(), listing=listing, **place)


@found_by("places_agree")
def missing_from_its_category(life: Life) -> None:
    Product.objects.all()[0].categories.add(factories.category(parent=factories.category()))
    Place.objects.all()[0].delete()


@found_by("stock_on_hand")
def more_on_hand(life: Life) -> None:
    change(Variant.objects.filter(stock_tracked=True), stock_on_hand=77)


@found_by("stock_reserved_moved")
def promise_ended_unsaid(life: Life) -> None:
    StockMovement.objects.get(kind="release", reference=life[Status.EXPIRED].number).delete()


@found_by("low_stock_is_told")
def low_stock_untold(life: Life) -> None:
    change(LowStockMail.objects, sent_at=None, next_try_at=long_ago())


@found_by("oversold_is_flagged")
def missing_units_untold(life: Life) -> None:
    change(StockMovement.objects.filter(pk=sale_of(life[Status.PAID]).pk), missing=1)


@found_by("stock_moves_have_a_cause")
def stock_moved_by_nobody(life: Life) -> None:
    change(StockMovement.objects.filter(kind="reservation", reference=life[Status.PENDING].number), by="")


@found_by("stock_moves_have_a_cause", "put_back_once")
def stock_moved_for_no_reason(life: Life) -> None:
    change(StockMovement.objects.filter(kind="return"), kind="adjustment", reference="")


@found_by("sold_once", "stock_on_hand", "stock_reserved_moved")
def sold_twice(life: Life) -> None:
    twice = sale_of(life[Status.PAID])
    twice.pk = None
    twice.save()


@found_by("sold_once", "stock_on_hand", "stock_reserved_moved")
def not_sold(life: Life) -> None:
    sale_of(life[Status.PAID]).delete()


@found_by("sold_once", "stock_on_hand")
def sold_for_an_expired_order(life: Life) -> None:
    sale = sale_of(life[Status.PAID])
    StockMovement.objects.create(variant=sale.variant, kind="sale", delta=-1, reference=life[Status.EXPIRED].number, by="x")


@found_by("put_back_once", "stock_on_hand")
def put_back_twice(life: Life) -> None:
    again = StockMovement.objects.get(kind="return")
    again.pk = None
    again.save()


@found_by("put_back_once", "stock_on_hand")
def put_back_unsold(life: Life) -> None:
    sale = sale_of(life[Status.PAID])
    StockMovement.objects.create(variant=sale.variant, kind="return", delta=1, reference=life[Status.CANCELLED].number, by="x")


@found_by("paid_is_what_came")
def paid_more_than_came(life: Life) -> None:
    change(row(life[Status.PAID]), paid_minor=life[Status.PAID].paid_minor + 1)


@found_by("paid_is_what_came")
def payment_forgotten(life: Life) -> None:
    another_payment(life[Status.EXPIRED], status=Payment.Status.SUCCEEDED)


@found_by("refunded_is_what_went")
def refund_not_booked(life: Life) -> None:
    refund_of(life[Status.PAID], amount_minor=1)


@found_by("never_for_free", "paid_is_what_came")
def paid_for_nothing(life: Life) -> None:
    change(row(life[Status.PAID]), paid_minor=0)


@found_by("never_for_free", "paid_is_what_came")
def paid_too_little(life: Life) -> None:
    change(row(life[Status.SHIPPED]), paid_minor=life[Status.SHIPPED].total_minor - 1)


@found_by("totals_add_up")
def line_dearer(life: Life) -> None:
    change(OrderLine.objects.filter(order=life[Status.PAID], stock_counted=True), unit_price_minor=9999)


@found_by("totals_add_up", "discounts_add_up", "stock_reserved")
def line_lost(life: Life) -> None:
    OrderLine.objects.filter(order=life[Status.PENDING]).delete()


@found_by("moves_are_allowed", "no_live_payment_of_an_ended_order", "stock_reserved", "uses_follow_their_orders")
def status_by_hand(life: Life) -> None:
    change(row(life[Status.PENDING]), status=Status.CANCELLED)


@found_by("moves_are_allowed")
def forbidden_move(life: Life) -> None:
    OrderEvent.objects.create(order=life[Status.EXPIRED], from_status="expired", to_status="pending", what="x", by="x")


@found_by("moves_are_allowed", "paid_once")
def jump(life: Life) -> None:
    OrderEvent.objects.create(order=life[Status.PENDING], from_status="confirming", to_status="paid", what="x", by="x")


@found_by("paid_once", "moves_are_allowed")
def money_came_twice(life: Life) -> None:
    OrderEvent.objects.create(order=life[Status.PAID], from_status="pending", to_status="paid", what="x", by="x")


@found_by("timelines_begin")
def placed_twice(life: Life) -> None:
    OrderEvent.objects.create(order=life[Status.PENDING], to_status="pending", what="x", by="x")


@found_by("timelines_begin", "paid_once")
def timeline_lost(life: Life) -> None:
    OrderEvent.objects.filter(order=life[Status.PAID]).delete()


@found_by("refunded_in_full", "refunded_is_what_went")
def refunded_in_part(life: Life) -> None:
    change(row(life[Status.REFUNDED]), refunded_minor=life[Status.REFUNDED].paid_minor - 1)


@found_by("holds_end")
def held_too_long(life: Life) -> None:
    change(row(life[Status.PENDING]), expires_at=long_ago())


@found_by("no_live_payment_of_an_ended_order")
def payable_after_the_end(life: Life) -> None:
    another_payment(life[Status.EXPIRED], status=Payment.Status.PROCESSING)


@found_by("late_money_is_flagged")
def late_money_kept(life: Life) -> None:
    order = life[Status.CANCELLED]
    another_payment(order, status=Payment.Status.SUCCEEDED)
    change(row(order), paid_minor=order.total_minor)


@found_by("differences_are_resolved")
def difference_not_resolved(life: Life) -> None:
    Difference.objects.create(kind=Difference.Kind.UNMATCHED, reference="pi_1", detail="Nobody knows it")


@found_by("put_back_once", "stock_on_hand")
def put_back_by_nobody(life: Life) -> None:
    StockMovement.objects.get(kind="return").delete()


@found_by("put_back_once")
def put_back_unsaid(life: Life) -> None:
    change(life[Status.REFUNDED].lines, restocked_quantity=0)


@found_by("moves_have_a_cause")
def moved_by_nobody(life: Life) -> None:
    change(life[Status.SHIPPED].events.filter(to_status="shipped"), by="")


@found_by("moves_have_a_cause")
def moved_without_a_word(life: Life) -> None:
    change(life[Status.EXPIRED].events.filter(to_status="expired"), what="")


@found_by("all_back_is_refunded", "moves_are_allowed")
def still_paid_after_all_went_back(life: Life) -> None:
    change(row(life[Status.REFUNDED]), status=Status.PAID)


@found_by("shipped_after_paid")
def shipped_before_it_was_paid(life: Life) -> None:
    change(row(life[Status.SHIPPED]), shipped_at=long_ago())


@found_by("shipped_after_paid")
def shipped_at_no_time(life: Life) -> None:
    change(row(life[Status.SHIPPED]), shipped_at=None)
    OutgoingMail.objects.filter(kind="shipped").delete()


@found_by("shipped_after_paid", "shipping_is_told")
def shipped_and_only_paid(life: Life) -> None:
    change(row(life[Status.PAID]), shipped_at=timezone.now())


@found_by("never_for_free", "paid_is_what_came")
def sold_without_a_payment(life: Life) -> None:
    life[Status.PAID].payments.all().delete()


@found_by("never_for_free", "payments_ask_the_total")
def paid_in_another_currency(life: Life) -> None:
    change(life[Status.PAID].payments, currency="JPY")


@found_by("money_is_accepted", "paid_is_what_came")
def money_came_and_the_order_waits(life: Life) -> None:
    change(life[Status.PENDING].payments, status="succeeded")


@found_by("payments_ask_the_total")
def asks_for_less(life: Life) -> None:
    change(life[Status.PENDING].payments, amount_minor=1)


@found_by("second_money_is_flagged")
def second_payment_kept(life: Life) -> None:
    order = life[Status.PAID]
    another_payment(order, status="succeeded")
    change(row(order), paid_minor=order.total_minor * 2)


@found_by("second_money_is_flagged")
def only_one_of_two_more_is_told(life: Life) -> None:
    order = life[Status.PAID]
    for each in "ab":
        another_payment(order, status="succeeded", session_id=f"cs_test_{each}")
    change(row(order), paid_minor=order.total_minor * 3)
    Difference.objects.create(kind="paid_twice", reference="x", order=order, detail="x", resolved_at=timezone.now())


@found_by("odd_money_is_flagged")
def odd_money_untold(life: Life) -> None:
    another_payment(life[Status.EXPIRED], status="mismatch")


@found_by("payments_can_be_asked_about")
def session_forgotten(life: Life) -> None:
    change(life[Status.PENDING].payments, session_id=None)


@found_by("payments_are_checked")
def never_checked(life: Life) -> None:
    change(life[Status.PENDING].payments, created_at=long_ago())


@found_by("payments_are_checked")
def not_checked_again(life: Life) -> None:
    change(life[Status.CONFIRMING].payments, checked_at=long_ago())


@found_by("refunds_fit_their_payment", "refunded_is_what_went")
def more_back_than_came(life: Life) -> None:
    refund_of(life[Status.REFUNDED], amount_minor=1)


@found_by("refunds_fit_their_payment")
def back_in_another_currency(life: Life) -> None:
    change(Refund.objects, currency="JPY")


@found_by("refunds_fit_their_payment", "refunded_is_what_went")
def back_of_what_never_came(life: Life) -> None:
    refund_of(life[Status.EXPIRED], amount_minor=1)


@found_by("refunds_count_until_they_fail")
def failed_and_still_counted(life: Life) -> None:
    change(Refund.objects, status="failed")


@found_by("refunds_count_until_they_fail")
def went_and_is_not_counted(life: Life) -> None:
    refund_of(life[Status.PAID], booked=False)


@found_by("refunded_units_are_counted")
def units_refunded_by_nobody(life: Life) -> None:
    change(life[Status.PAID].lines, refunded_quantity=1)


@found_by("refunded_units_are_counted", "refunded_units_are_the_orders")
def units_of_another_order_refunded(life: Life) -> None:
    line = life[Status.PAID].lines.first()
    assert line
    RefundLine.objects.create(refund=life[Status.REFUNDED].payments.get().refunds.get(), line=line, quantity=1)
