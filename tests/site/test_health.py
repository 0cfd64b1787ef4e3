from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from orders.models import OutgoingMail
from payments.models import WebhookEvent
from tests import factories

LONG_AGO = timedelta(minutes=11)


def event(*, age=LONG_AGO, **fields):
    made = WebhookEvent.objects.create(stripe_id="evt_1", type="refund.created", created_at=timezone.now(), **fields)
    WebhookEvent.objects.filter(pk=made.pk).update(received_at=timezone.now() - age)


def mail(*, due, **fields):
    made = OutgoingMail.objects.create(order=factories.order(), kind="confirmed", to="ada@shop.test", **fields)
    OutgoingMail.objects.filter(pk=made.pk).update(next_try_at=timezone.now() + due)


def test_it_is_alive_without_asking_the_database(client):
    answer = client.get("/healthz")  # a query would fail this test: it has no database
    assert answer.status_code == 200
    assert answer.content == b"ok\n"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_it_is_ready_when_nothing_waits(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": []})


@pytest.mark.django_db
def test_it_is_ready_while_work_is_fresh_or_done_or_planned(client):
    event(age=timedelta(minutes=1))
    mail(due=-timedelta(minutes=1))
    mail(due=-LONG_AGO, sent_at=timezone.now())
    mail(due=-LONG_AGO, failed_at=timezone.now())
    mail(due=timedelta(minutes=30), attempts=5)
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_it_is_not_ready_with_a_backlog(client):
    event()
    mail(due=-LONG_AGO)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == [
        "webhook events: 1 waiting for more than 10 minutes",
        "mails: 1 waiting for more than 10 minutes",
    ]


@pytest.mark.django_db
def test_it_is_not_ready_before_its_migrations_are_applied(client):
    MigrationRecorder(connection).record_unapplied("orders", "0001_initial")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "migrations" in answer.json()["reasons"][0]


@pytest.mark.django_db
def test_it_is_not_ready_without_its_database(client):
    def refuse(*_args):
        raise DatabaseError("connection to db.internal as shop with password hunter2 failed")

    with connection.execute_wrapper(refuse):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["database: does not answer"]


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_it_only_reads(client, address):
    assert client.post(address).status_code == 405
