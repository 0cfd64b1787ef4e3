"""The payment desk: each disagreement is mended by one press, safe to press twice and by two people."""

from __future__ import annotations

from threading import Thread

import pytest
from django.utils import timezone

from orders.emails import send_due
from orders.models import Order, OutgoingMail
from orders.status import Status
from payments import desk_repairs
from payments.audit import audit
from payments.desk import timeline
from payments.desk_repairs import offered, repair, resolve
from payments.desk_sweep import sweep
from payments.models import DeskEntry, Difference, Payment, Refund
from payments.order_tools import NotDone
from payments.reconcile import reconcile
from payments.refund import RefundRefused, refund
from payments.settle import settle
from tests import factories
from tests.payments.shopping import deliver

GRACE, LINUS = "grace@shop.test", "linus@shop.test"
REFUNDS = {"method": "POST", "path": "^/v1/refunds$"}


@pytest.fixture
def unheard(shopper) -> Payment:
    """Paid at Stripe; the shop has not heard of it."""
    return shopper.buy(factories.variant(requires_shipping=False, on_hand=5, price_minor=1200), 2)


@pytest.fixture
def paid(unheard) -> Payment:
    return settle(unheard, by="test")


@pytest.fixture
def unmatched(shopper, unheard) -> Difference:
    """The database came back from a copy that knows nothing of it."""
    Payment.objects.all().delete()
    deliver(shopper.told())
    return Difference.objects.get(kind="unmatched")


@pytest.fixture
def other_amount(unheard) -> Difference:
    """What was asked for changed behind the page's back."""
    Payment.objects.update(amount_minor=2401)
    unheard.refresh_from_db()
    settle(unheard, by="test")
    return Difference.objects.get(kind="amount")


@pytest.fixture
def failed_refund(shopper, paid) -> Difference:
    shopper.sandbox.fault(**REFUNDS, action="status", status=400, count=1)
    with pytest.raises(RefundRefused):
        refund(paid.order, amount_minor=1000, reason="Torn", by=GRACE)
    return Difference.objects.get(kind="refund_failed")


@pytest.fixture
def given_up(paid) -> Difference:
    OutgoingMail.objects.update(failed_at=timezone.now(), last_error="550 no such mailbox")
    assert sweep() == 1
    return Difference.objects.get(kind="mail_failed")


def names(row: Difference) -> set[str]:
    return {each.name for each in offered(row)}


def truth(shopper) -> int:
    return sum(one["refunded"] for one in shopper.books())


def is_open(row: Difference) -> bool:
    return Difference.objects.filter(pk=row.pk, resolved_at=None).exists()


def violations() -> set[str]:
    return {name for name, result in audit().items() if result["violations"]}


def test_it_attaches_a_payment_to_its_order_once(unmatched):
    assert names(unmatched) == {"ask", "attach", "give_back"}
    assert "which is “Paid”" in repair(unmatched, "attach", by=GRACE)
    order = Order.objects.get()
    assert (order.status, order.paid_minor, order.payments.count()) == (Status.PAID, 2400, 1)
    unmatched.refresh_from_db()
    assert (unmatched.resolved_by, unmatched.order) == (GRACE, order)
    with pytest.raises(NotDone, match=f"resolved before, by {GRACE}"):
        repair(unmatched, "attach", by=LINUS)
    assert violations() == set()


def test_it_gives_unmatched_money_back_once(shopper, unmatched):
    assert "€24.00 is going back" in repair(unmatched, "give_back", by=GRACE)
    assert (truth(shopper), is_open(unmatched)) == (2400, False)
    Difference.objects.update(resolved_at=None)  # as if its end had not been written
    repair(unmatched, "give_back", by=LINUS)
    assert truth(shopper) == 2400
    assert list(DeskEntry.objects.values_list("by", flat=True)) == [GRACE, LINUS]


def test_it_gives_money_back_once_stripe_has_recovered(shopper, unmatched):
    """Stripe keeps the failure, and repeats it to whoever asks under the same key."""
    own = {"Stripe-Should-Retry": "false"}
    shopper.sandbox.fault(**REFUNDS, action="status", status=500, count=1, headers=own)
    with pytest.raises(NotDone, match="does not answer"):
        repair(unmatched, "give_back", by=GRACE)
    assert "€24.00 is going back" in repair(unmatched, "give_back", by=GRACE)
    assert (truth(shopper), is_open(unmatched)) == (2400, False)


def test_it_gives_no_money_back_that_an_order_has(shopper, paid):
    row = Difference.objects.create(kind="unmatched", reference=paid.stripe_id, detail="Not known")
    with pytest.raises(NotDone, match="booked on order"):
        repair(row, "give_back", by=GRACE)
    assert truth(shopper) == 0
    assert DeskEntry.objects.get().what.startswith("Refund at Stripe: This money is booked")


def test_it_gives_another_amount_back_and_hears_of_it_without_alarm(shopper, other_amount):
    assert names(other_amount) == {"ask", "give_back"}
    repair(other_amount, "give_back", by=GRACE)
    reconcile()
    assert truth(shopper) == 2400
    assert not Difference.objects.filter(resolved_at=None).exists()


def test_of_two_who_press_at_once_one_does_it(shopper, unmatched):
    assert pressed_at_once(shopper, unmatched, waiting=1) == 1
    assert truth(shopper) == 2400


def test_without_the_hold_both_do_it(shopper, unmatched, monkeypatch):
    """The control. Even so the money goes back once: both ask under one key."""
    monkeypatch.setattr(desk_repairs, "_hold", lambda _row: None)
    assert pressed_at_once(shopper, unmatched, waiting=2) == 2
    assert truth(shopper) == 2400


def pressed_at_once(shopper, row: Difference, *, waiting: int) -> int:
    """How many of two did it. Whoever holds the row waits for Stripe while the other presses."""
    fault = shopper.sandbox.fault(method="GET", path="^/v1/refunds", action="hold_after")
    done: list[object] = []

    def press(by: str) -> None:
        from django.db import connections

        try:
            done.append(repair(row, "give_back", by=by))
        except NotDone as error:
            done.append(error)
        finally:
            connections.close_all()

    first, second = (Thread(target=press, args=(by,), daemon=True) for by in (GRACE, LINUS))
    first.start()
    shopper.sandbox.wait_fault(fault, waiting=1, timeout=20)
    second.start()
    if waiting == 2:
        shopper.sandbox.wait_fault(fault, waiting=2, timeout=20)
    else:
        second.join(30)
        assert isinstance(done[0], NotDone), done
    shopper.sandbox.release(fault)
    for thread in (first, second):
        thread.join(30)
    assert len(done) == 2
    return sum(isinstance(one, str) for one in done)


def test_it_refunds_again_once(shopper, paid, failed_refund):
    assert "€10.00 is going back" in repair(failed_refund, "refund_again", by=GRACE)
    assert (truth(shopper), is_open(failed_refund)) == (1000, False)
    Difference.objects.update(resolved_at=None)
    with pytest.raises(NotDone, match="asked for again before"):
        repair(failed_refund, "refund_again", by=LINUS)
    assert (truth(shopper), is_open(failed_refund)) == (1000, False)
    assert violations() == set()


def test_it_says_that_stripe_refused_again(shopper, failed_refund):
    shopper.sandbox.fault(**REFUNDS, action="status", status=400, count=1)
    with pytest.raises(NotDone, match="Stripe refused"):
        repair(failed_refund, "refund_again", by=GRACE)
    assert Difference.objects.filter(kind="refund_failed", resolved_at=None).count() == 2


def test_it_books_a_refund_that_could_not_be_counted(shopper, paid):
    Order.objects.update(refunded_minor=2000)  # a refund of ours, on its way
    ours = Refund.objects.create(payment=paid, amount_minor=2000, currency="EUR", status="pending", stripe_id="re_ours")
    shopper.sandbox.refund(paid.payment_intent_id, amount=1000)
    reconcile()
    row = Difference.objects.get(kind="refund_unknown")
    with pytest.raises(NotDone, match="more than the order has left"):
        repair(row, "book_refund", by=GRACE)
    Refund.objects.filter(pk=ours.pk).update(status="failed", booked=False)
    Order.objects.update(refunded_minor=0)
    assert "booked" in repair(row, "book_refund", by=GRACE)
    assert (Order.objects.get().refunded_minor, is_open(row)) == (1000, False)
    with pytest.raises(NotDone, match="resolved before"):
        repair(row, "book_refund", by=GRACE)


def test_it_sends_a_mail_again_and_closes_when_that_is_sent(given_up, mailoutbox):
    assert "550 no such mailbox" in given_up.detail
    for by in (GRACE, LINUS):
        assert "goes out now" in repair(given_up, "mail_again", by=by)
    assert sweep() == 0
    assert send_due() == 1
    assert sweep() == 1
    assert not is_open(given_up)


def test_a_mail_is_told_once_and_again_when_it_fails_again(given_up):
    assert sweep() == 0
    resolve(given_up, by=GRACE, note="Rang her up")
    assert sweep() == 0
    OutgoingMail.objects.update(failed_at=timezone.now())
    assert sweep() == 1
    assert is_open(given_up)


def test_it_asks_stripe_and_closes_what_agrees(unheard):
    row = Difference.objects.create(kind="unmatched", reference=unheard.stripe_id, order=unheard.order, detail="Not here")
    assert "They agree now" in repair(row, "ask", by=GRACE)
    assert Order.objects.get().status == Status.PAID
    row.refresh_from_db()
    assert (row.resolved_by, row.note) == (GRACE, "Its payment is here now")


def test_it_believes_stripe_about_money_that_was_missed_there(paid):
    row = Difference.objects.create(kind="paid_here", reference=paid.stripe_id, order=paid.order, detail="No such money")
    assert "They agree now" in repair(row, "ask", by=GRACE)


def test_it_stays_open_while_stripe_is_silent(shopper, unmatched):
    shopper.sandbox.fault(method="GET", path="^/v1/", action="status", status=503)
    with pytest.raises(NotDone, match="does not answer"):
        repair(unmatched, "attach", by=GRACE)
    shopper.sandbox.clear_faults()
    repair(unmatched, "attach", by=GRACE)
    assert [entry.by for entry in unmatched.entries.all()] == [GRACE, GRACE]


def test_it_closes_by_itself_when_second_money_went_back(shopper, paid):
    settle(shopper.pay_again(paid), by="test")
    row = Difference.objects.get(kind="paid_twice")
    assert is_open(row)
    assert sweep() == 1
    row.refresh_from_db()
    assert (row.resolved_by, row.note) == ("shop", "The money went back")


@pytest.mark.parametrize(("status", "closed"), [(Status.PAID, 0), (Status.SHIPPED, 1), (Status.REFUNDED, 1)])
def test_what_was_oversold_closes_when_it_is_sent_or_refunded(db, status, closed):
    order = factories.order(status=status)
    Difference.objects.create(kind="oversold", reference=order.number, order=order, detail="Not there: 1")
    assert sweep() == closed


def test_it_mends_nothing_by_a_repair_for_something_else(given_up):
    for name in ("attach", "nonsense", "ask"):
        with pytest.raises(NotDone, match="does not mend"):
            repair(given_up, name, by=GRACE)


def test_who_resolved_it_first_stays(given_up):
    assert resolve(given_up, by=GRACE, note="Rang her up")
    assert not resolve(given_up, by=LINUS, note="Nothing")
    given_up.refresh_from_db()
    assert (given_up.resolved_by, given_up.note) == (GRACE, "Rang her up")


def test_its_timeline_has_the_ids_of_events_and_of_requests(shopper, grace_client, unheard):
    event = shopper.told()
    deliver(event)
    row = Difference.objects.create(kind="paid_here", reference=unheard.stripe_id, order=unheard.order, detail="Why?")
    entries = timeline(row)
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    ids = {one for entry in entries for one in entry.ids}
    assert {event["id"], unheard.stripe_id} <= ids
    assert any(one.startswith("req_") for one in ids)
