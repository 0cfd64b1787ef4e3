from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.sandbox_process import wait_for

PENDING, FAILS_LATER = "4000000000007726", "4000000000005126"


@pytest.fixture
def paid(new_session, box):
    """The payment intent of a session of 25.00 EUR."""
    return lambda **attempt: box.pay(new_session().id, **attempt)["payment_intent"]


def test_it_gives_all_back(client, paid, endpoint):
    intent = paid()
    refund = client.v1.refunds.create(
        params={"payment_intent": intent, "reason": "requested_by_customer", "metadata": {"a": "1"}}
    )
    assert (refund.amount, refund.status, refund.currency) == (2500, "succeeded", "eur")
    charge = client.v1.charges.retrieve(refund.charge, params={"expand": ["refunds"]})
    assert (charge.refunded, charge.amount_refunded, [entry.id for entry in charge.refunds]) == (True, 2500, [refund.id])
    assert endpoint.wait("refund.created")["data"]["object"]["metadata"] == {"a": "1"}
    assert endpoint.wait("charge.refunded")["data"]["object"]["amount_refunded"] == 2500
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create(params={"payment_intent": intent})
    assert caught.value.code == "charge_already_refunded"


def test_it_gives_back_in_parts_but_never_more_than_was_paid(client, paid, box):
    intent = paid()
    for amount in (1000, 1499):
        client.v1.refunds.create(params={"payment_intent": intent, "amount": amount})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount") as caught:
        client.v1.refunds.create(params={"payment_intent": intent, "amount": 2})
    assert caught.value.param == "amount"
    rest = client.v1.refunds.create(params={"payment_intent": intent})
    assert rest.amount == 1
    (booked,) = box.books()["sessions"]
    assert (booked["paid"], booked["refunded"], len(booked["refunds"])) == (2500, 2500, 3)
    assert len(client.v1.refunds.list(params={"payment_intent": intent})) == 3


def test_it_gives_back_no_more_than_was_paid_however_many_ask_at_once(client, paid, box):
    intent = paid()

    def ask(_: int) -> bool:
        try:
            client.v1.refunds.create(params={"payment_intent": intent, "amount": 1000})
        except stripe.InvalidRequestError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 2
    assert box.books()["refunded"] == 2000


def test_it_lets_a_refund_pend(client, paid, box, endpoint):
    refund = client.v1.refunds.create(params={"payment_intent": paid(card=PENDING)})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    box.finish_refund(refund.id, outcome="succeeded")
    event = endpoint.wait("refund.updated")
    assert (event["data"]["object"]["status"], event["data"]["previous_attributes"]) == ("succeeded", {"status": "pending"})


@pytest.mark.parametrize("card", [FAILS_LATER, PENDING])
def test_it_lets_a_refund_fail_and_be_made_again(client, paid, box, endpoint, card):
    intent = paid(card=card)
    refund = client.v1.refunds.create(params={"payment_intent": intent})
    box.finish_refund(refund.id, outcome="failed")
    assert endpoint.wait("refund.failed")["data"]["object"]["failure_reason"] == "expired_or_canceled_card"
    assert client.v1.refunds.retrieve(refund.id, params={"expand": ["failure_balance_transaction"]}).status == "failed"
    charge = client.v1.charges.retrieve(refund.charge)
    assert (charge.refunded, charge.amount_refunded) == (False, 0)
    assert box.books()["refunded"] == 0
    assert client.v1.refunds.create(params={"payment_intent": intent}).amount == 2500


@pytest.mark.parametrize(("card", "status"), [(PENDING, "succeeded"), (FAILS_LATER, "failed")])
def test_it_ends_a_refund_by_itself(client, paid, box, card, status):
    box.configure(delayed_payment_seconds=0.1)
    refund = client.v1.refunds.create(params={"payment_intent": paid(card=card)})
    wait_for(lambda: box.object(refund.id)["status"] == status, what=status)


def test_it_refunds_from_the_dashboard_too(paid, box, endpoint):
    intent = paid()
    assert box.refund(intent, amount=500)["amount"] == 500
    assert endpoint.wait("refund.created")["request"] == {"id": None, "idempotency_key": None}


@pytest.mark.parametrize(
    ("params", "status"),
    [({"payment_intent": "pi_nothing"}, 404), ({"charge": "ch_nothing"}, 404), ({}, 400), ({"amount": 5}, 400)],
)
def test_it_refunds_nothing_that_does_not_exist(client, params, status):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create(params=params)
    assert caught.value.http_status == status


def test_it_refunds_nothing_that_was_not_paid(client, new_session, box):
    intent = box.pay(new_session().id, iban="AT611904300234573201")["payment_intent"]
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        client.v1.refunds.create(params={"payment_intent": intent})


def test_it_changes_only_the_metadata_of_a_refund(client, paid):
    refund = client.v1.refunds.create(params={"payment_intent": paid()})
    assert client.v1.refunds.update(refund.id, params={"metadata": {"a": "1"}}).metadata["a"] == "1"
    with pytest.raises(stripe.InvalidRequestError, match="requires_action"):
        client.v1.refunds.cancel(refund.id)
