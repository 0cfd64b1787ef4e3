"""Paying a session by the control calls: the same flow as the page's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.sandbox_process import ControlError, wait_for

PAID = {"payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"}
SEPA_SUCCEEDS, SEPA_FAILS = "AT611904300234573201", "AT861904300235473202"


def test_it_takes_the_money_and_tells_of_it(client, new_session, box, endpoint):
    session = new_session(metadata={"order": "1"}, payment_intent_data={"metadata": {"order": "1"}, "description": "Order 1"})
    paid = box.pay(session.id, email="ada@shop.test", name="Ada Lovelace")
    assert paid["outcome"] == "succeeded"
    assert paid["redirect_url"] == f"https://shop.test/return/?session_id={session.id}"
    whole = client.v1.checkout.sessions.retrieve(
        session.id, params={"expand": ["payment_intent.latest_charge.balance_transaction", "customer"]}
    )
    assert (whole.status, whole.payment_status, whole.url) == ("complete", "paid", None)
    assert whole.customer is None
    assert (whole.customer_details.email, whole.customer_details.name) == ("ada@shop.test", "Ada Lovelace")
    intent = whole.payment_intent
    assert (intent.status, intent.amount_received, intent.metadata["order"]) == ("succeeded", 2500, "1")
    assert intent.latest_charge.balance_transaction.amount == 2500
    assert intent.latest_charge.payment_method_details.card.last4 == "4242"
    endpoint.wait("checkout.session.completed")
    assert box.wait_delivered()
    assert set(endpoint.types()) == PAID


def test_it_keeps_the_payment_to_itself_until_it_succeeds(new_session, box):
    session = new_session()
    box.pay(session.id, card="4000000000000002")
    assert box.session(session.id)["payment_intent"] is None


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000009987", "card_declined", "lost_card"),
        ("4000000000009979", "card_declined", "stolen_card"),
        ("4000000000000069", "expired_card", "expired_card"),
        ("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
        ("4000000000000119", "processing_error", "processing_error"),
        ("4000000000000341", "card_declined", "generic_decline"),
        ("4111111111111111", "card_declined", "generic_decline"),
    ],
)
def test_it_declines_and_leaves_the_session_open(new_session, box, card, code, decline_code):
    session = new_session()
    declined = box.pay(session.id, card=card)
    assert declined["outcome"] == "declined"
    assert (declined["error"]["code"], declined["error"]["decline_code"]) == (code, decline_code)
    assert declined["session"]["status"] == "open"
    assert [event["type"] for event in box.events()] == [
        "payment_intent.created", "charge.failed", "payment_intent.payment_failed",
    ]  # fmt: skip
    assert box.books()["paid"] == 0


def test_it_charges_nothing_for_a_mistyped_number(new_session, box):
    declined = box.pay(new_session().id, card="4242424242424241")
    assert declined["error"]["code"] == "incorrect_number"
    assert box.events() == []


def test_it_uses_one_payment_for_all_attempts(new_session, box):
    session = new_session()
    first = box.pay(session.id, card="4000000000000002")
    second = box.pay(session.id)
    assert first["payment_intent"] == second["payment_intent"]
    assert len(box.events(type="payment_intent.created")) == 1
    assert box.books()["paid"] == 2500


@pytest.mark.parametrize("card", ["4000002760003184", "4000002500003155", "4000003800000446", "4000000000003220"])
def test_it_asks_for_3d_secure(new_session, box, card):
    session = new_session()
    asked = box.pay(session.id, card=card)
    assert (asked["outcome"], asked["session"]["status"]) == ("requires_action", "open")
    failed = box.pay(session.id, card=card, three_d_secure="fail")
    assert failed["error"]["code"] == "payment_intent_authentication_failure"
    assert box.pay(session.id, card=card, three_d_secure="pass")["outcome"] == "succeeded"
    assert box.books()["paid"] == 2500


@pytest.mark.parametrize(
    ("card", "decline_code"), [("4000008260003178", "insufficient_funds"), ("4000008400001629", "generic_decline")]
)
def test_it_may_decline_after_3d_secure(new_session, box, card, decline_code):
    declined = box.pay(new_session().id, card=card, three_d_secure="pass")
    assert (declined["outcome"], declined["error"]["decline_code"]) == ("declined", decline_code)


@pytest.mark.parametrize(
    ("iban", "outcome", "payment_status"), [(SEPA_SUCCEEDS, "succeeded", "paid"), (SEPA_FAILS, "failed", "unpaid")]
)
def test_it_settles_a_bank_debit_later(client, new_session, box, endpoint, iban, outcome, payment_status):
    session = new_session()
    started = box.pay(session.id, iban=iban)
    assert started["outcome"] == "processing"
    assert (started["session"]["status"], started["session"]["payment_status"]) == ("complete", "unpaid")
    assert client.v1.payment_intents.retrieve(started["payment_intent"]).status == "processing"
    assert endpoint.wait("checkout.session.completed")["data"]["object"]["payment_status"] == "unpaid"
    box.finish_payment(started["payment_intent"], outcome=outcome)
    event = endpoint.wait(f"checkout.session.async_payment_{outcome}")
    assert event["data"]["object"]["payment_status"] == payment_status == box.session(session.id)["payment_status"]
    with pytest.raises(ControlError):
        box.finish_payment(started["payment_intent"], outcome="succeeded")
    assert box.books()["paid"] == (2500 if outcome == "succeeded" else 0)


@pytest.mark.parametrize(("iban", "ends"), [(SEPA_SUCCEEDS, "paid"), (SEPA_FAILS, "unpaid")])
def test_it_settles_a_bank_debit_by_itself(new_session, box, iban, ends):
    box.configure(delayed_payment_seconds=0.1)
    session = new_session()
    box.pay(session.id, iban=iban)
    ended = "checkout.session.async_payment_" + ("succeeded" if ends == "paid" else "failed")
    wait_for(lambda: box.events(type=ended), what=ended)
    assert box.session(session.id)["payment_status"] == ends


def test_it_pays_once_however_many_press_at_once(new_session, box):
    session = new_session()
    with ThreadPoolExecutor(12) as pool:
        outcomes = [entry["outcome"] for entry in pool.map(lambda _: box.pay(session.id), range(12))]
    assert sorted(outcomes) == ["complete"] * 11 + ["succeeded"]
    assert box.books()["paid"] == 2500
    assert len(box.events(type="checkout.session.completed")) == 1


def test_it_ends_one_way_when_paid_and_expired_at_once(client, new_session, box):
    sessions = [new_session() for _ in range(8)]

    def expire(session_id: str) -> str:
        try:
            return client.v1.checkout.sessions.expire(session_id).status
        except stripe.InvalidRequestError:
            return "refused"

    with ThreadPoolExecutor(16) as pool:
        paid = [pool.submit(box.pay, session.id) for session in sessions]
        expired = [pool.submit(expire, session.id) for session in sessions]
    for payment, expiry in zip(paid, expired, strict=True):
        assert (payment.result()["outcome"], expiry.result()) in {("succeeded", "refused"), ("expired", "expired")}


def test_it_refuses_an_expired_session_and_cancels_its_payment(client, new_session, box):
    session = new_session()
    waiting = box.pay(session.id, card="4000002760003184")
    client.v1.checkout.sessions.expire(session.id)
    assert box.object(waiting["payment_intent"])["status"] == "canceled"
    assert box.pay(session.id)["outcome"] == "expired"
    assert box.books()["paid"] == 0


@pytest.mark.parametrize(("code", "off"), [("welcome10", 250), ("FIVEOFF", 500)])
def test_it_takes_a_promotion_code(client, new_session, box, code, off):
    session = new_session(allow_promotion_codes=True)
    paid = box.pay(session.id, promotion_code=code)["session"]
    assert paid["amount_total"] == 2500 - off
    assert paid["total_details"]["amount_discount"] == off
    expand = ["total_details.breakdown", "discounts.promotion_code", "line_items"]
    whole = client.v1.checkout.sessions.retrieve(session.id, params={"expand": expand})
    assert whole.total_details.breakdown.discounts[0].amount == off
    assert whole.discounts[0].promotion_code.code == code.upper()
    assert whole.line_items.data[0].amount_discount == off


def test_it_takes_no_promotion_code_that_does_not_exist(new_session, box):
    with pytest.raises(ControlError, match="promotion_code"):
        box.pay(new_session(allow_promotion_codes=True).id, promotion_code="FREE")


def test_it_takes_no_half_of_a_character(new_session, box):
    session = new_session()
    with pytest.raises(ControlError, match="surrogates"):
        box.pay(session.id, name="A\ud800da")
    assert box.session(session.id)["status"] == "open"


def test_it_ships_where_the_buyer_says(new_session, box):
    address = {"line1": "Ring 1", "city": "Wien", "postal_code": "1010", "country": "AT"}
    session = new_session(shipping_address_collection={"allowed_countries": ["AT"]})
    paid = box.pay(session.id, shipping={"name": "Grace Hopper", "address": address})
    shipping = paid["session"]["collected_information"]["shipping_details"]
    assert (shipping["name"], shipping["address"]["city"]) == ("Grace Hopper", "Wien")
    assert box.object(paid["payment_intent"])["shipping"]["name"] == "Grace Hopper"


def test_it_confirms_a_payment_intent(client, endpoint):
    intent = client.v1.payment_intents.create(params={"amount": 500, "currency": "eur", "metadata": {"order": "7"}})
    assert intent.status == "requires_payment_method"
    paid = client.v1.payment_intents.confirm(intent.id, params={"payment_method": "pm_card_visa", "expand": ["latest_charge"]})
    assert (paid.status, paid.latest_charge.status) == ("succeeded", "succeeded")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.cancel(intent.id)
    assert caught.value.code == "payment_intent_unexpected_state"
    assert endpoint.wait("payment_intent.succeeded")["data"]["object"]["metadata"] == {"order": "7"}


def test_it_answers_402_to_a_declined_confirmation_and_remembers_it(client):
    intent = client.v1.payment_intents.create(params={"amount": 500, "currency": "eur"})
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.confirm(intent.id, params={"payment_method": "pm_card_visa_chargeDeclined"})
    assert (caught.value.code, caught.value.error.decline_code) == ("card_declined", "generic_decline")
    assert client.v1.payment_intents.retrieve(intent.id).last_payment_error.code == "card_declined"
    assert len(client.v1.charges.list(params={"payment_intent": intent.id})) == 1


def test_it_cancels_and_changes_an_intent_before_it_is_paid(client):
    intents = client.v1.payment_intents
    intent = intents.create(params={"amount": 500, "currency": "eur", "payment_method": "pm_card_visa"})
    assert intent.status == "requires_confirmation"
    assert intents.update(intent.id, params={"amount": 700, "metadata": {"a": "1"}}).amount == 700
    assert intents.cancel(intent.id, params={"cancellation_reason": "abandoned"}).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        intents.confirm(intent.id)
    assert len(intents.list()) == 1


def test_it_sends_a_bare_intent_through_3d_secure(client):
    given = {"amount": 500, "currency": "eur", "confirm": True, "return_url": "https://shop.test/back/"}
    intent = client.v1.payment_intents.create(params=given | {"payment_method": "pm_card_authenticationRequired"})
    assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")


def test_it_keeps_customers(client, endpoint):
    customers = client.v1.customers
    ada = customers.create(params={"email": "ada@shop.test", "address": {"city": "London"}, "metadata": {"a": "1"}})
    assert ada.address.country is None
    assert customers.update(ada.id, params={"name": "Ada", "metadata": {"b": "2"}}).metadata.to_dict() == {"a": "1", "b": "2"}
    assert endpoint.wait("customer.updated")["data"]["previous_attributes"]["name"] is None
    assert [entry.id for entry in customers.list(params={"email": "ada@shop.test"})] == [ada.id]
    assert customers.delete(ada.id).deleted
    assert customers.retrieve(ada.id).deleted
    assert len(customers.list()) == 0


def test_it_adds_up_the_balance(client, new_session, box):
    box.pay(new_session().id)
    (available,) = client.v1.balance.retrieve().available
    bookings = client.v1.balance_transactions.list()
    assert (available.amount, available.currency) == (sum(entry.net for entry in bookings), "eur")
