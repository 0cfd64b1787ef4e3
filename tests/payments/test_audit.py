from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Variant
from orders import transitions
from orders.models import Order, OutgoingMail
from orders.status import Status
from payments.audit import CHECKS, OVERDUE, SHOWN, audit
from payments.models import Difference, Payment, Refund, WebhookEvent
from tests import factories
from tests.orders.placing import pay, placed, violations
from tests.payments.damage import DAMAGE, change, held_too_long, row

pytestmark = pytest.mark.django_db


def a_moment_ago():
    return timezone.now() - OVERDUE + timedelta(minutes=1)


@pytest.fixture
def life(ada) -> dict[str, Order]:
    """One order in every state, each having come there as orders do."""
    variant = factories.variant(on_hand=50)
    orders = {status: placed((variant, 2), (factories.download(), 1), user=ada) for status in Status}
    for status in (Status.PAID, Status.SHIPPED, Status.REFUNDED):
        pay(orders[status])
    transitions.mark_confirming(orders[Status.CONFIRMING], by="webhook")
    transitions.ship(orders[Status.SHIPPED], by="grace@shop.test")
    transitions.expire(orders[Status.EXPIRED], by="expiry")
    transitions.cancel(orders[Status.CANCELLED], by="shopper")
    give_back(orders[Status.REFUNDED], orders[Status.REFUNDED].total_minor)
    transitions.put_back_in_stock(orders[Status.REFUNDED], by="grace@shop.test")
    transitions.mark_refunded(orders[Status.REFUNDED], by="grace@shop.test")
    Payment.objects.create(order=orders[Status.PENDING], amount_minor=100, currency="EUR", status=Payment.Status.OPEN)
    return {status: Order.objects.get(pk=order.pk) for status, order in orders.items()}


def give_back(order: Order, minor: int) -> Refund:
    assert transitions.add_refunded(order, minor)
    done = {"amount_minor": minor, "currency": "EUR", "status": Refund.Status.SUCCEEDED}
    return Refund.objects.create(payment=order.payments.get(), **done)


def test_it_has_a_way_to_damage_for_every_check():
    assert set(DAMAGE) == set(CHECKS)


@pytest.mark.parametrize(
    ("name", "damage"),
    [(name, damage) for name, ways in DAMAGE.items() for damage in ways],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_it_finds_damage(name, damage, life):
    assert violations() == {}
    damage(life)
    found = audit()[name]
    assert found["violations"] == len(found["examples"]) > 0
    assert all(isinstance(example, str) and example for example in found["examples"])


# -- What is no damage ------------------------------------------------------------------------------------------------


def test_it_finds_nothing_in_an_empty_shop():
    assert {name: result["violations"] for name, result in audit().items()} == dict.fromkeys(CHECKS, 0)


def test_it_finds_nothing_after_a_part_was_refunded_and_the_refund_failed(life):
    order = life[Status.SHIPPED]
    give_back(order, 100)
    assert violations() == {}
    failed = give_back(order, 200)
    change(Refund.objects.filter(pk=failed.pk), booked=False, status=Refund.Status.FAILED)
    transitions.take_back_refunded(order, 200)
    assert violations() == {}


def test_it_finds_nothing_after_products_were_deleted(life):
    for variant in Variant.objects.all():
        variant.product.delete()
    assert violations() == {}


def test_it_finds_nothing_in_a_free_order():
    pay(placed((factories.variant(price_minor=0), 1)))
    assert violations() == {}


def test_it_finds_nothing_while_things_are_only_a_little_late(life):
    change(row(life[Status.PENDING]), expires_at=a_moment_ago())
    change(OutgoingMail.objects, next_try_at=a_moment_ago())
    WebhookEvent.objects.create(stripe_id="evt_1", type="charge.refunded", created_at=a_moment_ago())
    assert violations() == {}


def test_it_finds_nothing_in_late_money_that_staff_was_told_of(life):
    order = life[Status.CANCELLED]
    Payment.objects.create(order=order, amount_minor=500, currency="EUR", status=Payment.Status.SUCCEEDED)
    change(row(order), paid_minor=500)
    resolved = {"resolved_at": timezone.now(), "resolved_by": "grace@shop.test"}
    Difference.objects.create(kind=Difference.Kind.PAID_TOO_LATE, reference="x", order=order, detail="x", **resolved)
    assert violations() == {}


# -- The command ------------------------------------------------------------------------------------------------------


def run(capsys, *arguments: str) -> tuple[int, str]:
    """The exit code and what was printed."""
    try:
        call_command("audit", *arguments)
    except SystemExit as exit_:
        return exit_.code, capsys.readouterr().out
    return 0, capsys.readouterr().out


def test_it_prints_one_json_object_and_leaves_with_0(life, capsys):
    code, printed = run(capsys, "--json")
    assert code == 0
    assert json.loads(printed) == {name: {"violations": 0, "examples": []} for name in CHECKS}


def test_it_leaves_with_1_and_says_what_is_wrong(life, capsys):
    held_too_long(life)
    code, printed = run(capsys, "--json")
    found = json.loads(printed)["holds_end"]
    assert code == 1
    assert found["violations"] == 1
    assert life[Status.PENDING].number in found["examples"][0]


def test_it_prints_a_table_for_people(life, capsys):
    assert run(capsys) == (0, "".join(f"    ok  {name.replace('_', ' ')}\n" for name in CHECKS))
    held_too_long(life)
    code, printed = run(capsys)
    assert code == 1
    assert "     1  holds end\n" in printed
    assert f"        {life[Status.PENDING].number}: held until" in printed


def test_it_counts_all_and_shows_some():
    many = SHOWN + 3
    Difference.objects.bulk_create(
        Difference(kind=Difference.Kind.UNMATCHED, reference=f"pi_{each}", detail="x") for each in range(many)
    )
    found = audit()["differences_are_resolved"]
    assert (found["violations"], len(found["examples"])) == (many, SHOWN)


def test_it_only_reads_in_a_bounded_number_of_queries(life):
    with CaptureQueriesContext(connection) as queries:
        audit()
    assert {query["sql"].split()[0] for query in queries} <= {"SELECT", "DECLARE", "FETCH", "CLOSE"}
    assert len(queries) <= 2 * len(CHECKS) + 10
