"""/metrics and the charts cost the same however long the history is: each statement goes by an index."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from payments.charts import charts
from payments.models import Payment
from shop.metrics import registry

BIG = (
    "orders_order",
    "orders_outgoingmail",
    "payments_payment",
    "payments_refund",
    "payments_webhookevent",
    "payments_difference",
)


def plans(work: Any) -> dict[str, list[str]]:
    """What SQLite does for each statement, told with the parameters apart, as the shop sends them."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, *rest: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, *rest)

    with connection.execute_wrapper(note):
        work()
    with connection.cursor() as cursor:
        found = {}
        for sql, params in asked:
            if sql.startswith("SELECT"):
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
                found[sql] = [row[3] for row in cursor.fetchall()]
        return found


def reads_a_whole_table(plan: list[str]) -> list[str]:
    return [step for step in plan for table in BIG if step.startswith(f"SCAN {table}") and "USING" not in step]


@pytest.mark.django_db
@pytest.mark.only_on("sqlite")
class TestTheWayToTheRows:
    def test_is_an_index_for_the_numbers(self):
        seen = plans(lambda: list(registry.collect()))
        assert len(seen) > 8
        assert {sql: told for sql, plan in seen.items() if (told := reads_a_whole_table(plan))} == {}

    def test_is_an_index_for_the_charts(self):
        seen = plans(lambda: charts(timezone.now()))
        assert len(seen) == 5  # of one the same is asked twice
        assert {sql: told for sql, plan in seen.items() if (told := reads_a_whole_table(plan))} == {}

    def test_would_be_noticed_if_it_were_none(self):
        seen = plans(lambda: list(Payment.objects.filter(last_error="x").order_by("amount_minor")))
        assert [told for plan in seen.values() if (told := reads_a_whole_table(plan))]
