"""Every list of the admin as staff may meet it: first and last page, filters, sortings, searches; and pages of single rows.

Asked inside one process, with a connection to the database made anew for each page, as SQLite gets it in production.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from catalog.models import Category, Product, Variant
from orders.models import Order

OFFERED = 6  # choices of a filter that are tried
CHOSEN_BY = {
    "catalog.product": "model_name=variant&field_name=product",
    "catalog.category": "model_name=product&field_name=categories",
}
SEARCHES = {  # what staff type: of one row, of many, of none
    "accounts.user": ["shopper-7", "7.shopper-", "copper", "nobody"],
    "catalog.category": ["kind", "way-3/kind-2", "nothing"],
    "catalog.lowstock": ["P101-", "copper", "copper weather", "nothing"],
    "catalog.picturetofetch": ["copper", "piece-7", "https://pictures.test/1", "nothing"],
    "catalog.product": ["P101-1", "piece-7", "copper", "copper weather", "nothing"],
    "catalog.stockmovement": ["P101-1", "ABCD-EFGH-0001-0007", "grace@shop.test", "nothing"],
    "catalog.variant": ["P101-1", "P10", "copper", "copper weather", "nothing"],
    "orders.order": ["ABCD-EFGH-0007", "7.copper-", "copper", "copper emberson", "P101-1", "pi_0007-7", "nothing"],
    "orders.outgoingmail": ["ABCD-EFGH-0001-0007", "7.copper-", "nothing"],
    "payments.payment": ["ABCD-EFGH-0001-0007", "pi_0007-7", "nothing"],
    "payments.refund": ["ABCD-EFGH-0097-0007", "re_0097-7", "nothing"],
    "payments.webhookevent": ["evt_0007-7", "checkout.session.completed", "ABCD-EFGH-0001-0007", "nothing"],
    "payments.difference": ["cs_test_0500-7", "paid", "nothing"],
}


def times(rounds: int) -> list[dict[str, Any]]:
    """The median time in ms and the statements of every page of the admin, asked `rounds` times. Raises RuntimeError.

    Call `setup_test_environment` before: only then an answer says what it was made of.
    """
    grace, _new = User.objects.get_or_create(email="bench@shop.test", is_staff=True, is_superuser=True)
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(grace)
    for model in admin.site._registry:
        client.get(_list(model))  # warms templates up
    return [page for model in admin.site._registry for page in _of_list(client, model, rounds)] + [
        _asked(client, name, "page of one", "", address, rounds) for name, address in _rows()
    ]


def _of_list(client: Client, model: Any, rounds: int) -> Iterator[dict[str, Any]]:
    label = model._meta.label_lower
    for kind, what, query in _queries(client, model):
        yield _asked(client, label, kind, what, _list(model) + query, rounds)
    if label in CHOSEN_BY:
        about = f"{reverse('admin:autocomplete')}?app_label=catalog&{CHOSEN_BY[label]}"
        for word in ("copper", "kind", ""):
            yield _asked(client, label, "autocomplete", f"“{word}”", f"{about}&term={word}", rounds)


def _queries(client: Client, model: Any) -> Iterator[tuple[str, str, str]]:
    """What may be asked of a list, as its own page offers it."""
    yield "first page", "", ""
    found = client.get(_list(model)).context["cl"]
    if found.multi_page:
        yield "last page", "", f"?p={found.paginator.num_pages}"
    for spec in found.filter_specs:
        for choice in list(spec.choices(found))[1 : OFFERED + 1]:
            yield "filter", f"{spec.title}: {choice['display']}", choice["query_string"]
    for at, name in enumerate(found.list_display):
        allowed = found.sortable_by is None or name in found.sortable_by
        if allowed and name != "action_checkbox" and found.get_ordering_field(name):
            yield "sorted", f"by {name}", f"?o={at}"
            yield "sorted", f"by {name}, falling", f"?o=-{at}"
    for words in SEARCHES.get(model._meta.label_lower, []):
        yield "search", f"“{words}”", f"?q={words.replace(' ', '+')}"


def _rows() -> Iterator[tuple[str, str]]:
    for model in (Product, Variant, Category, Order, User):
        middle = model._default_manager.order_by("pk")[model._default_manager.count() // 2]
        yield (
            model._meta.label_lower,
            reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[middle.pk]),
        )
    yield "index", reverse("admin:index")


def _asked(client: Client, label: str, kind: str, what: str, address: str, rounds: int) -> dict[str, Any]:
    taken, worked = [], []
    for _round in range(rounds):
        if not connection.in_atomic_block:  # of a test
            connection.close()
        seen = 0

        def count(execute: Any, *statement: Any) -> Any:
            nonlocal seen
            seen += 1
            return execute(*statement)

        connection.ensure_connection()
        with connection.execute_wrapper(count):
            begun, busy = time.perf_counter(), time.process_time()
            answer = client.get(address)
            taken.append(time.perf_counter() - begun)
            worked.append(time.process_time() - busy)
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code}")
    spent = {"ms": statistics.median(taken) * 1000, "cpu": statistics.median(worked) * 1000}
    return {"list": label, "kind": kind, "what": f"{kind} {what}".strip(), **spent, "sql": seen, "address": address}


def _list(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
