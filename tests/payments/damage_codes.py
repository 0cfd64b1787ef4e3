"""Damage to what was booked of promotion codes."""

from __future__ import annotations

from django.utils import timezone

from orders.models import OrderLine
from orders.status import Status
from promotions.models import Promotion, Use
from tests.payments.damage import Life, change, found_by


@found_by("discounts_add_up")
def discount_on_no_line(life: Life) -> None:
    change(OrderLine.objects.filter(order=life[Status.PAID], stock_counted=True), discount_minor=0)


@found_by("codes_count_their_uses")
def uses_miscounted(life: Life) -> None:
    change(Promotion.objects, uses=1)


@found_by("codes_count_their_uses", "uses_follow_their_orders")
def use_of_a_paid_order_released(life: Life) -> None:
    change(Use.objects.filter(order_number=life[Status.PAID].number), released_at=timezone.now())


@found_by("codes_count_their_uses", "uses_follow_their_orders")
def use_of_an_ended_order_held(life: Life) -> None:
    change(Use.objects.filter(order_number=life[Status.EXPIRED].number), released_at=None)


@found_by("uses_follow_their_orders")
def use_of_no_order(life: Life) -> None:
    change(Use.objects.filter(order_number=life[Status.PAID].number), order_number="X")


@found_by("customers_keep_to_limits")
def used_too_often_by_one(life: Life) -> None:
    change(Promotion.objects, most_uses_per_customer=4)
