from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from money import Money
from orders.models import Order, OrderLine, OutgoingMail, ShippingRate, new_number
from orders.status import ENDED, OPEN, SOLD, Status
from tests import factories

pytestmark = pytest.mark.django_db


def refused(constraint: str, rows: models.QuerySet, **changes) -> bool:
    """Whether the database itself refuses to store this, by the constraint of that name."""
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        rows.update(**changes)
    return constraint in str(error.value)


# -- Numbers ----------------------------------------------------------------------------------------------------------


def test_it_numbers_orders_so_that_nobody_can_guess():
    numbers = {new_number() for _unused in range(2000)}
    assert len(numbers) == 2000
    assert all(re.fullmatch(r"([2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}", number) for number in numbers)
    assert {letter for number in numbers for letter in number} == {*"23456789ABCDEFGHJKLMNPQRSTUVWXYZ-"}  # 32: five bits each


def test_it_refuses_the_same_number_twice():
    number = factories.order().number
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.order(number=number)


def test_it_lives_at_its_number():
    assert factories.order(number="AAAA-BBBB-CCCC-DDDD").get_absolute_url() == "/orders/AAAA-BBBB-CCCC-DDDD/"


# -- What the database refuses ----------------------------------------------------------------------------------------


def test_it_refuses_a_total_that_does_not_add_up():
    order = factories.order()
    assert refused("orders_total_adds_up", Order.objects.filter(pk=order.pk), total_minor=order.total_minor + 1)


def test_it_refuses_to_refund_more_than_was_paid():
    order = factories.order(status=Status.PAID)
    rows = Order.objects.filter(pk=order.pk)
    assert refused("orders_refunded_within_paid", rows, refunded_minor=order.paid_minor + 1)
    assert rows.update(refunded_minor=order.paid_minor) == 1


@pytest.mark.parametrize("status", sorted(SOLD))
def test_it_refuses_a_paid_order_without_a_time_of_payment(status):
    order = factories.order(status=status)
    assert refused("orders_paid_at_iff_sold", Order.objects.filter(pk=order.pk), paid_at=None)


@pytest.mark.parametrize("status", sorted(OPEN | ENDED))
def test_it_refuses_an_unpaid_order_with_a_time_of_payment(status):
    order = factories.order(status=status)
    assert refused("orders_paid_at_iff_sold", Order.objects.filter(pk=order.pk), paid_at=timezone.now())


@pytest.mark.parametrize("status", sorted(OPEN))
def test_it_refuses_a_second_open_order_of_one_cart(status):
    first = factories.order(status=status)
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.order(cart_id=first.cart_id)


@pytest.mark.parametrize("status", sorted(SOLD | ENDED))
def test_it_takes_another_order_of_a_cart_whose_order_is_not_open(status):
    first = factories.order(status=status)
    assert factories.order(cart_id=first.cart_id, status=status) != first


def test_it_refuses_a_line_without_units():
    order = factories.order()
    assert refused("orders_line_has_units", OrderLine.objects.filter(order=order), quantity=0)


def test_it_refuses_the_same_mail_twice():
    order = factories.order()
    kind = OutgoingMail.Kind.CONFIRMED
    OutgoingMail.objects.create(order=order, kind=kind, to="ada@shop.test")
    OutgoingMail.objects.create(order=order, kind=kind, to="ada@shop.test", reference="another")
    with pytest.raises(IntegrityError), transaction.atomic():
        OutgoingMail.objects.create(order=order, kind=kind, to="mallory@shop.test")


def test_it_refuses_a_parcel_that_arrives_before_it_may():
    rate = factories.shipping_rate()
    assert refused("orders_shipping_days_ordered", ShippingRate.objects.filter(pk=rate.pk), min_days=9, max_days=3)


# -- What it says about itself ----------------------------------------------------------------------------------------


def test_it_speaks_of_money_in_its_own_currency():
    order = Order(
        subtotal_minor=1000, shipping_minor=500, total_minor=1500, paid_minor=1500, refunded_minor=400, currency="JPY"
    )
    assert (order.subtotal, order.shipping, order.total) == (Money(1000, "JPY"), Money(500, "JPY"), Money(1500, "JPY"))
    assert (order.paid, order.refunded, order.refundable) == (Money(1500, "JPY"), Money(400, "JPY"), Money(1100, "JPY"))
    line = OrderLine(order=order, unit_price_minor=500, quantity=2)
    assert (line.unit_price, line.total) == (Money(500, "JPY"), Money(1000, "JPY"))


@pytest.mark.parametrize("status", Status)
def test_it_is_open_or_paid_or_neither(status):
    order = Order(status=status)
    assert (order.is_open, order.is_paid) == (status in OPEN, status in SOLD)


def test_it_lists_for_a_shopper_what_did_not_end_unpaid():
    orders = {status: factories.order(status=status) for status in Status}
    assert {*Order.objects.for_shopper()} == {orders[status] for status in OPEN | SOLD}


ADDRESSES = [
    ({}, []),
    ({"line1": None, "city": None}, []),
    (
        {"line1": "Ring 1", "line2": "", "postal_code": "10115", "city": "Berlin", "state": None, "country": "DE"},
        ["Ring 1", "10115 Berlin", "DE"],
    ),
    ({"line1": "1 Main St", "city": "Reno", "state": "NV", "country": "US"}, ["1 Main St", "Reno", "NV", "US"]),
]


@pytest.mark.parametrize(("address", "lines"), ADDRESSES)
def test_it_writes_the_address_as_on_a_parcel(address, lines):
    assert Order(address=address).address_lines == lines


# -- What it outlives -------------------------------------------------------------------------------------------------


def test_it_outlives_the_account_of_its_owner(ada):
    order = factories.order(user=ada, status=Status.PAID)
    ada.delete()
    kept = Order.objects.get(pk=order.pk)
    assert (kept.user, kept.email, kept.status) == (None, "ada@shop.test", Status.PAID)
