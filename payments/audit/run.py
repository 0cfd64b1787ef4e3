"""Runs the checks. Reads only, and each check is one statement: it sees one state of the books, also while the shop sells."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Aggregate, Manager, QuerySet, Subquery
from django.db.models.functions import Coalesce

SHOWN = 20
OVERDUE = timedelta(minutes=15)  # longest that anything may stay undone


@dataclass(frozen=True)
class Check:
    """`find` answers what violates the invariant, a line for each; `rows` are those it looks at."""

    name: str
    says: str
    rows: QuerySet | Manager
    find: Callable[[], Iterable[str]]


CHECKS: dict[str, Check] = {}


def check(rows: QuerySet | Manager) -> Callable[[Callable[[], Iterable[str]]], Callable[[], Iterable[str]]]:
    """Register a function as a check of `rows`. The first line of its docstring says what always holds."""

    def register(find: Callable[[], Iterable[str]]) -> Callable[[], Iterable[str]]:
        CHECKS[find.__name__] = Check(find.__name__, (find.__doc__ or "").strip().partition("\n")[0], rows, find)
        return find

    return register


def audit(*, progress: Callable[[int], object] | None = None) -> dict[str, dict[str, Any]]:
    """Run every check: {"stock_reserved": {"examined": 9, "violations": 0, "examples": []}, ...}.

    All violations are counted, `SHOWN` of them kept.
    """
    results = {}
    for name, each in CHECKS.items():
        results[name] = {"examined": each.rows.count(), **_counted(each.find())}
        if progress:
            progress(1)
    return results


def _counted(found: Iterable[str]) -> dict[str, Any]:
    count, examples = 0, []
    for count, example in enumerate(found, 1):
        if count <= SHOWN:
            examples.append(example)
    return {"violations": count, "examples": examples}


def total(rows: QuerySet, by: str, aggregate: Aggregate) -> Coalesce:
    """What those `rows` sum up to that belong to the outer row, 0 for none: a subquery, cheaper than a join here."""
    return Coalesce(Subquery(rows.order_by().values(by).annotate(total=aggregate).values("total")), 0)
