from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import LowStockMail, Variant
from orders import transitions
from orders.emails import queue_mail
from orders.models import Order, OrderLine, OutgoingMail
from orders.status import Status
from payments.audit import CHECKS, OVERDUE, SHOWN, audit
from payments.models import Difference, Payment, Refund, WebhookEvent
from promotions.models import Promotion
from tests import factories
from tests.orders.placing import pay, placed, violations
from tests.payments import damage_codes, damage_followups  # noqa: F401 (register)
from tests.payments.damage import DAMAGE, another_payment, change, held_too_long, row

pytestmark = pytest.mark.django_db


def a_moment_ago():
    return timezone.now() - OVERDUE + timedelta(minutes=1)


@pytest.fixture
def life(ada) -> dict[str, Order]:
    """One order in every state, each having come there as orders do, with its payments, mails and events."""
    variant = factories.variant(on_hand=50, product=factories.product(categories=[factories.category()]))
    factories.promotion(percent=15)
    orders = {status: placed((variant, 2), (factories.download(), 1), user=ada, code="SPRING") for status in Status}
    for status in (Status.PAID, Status.SHIPPED, Status.REFUNDED):
        pay(orders[status])
    transitions.mark_confirming(orders[Status.CONFIRMING], by="webhook")
    transitions.ship(orders[Status.SHIPPED], by="grace@shop.test")
    transitions.expire(orders[Status.EXPIRED], by="expiry")
    transitions.cancel(orders[Status.CANCELLED], by="shopper")
    _give_all_back(orders[Status.REFUNDED])
    for status, state in {"pending": "open", "confirming": "processing", "expired": "expired", "cancelled": "failed"}.items():
        another_payment(orders[Status(status)], status=state)
    failed = orders[Status.CANCELLED].payments.get()
    queue_mail(orders[Status.CANCELLED], "payment_failed", reference=failed.reference)
    OutgoingMail.objects.exclude(order=orders[Status.PAID]).update(sent_at=timezone.now(), attempts=1)
    heard = {"type": "checkout.session.completed", "created_at": timezone.now()}
    WebhookEvent.objects.create(stripe_id="evt_done", processed_at=timezone.now(), outcome="payment succeeded", **heard)
    WebhookEvent.objects.create(stripe_id="evt_failed", last_error="GatewayDown: x", **heard)
    LowStockMail.objects.create(hour=timezone.now(), next_try_at=timezone.now(), sent_at=timezone.now())
    return {status: Order.objects.get(pk=order.pk) for status, order in orders.items()}


def _give_all_back(order: Order) -> None:
    refund = give_back(order, order.total_minor)
    Refund.objects.filter(pk=refund.pk).update(accepted_at=timezone.now())
    transitions.put_back_in_stock(order, by="grace@shop.test")
    transitions.mark_refunded(order, by="grace@shop.test")
    queue_mail(order, "refunded", reference=refund.reference, context={"amount_minor": order.total_minor, "currency": "EUR"})


def give_back(order: Order, minor: int) -> Refund:
    assert transitions.add_refunded(order, minor)
    done = {"amount_minor": minor, "currency": "EUR", "status": Refund.Status.SUCCEEDED}
    return Refund.objects.create(payment=order.payments.get(), **done)


def test_it_has_a_way_to_damage_for_every_check():
    assert set().union(*DAMAGE.values()) == set(CHECKS)


@pytest.mark.parametrize(("damage", "checks"), DAMAGE.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_it_finds_damage_by_the_right_checks_alone(damage, checks, life):
    damage(life)
    found = audit()
    assert {name for name, result in found.items() if result["violations"]} == checks
    for name in checks:
        assert found[name]["violations"] == len(found[name]["examples"])
        assert all(isinstance(example, str) and example for example in found[name]["examples"])


def test_it_looks_at_something_in_every_check(life):
    idle = {name for name, result in audit().items() if not result["examined"]}
    assert idle == {
        "disputes_are_told",
        "refunds_and_losses_fit_their_payment",
        "refunded_units_are_counted",
        "refunded_units_are_the_orders",
        "differences_are_resolved",
        "late_money_is_flagged",
        "odd_money_is_flagged",
        "oversold_is_flagged",
        "refunds_go_out",
    }


@pytest.mark.parametrize(
    ("rows", "change_"),
    [
        (Order, {"refunded_minor": 10**9}),
        (Order, {"total_minor": 1}),
        (Order, {"paid_at": None}),
        (OrderLine, {"quantity": 0}),
        (OrderLine, {"refunded_quantity": 99}),
        (OrderLine, {"restocked_quantity": 99}),
        (Variant, {"stock_reserved": 10**6}),
        (Variant, {"stock_on_hand": -1}),
        (OrderLine, {"discount_minor": 10**6}),
        (Promotion, {"most_uses": 1}),
        (Payment, {"session_id": "cs_the_same"}),
        (Payment, {"payment_intent_id": "pi_the_same"}),
        (WebhookEvent, {"stripe_id": "evt_the_same"}),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_the_database_itself_refuses_what_has_no_check(life, rows, change_):
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.objects.update(**change_)


# -- What is no damage ------------------------------------------------------------------------------------------------


def test_it_finds_nothing_in_a_shop_with_orders_in_every_state(life):
    assert violations() == {}


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
    another_payment(order, status="succeeded")
    change(row(order), paid_minor=order.total_minor)
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
    answer = json.loads(printed)
    assert answer["violations"] == 0
    assert answer["checks"].keys() == CHECKS.keys()
    assert answer["checks"]["totals_add_up"] == {"examined": len(Status), "violations": 0, "examples": []}


def test_it_leaves_with_1_and_says_what_is_wrong(life, capsys):
    held_too_long(life)
    code, printed = run(capsys, "--json")
    answer = json.loads(printed)
    found = answer["checks"]["holds_end"]
    assert (code, answer["violations"]) == (1, 1)
    assert (found["examined"], found["violations"]) == (2, 1)
    assert life[Status.PENDING].number in found["examples"][0]


def test_it_prints_a_table_for_people(life, capsys):
    code, printed = run(capsys)
    assert code == 0
    assert [line[:6].strip() for line in printed.splitlines()] == ["ok"] * len(CHECKS)
    held_too_long(life)
    code, printed = run(capsys)
    assert code == 1
    assert "     1  holds end (2)\n" in printed
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


# -- The table in the documentation -----------------------------------------------------------------------------------

TABLE = (Path(settings.BASE_DIR) / "docs" / "audit.md").read_text()


def test_it_stands_in_the_table_with_what_it_says():
    rows = re.findall(r"^\| I[\d I]+ \| `(\w+)` \| (.+?) \|$", TABLE.partition("## What the database itself")[0], re.MULTILINE)
    assert dict(rows) == {check.name: check.says.removesuffix(".") for check in CHECKS.values()}


def test_it_names_constraints_that_are_there():
    refused = TABLE.partition("## What the database itself")[2]
    named = set(re.findall(r"`((?:orders|payments|catalog|promotions)_\w+)`", refused))
    there = {rule.name for model in apps.get_models() for rule in model._meta.constraints}
    assert named
    assert named <= there
