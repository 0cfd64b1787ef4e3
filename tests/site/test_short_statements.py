from __future__ import annotations

import pytest
from django.db import connection


@pytest.mark.only_on("postgres")
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("setting", "value"), [("jit", "off"), ("max_parallel_workers_per_gather", "0"), ("random_page_cost", "1.1")]
)
def test_it_neither_compiles_statements_nor_shares_them_out(setting, value):
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")
        assert cursor.fetchone() == (value,)
