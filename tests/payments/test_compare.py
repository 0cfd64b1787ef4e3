"""Everything at Stripe against the shop's books, above all after an older copy of the database came back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.core.management.color import no_style
from django.db import connection
from django.utils import timezone

from accounts.models import User
from orders.models import Order, OutgoingMail
from orders.status import Status, Way
from payments.audit import audit
from payments.compare import compare
from payments.desk_repairs import repair
from payments.differences import resolve_difference
from payments.disputes import learn
from payments.models import Difference, Dispute, Payment, Refund
from payments.rebuild import NotRebuilt, rebuild
from payments.reconcile import reconcile
from payments.refund import refund
from payments.settle import settle
from payments.snapshot import read_snapshot, snapshot
from payments.ways import retrieve
from promotions.models import Use
from tests import factories
from tests.payments.shopping import Shopper


@pytest.fixture(autouse=True)
def all_ways(settings):
    settings.PAYMENT_WAYS, settings.STRIPE_PUBLISHABLE_KEY = list(Way.values), "pk_test_shop"


@pytest.fixture
def print_(shopper):
    factories.shipping_rate()
    return factories.variant(on_hand=9, price_minor=4900)


@pytest.fixture
def kept_copy(shopper) -> Callable[[], Callable[[], None]]:
    """Keep a copy of the database; what comes back puts it in the place of the present one."""

    def keep() -> Callable[[], None]:
        copy = connection.creation.serialize_db_to_string()

        def restore() -> None:
            call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
            connection.creation.deserialize_db_from_string(copy)
            with connection.cursor() as cursor:
                for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
                    cursor.execute(statement)

        return restore

    return keep


def an_hour_ago():
    return timezone.now() - timedelta(hours=1)


def violations():
    return {name: result["examples"] for name, result in audit().items() if result["violations"]}


def bought(sandbox, way, variant):
    shopper = Shopper(sandbox, way=way)
    payment = shopper.put(variant).checkout()
    assert shopper.pay(payment)["outcome"] == "succeeded"
    return settle(payment, by="test")


def bought_with_code(shopper, variant, user):
    shopper.client.force_login(user)
    shopper.put(variant).client.post("/cart/code/", {"code": "ONCE"})
    payment = shopper.checkout()
    assert payment.order.discount_code == "ONCE"
    assert shopper.pay(payment)["outcome"] == "succeeded"
    return payment


def test_it_finds_nothing_where_all_agrees(shopper, print_):
    for way in Way.values:
        bought(shopper.sandbox, way, print_)
    Shopper(shopper.sandbox).put(print_).checkout()
    assert list(compare(since=an_hour_ago())) == []


def test_the_lost_hour_is_told_closed_and_rebuilt(shopper, print_, kept_copy, capsys):
    before = bought(shopper.sandbox, Way.HOSTED, print_)
    restore = kept_copy()
    lost = [bought(shopper.sandbox, way, print_) for way in Way.values]
    still_open = Shopper(shopper.sandbox, way=Way.ELEMENT).put(print_).checkout()
    numbers = {payment.pk: payment.order.number for payment in (*lost, still_open, before)}
    shopper.sandbox.refund(before.payment_intent_id, amount=100)
    restore()
    assert (Order.objects.count(), Difference.objects.count()) == (1, 0)

    with pytest.raises(SystemExit):
        call_command("compare_with_stripe", "--json")
    told = json.loads(capsys.readouterr().out)["findings"]
    assert {one["reference"] for one in told if not one["mended"]} == {payment.stripe_id for payment in lost}
    assert {one["order"] for one in told if one["mended"]} == {numbers[still_open.pk], numbers[before.pk]}
    assert shopper.sandbox.object(still_open.stripe_id)["status"] == "canceled"
    assert Order.objects.get().refunded_minor == 100
    assert Difference.objects.filter(kind=Difference.Kind.UNMATCHED, resolved_at=None).count() == 3

    call_command("compare_with_stripe", "--rebuild")
    assert "0 of them left for a person" in capsys.readouterr().out
    for payment in lost:
        order = Order.objects.get(number=numbers[payment.pk])
        assert (order.status, order.paid_minor, order.email) == (Status.PAID, payment.amount_minor, "ada@shop.test")
        assert (order.recipient, order.address["city"]) == ("Ada Lovelace", "Berlin")
        assert [(line.sku, line.quantity, line.title) for line in order.lines.all()] == [(print_.sku, 1, print_.product.title)]
        assert OutgoingMail.objects.filter(order=order, kind="confirmed").count() == 1
    print_.refresh_from_db()
    assert (print_.stock_on_hand, print_.stock_reserved) == (5, 0)
    assert violations() == {}
    call_command("compare_with_stripe", "--rebuild")
    assert "0 differences" in capsys.readouterr().out
    assert Order.objects.count() == 4


def test_disputes_and_failed_refunds_of_the_lost_hour_are_booked(shopper, print_, kept_copy, capsys):
    disputed, refunded, appealed = (bought(shopper.sandbox, way, print_) for way in Way.values)
    (refund_,) = refund(refunded.order, amount_minor=1000, by="grace", reason="Torn")
    older = shopper.sandbox.dispute(appealed.payment_intent_id)["id"]
    learn(appealed, older, by="test")
    restore = kept_copy()
    newer = shopper.sandbox.dispute(disputed.payment_intent_id)["id"]
    shopper.sandbox.close_dispute(older, status="won")
    shopper.sandbox.finish_refund(refund_.stripe_id, outcome="failed")
    restore()
    call_command("compare_with_stripe", "--json")
    told = json.loads(capsys.readouterr().out)["findings"]
    assert [(one["reference"], one["mended"]) for one in told] == [(refund_.stripe_id, True), (newer, True), (older, True)]
    assert dict(Dispute.objects.values_list("stripe_id", "status")) == {newer: "needs_response", older: "won"}
    assert (Refund.objects.get().status, Order.objects.get(pk=refunded.order_id).refunded_minor) == ("failed", 0)
    assert list(compare(since=an_hour_ago())) == []


def test_a_dispute_that_is_open_here_is_asked_for_however_old_it_is(shopper, print_):
    payment = bought(shopper.sandbox, Way.HOSTED, print_)
    dispute = shopper.sandbox.dispute(payment.payment_intent_id)["id"]
    learn(payment, dispute, by="test")
    shopper.sandbox.close_dispute(dispute, status="won")
    assert [finding.reference for finding in compare(since=timezone.now() + timedelta(hours=1))] == [dispute]
    Dispute.objects.update(stripe_id="du_of_another_account", closed_at=None)
    assert list(compare(since=timezone.now() + timedelta(hours=1))) == []


def test_a_refund_more_than_the_order_has_is_left_to_a_person(shopper, print_):
    payment = bought(shopper.sandbox, Way.HOSTED, print_)
    Order.objects.update(refunded_minor=payment.amount_minor)
    shopper.sandbox.refund(payment.payment_intent_id, amount=100)
    assert [finding.mended for finding in compare(since=an_hour_ago())] == [False]
    assert Difference.objects.get().kind == Difference.Kind.REFUND_UNKNOWN


@pytest.mark.parametrize("way", Way.values)
def test_no_order_is_made_again_whose_money_staff_gave_back(shopper, print_, kept_copy, way):
    reconcile()
    restore = kept_copy()
    bought(shopper.sandbox, way, print_)
    restore()
    reconcile()
    repair(Difference.objects.get(), "give_back", by="grace")
    call_command("compare_with_stripe", "--rebuild")
    assert not Order.objects.exists()


def test_what_went_back_at_stripe_or_was_dealt_with_is_told_no_more(shopper, print_, kept_copy, capsys):
    restore = kept_copy()
    refunded, dealt_with = (bought(shopper.sandbox, way, print_) for way in (Way.HOSTED, Way.ELEMENT))
    restore()
    assert [finding.mended for finding in compare(since=an_hour_ago())] == [False, False]
    shopper.sandbox.refund(refunded.payment_intent_id)
    resolve_difference("unmatched", dealt_with.stripe_id, by="grace", note="Sent by hand")
    call_command("compare_with_stripe", "--rebuild")
    assert "1 differences" in capsys.readouterr().out
    assert not Difference.objects.filter(resolved_at=None).exists()
    call_command("compare_with_stripe", "--rebuild")
    assert "0 differences" in capsys.readouterr().out
    assert not Order.objects.exists()


def test_money_beside_the_payment_that_it_names_is_left_to_a_person(shopper, print_, capsys):
    payment = bought(shopper.sandbox, Way.HOSTED, print_)
    Payment.objects.update(session_id="cs_test_another", payment_intent_id="pi_another")
    with pytest.raises(SystemExit):
        call_command("compare_with_stripe", "--rebuild")
    assert "another page at Stripe" in capsys.readouterr().out
    assert Difference.objects.get(reference=payment.stripe_id).resolved_at is None


def test_the_reconciler_alone_tells_of_the_lost_hour(shopper, print_, kept_copy):
    reconcile()
    restore = kept_copy()
    lost = bought(shopper.sandbox, Way.ELEMENT, print_)
    restore()
    reconcile()
    assert Difference.objects.get().reference == lost.stripe_id


def test_a_payment_of_an_order_that_is_here_is_attached_to_it(shopper, print_):
    payment = shopper.put(print_).checkout()
    shopper.pay(payment)
    Payment.objects.all().delete()
    order = rebuild(retrieve(payment), by="grace")
    assert (order.pk, order.status, order.paid_minor) == (payment.order_id, Status.PAID, payment.amount_minor)
    assert violations() == {}


def test_two_who_rebuild_at_once_make_one_order(shopper, print_, kept_copy, race):
    restore = kept_copy()
    state = retrieve(bought(shopper.sandbox, Way.HOSTED, print_))
    restore()

    def press():
        try:
            return rebuild(state, by="grace").status
        except Exception as error:
            return type(error).__name__

    assert "paid" in race(press, press)
    assert rebuild(state, by="grace").status == Status.PAID
    assert (Order.objects.count(), Payment.objects.count()) == (1, 1)
    print_.refresh_from_db()
    assert (print_.stock_on_hand, violations()) == (8, {})


def test_it_belongs_to_the_account_that_bought_it_and_its_code_is_used(shopper, print_, kept_copy, ada):
    factories.promotion(code="ONCE", most_uses_per_customer=1)
    restore = kept_copy()
    state = retrieve(bought_with_code(shopper, print_, ada))
    restore()
    assert rebuild(state, by="grace").user == ada
    assert Use.objects.get().user == ada


def test_it_never_belongs_to_an_account_that_got_the_number_of_a_lost_one(shopper, print_, kept_copy, ada):
    factories.promotion(code="ONCE", most_uses_per_customer=1)
    restore = kept_copy()
    state = retrieve(bought_with_code(shopper, print_, ada))
    restore()
    User.objects.filter(pk=ada.pk).update(email="mallory@shop.test", date_joined=timezone.now() + timedelta(minutes=5))
    assert rebuild(state, by="grace").user is None


def test_what_was_sold_again_meanwhile_is_told(shopper, print_, kept_copy):
    restore = kept_copy()
    state = retrieve(bought(shopper.sandbox, Way.HOSTED, print_))
    restore()
    type(print_).objects.update(stock_on_hand=0)
    assert rebuild(state, by="grace").status == Status.PAID
    assert Difference.objects.get().kind == Difference.Kind.OVERSOLD


def test_it_tells_what_is_paid_here_and_not_there(shopper, print_):
    payment = bought(shopper.sandbox, Way.HOSTED, print_)
    Payment.objects.update(amount_minor=payment.amount_minor + 1)
    assert [finding.mended for finding in compare(since=an_hour_ago())] == [False]
    shopper.sandbox.reset()
    assert [finding.reference for finding in compare(since=an_hour_ago())] == [payment.stripe_id]
    assert Difference.objects.get().kind == Difference.Kind.PAID_HERE


def test_it_books_what_no_webhook_told(shopper, print_):
    payment = shopper.put(print_).checkout()
    shopper.pay(payment)
    assert [finding.mended for finding in compare(since=an_hour_ago())] == [True]
    assert Order.objects.get().status == Status.PAID


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({}, "not name an order"),
        ({"order": "ABCD-EFGH-JKLM-2345"}, "not written down"),
        ({"order": "x" * 19}, "not name an"),
    ],
)
def test_what_says_too_little_is_left_to_a_person(shopper, print_, metadata, words):
    state = retrieve(bought(shopper.sandbox, Way.HOSTED, print_))
    Payment.objects.all().delete()
    Order.objects.all().delete()
    object.__setattr__(state, "metadata", metadata)
    with pytest.raises(NotRebuilt, match=words):
        rebuild(state, by="grace")
    assert not Order.objects.exists()


def test_a_snapshot_is_read_as_it_was_written_and_nothing_else_is(print_):
    order = factories.order(variants=[(print_, 2), (factories.variant(sku="日本-1"), 1)])
    assert [line[:2] for line in read_snapshot(snapshot(order))["lines"]] == [(print_.sku, 2), ("日本-1", 1)]
    assert all(len(part) <= 500 for part in snapshot(order).values())
    for nonsense in ({}, {"snapshot_0": "[]"}, {"snapshot_0": '{"lines": [[1]]}'}, {"snapshot_0": "null"}):
        assert read_snapshot(nonsense) is None


@pytest.mark.same_on_both
def test_it_says_what_a_time_looks_like(db):
    with pytest.raises(CommandError, match="2026-11-20T14:00"):
        call_command("compare_with_stripe", "--since", "yesterday")
