"""What the lists of the admin make of questions that have no answer."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.contrib import admin
from django.db import models
from django.urls import reverse

from orders.status import Status
from tests import factories

HUGE = "99999999999999999999"
DATES = ["year=99999", "year=-1", "year__gte=99999", "gte=99999-01-01", f"month={HUGE}", "gte=x", "isnull=x"]
ODD = {
    models.DateField: DATES,
    models.CharField: ["regex=[", "exact=%00", "startswith=%F0%A0%AE%B7"],
    models.TextField: ["regex=["],
    models.IntegerField: [f"exact={HUGE}", f"in={HUGE}", "gte=x", "in=a,,b"],
    models.BooleanField: ["exact=x"],
    models.ForeignKey: [f"id__exact={HUGE}", "exact=x"],
}
ANYWHERE = ["q=%22", "q=%00", f"p={HUGE}", "p=-1", "p=x", "o=99", "o=1.2.3.-1", "nope=1", "all="]


def questions(model: Any) -> list[str]:
    """That have no answer, in the address of its list: about one field of each kind."""
    of_kind = {kind: field.name for field in model._meta.fields for kind in ODD if isinstance(field, kind)}
    return [*ANYWHERE, *(f"{name}__{odd}" for kind, name in of_kind.items() for odd in ODD[kind])]


def list_of(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.django_db(transaction=True)  # PostgreSQL goes on after a question that it refuses
def test_it_answers_any_question(grace_client):
    """With a page, or with words."""
    factories.category()
    variant = factories.variant(expected_on=date(2030, 1, 1))
    factories.order(variants=[(variant, 1)], status=Status.PAID)
    grace_client.raise_request_exception = False
    asked = [f"{list_of(model)}?{question}" for model in admin.site._registry for question in questions(model)]
    answers = {address: grace_client.get(address).status_code for address in asked}
    assert len(answers) > 300
    assert {address: status for address, status in answers.items() if status not in (200, 302, 400)} == {}


def test_it_shows_the_whole_list_where_nothing_is_searched(grace_client):
    shown = {model: grace_client.get(list_of(model), {"q": "x"}).status_code for model in admin.site._registry}
    assert shown == dict.fromkeys(admin.site._registry, 200)


def test_it_says_that_a_year_is_none(grace_client):
    answer = grace_client.get("/admin/catalog/product/?created_at__year=99999")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/catalog/product/?e=1")
