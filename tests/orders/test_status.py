from __future__ import annotations

import pytest

from orders.status import ALLOWED, ENDED, OPEN, SOLD, Status, sources

ARROWS = {
    ("pending", "confirming"), ("pending", "paid"), ("pending", "expired"), ("pending", "cancelled"),
    ("confirming", "paid"), ("confirming", "cancelled"),
    ("paid", "shipped"), ("paid", "refunded"), ("shipped", "refunded"),
    ("refunded", "paid"), ("refunded", "shipped"),  # a refund came back
}  # fmt: skip


def test_it_has_these_arrows_and_no_other():
    assert {(str(source), str(target)) for source, targets in ALLOWED.items() for target in targets} == ARROWS


def test_it_says_of_every_state_where_it_leads():
    assert set(ALLOWED) == set(Status)


def test_it_puts_every_state_in_one_group():
    assert set(Status) == OPEN | SOLD | ENDED
    assert len(OPEN) + len(SOLD) + len(ENDED) == len(Status)


@pytest.mark.parametrize("target", Status)
def test_it_knows_where_a_state_is_reached_from(target):
    assert sources(target) == {source for source, reached in ARROWS if reached == target}


def test_it_never_leads_back_from_paid_to_unpaid_or_out_of_an_end():
    assert all(ALLOWED[status] <= SOLD for status in SOLD)
    assert not any(ALLOWED[status] for status in ENDED)


def test_it_never_releases_the_units_of_money_on_its_way_by_the_clock():
    assert Status.EXPIRED not in ALLOWED[Status.CONFIRMING]
