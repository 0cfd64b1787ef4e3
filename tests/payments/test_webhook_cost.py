"""What one webhook costs the database: each statement is listed here, so that none comes in unseen.

They also show the order in which rows are locked: payment, order, variants.
"""

from __future__ import annotations

import re

import pytest
from django.db import connection

from tests import factories
from tests.payments.shopping import deliver

TABLE = re.compile(r'(?:FROM|UPDATE|INTO) "(\w+)"')
RECORDED = ["INSERT payments_webhookevent"]
SEEN_BEFORE = ["SELECT payments_webhookevent", "UPDATE payments_webhookevent"]
BOOKED = [
    "SELECT payments_payment",  # and its order
    "UPDATE payments_payment",
    "SAVEPOINT",
    "UPDATE orders_order",
    "INSERT orders_orderevent",
    "SELECT orders_order",
    "SELECT orders_orderline",
]
SOLD = ["UPDATE catalog_variant", "INSERT catalog_stockmovement"]
DONE = ["INSERT orders_outgoingmail", "RELEASE", "UPDATE payments_webhookevent"]


@pytest.fixture
def event_of(shopper):
    def buy(*variants):
        for variant in variants[1:]:
            shopper.put(variant)
        shopper.buy(variants[0])
        return shopper.told()

    return buy


def statements(event):
    seen = []

    def note(execute, sql, *rest):
        verb, table = sql.split()[0], TABLE.search(sql)
        if verb != "BEGIN":  # not seen on PostgreSQL
            seen.append(f"{verb} {table[1]}" if table else verb)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        assert deliver(event).status_code == 200
    return seen


def test_it_buys_an_order_with_few_statements(event_of):
    assert statements(event_of(factories.variant(requires_shipping=False))) == RECORDED + BOOKED + SOLD + DONE


def test_it_takes_one_more_for_each_further_variant(event_of):
    variants = [factories.variant(requires_shipping=False) for _each in range(3)]
    assert statements(event_of(*variants)) == RECORDED + BOOKED + SOLD[:1] * 3 + SOLD[1:] + DONE


def test_it_knows_a_repeat_by_three(event_of):
    event = event_of(factories.variant(requires_shipping=False))
    deliver(event)
    assert statements(event) == RECORDED + SEEN_BEFORE
