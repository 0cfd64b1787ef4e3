from __future__ import annotations

import pytest

from accounts.models import User
from bench import catalogue, office, trade
from bench.office_table import table
from catalog.models import StockMovement
from orders.models import Order
from payments.models import Payment

pytestmark = pytest.mark.django_db


def test_it_fills_a_shop_with_years_of_trade_and_asks_each_list(monkeypatch):
    monkeypatch.setattr(trade, "DRAWN", 100)
    catalogue.load(30, quiet=True)
    trade.load_trade(200, quiet=True)
    assert Order.objects.count() == Payment.objects.count() == 200
    assert len({order.placed_at.date() for order in Order.objects.all()}) == 2
    assert StockMovement.objects.count() == 400
    assert User.objects.count() == 2 * trade.SHOPPERS
    monkeypatch.setattr(office, "SEARCHES", {"orders.order": ["copper"]})
    monkeypatch.setattr(office, "OFFERED", 1)
    pages = office.times(1)
    shown = table(pages)
    for name in ("accounts.user", "catalog.product", "orders.order", "payments.payment"):
        assert f"| {name} |" in shown
    assert {page["kind"] for page in pages} >= {"first page", "last page", "filter", "sorted", "search", "page of one"}


def test_it_refuses_what_it_cannot_copy():
    with pytest.raises(ValueError, match="150 orders"):
        trade.load_trade(150)
