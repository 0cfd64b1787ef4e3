from __future__ import annotations

import time

import pytest
import stripe

from tests.sandbox_process import ControlError
from tests.stripe_sandbox.conftest import SHIPPED, line, session_params


def test_it_makes_an_open_session_with_a_page(client, box):
    session = client.v1.checkout.sessions.create(
        params=session_params(client_reference_id="order-1", metadata={"order": "1"}, customer_email="ada@shop.test")
    )
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_subtotal, session.amount_total, session.currency) == (2500, 2500, "eur")
    assert session.url == f"{box.url}/c/pay/{session.id}"
    assert session.client_reference_id == "order-1"
    assert session.metadata["order"] == "1"
    assert "line_items" not in session


def test_it_ends_after_a_day_unless_asked_otherwise(new_session):
    assert abs(new_session().expires_at - time.time() - 86400) < 30
    soon = int(time.time()) + 1800
    assert new_session(expires_at=soon).expires_at == soon


def test_it_shows_the_lines_when_they_are_expanded(client, new_session):
    made = new_session(line_items=[line(f"Print {number}") for number in range(12)])
    session = client.v1.checkout.sessions.retrieve(made.id, params={"expand": ["line_items.data.price.product"]})
    assert [entry.description for entry in session.line_items] == [f"Print {number}" for number in range(10)]
    assert session.line_items.has_more
    assert session.line_items.data[3].price.product.name == "Print 3"


def test_it_lists_all_lines_in_order(client, new_session):
    made = new_session(line_items=[line(f"Print {number}", quantity=number + 1) for number in range(12)])
    page = client.v1.checkout.sessions.line_items.list(made.id, params={"limit": 5})
    assert [entry.quantity for entry in page.auto_paging_iter()] == list(range(1, 13))


def test_it_rounds_a_price_of_a_fraction(new_session):
    entry = line(quantity=3)
    del entry["price_data"]["unit_amount"]
    entry["price_data"]["unit_amount_decimal"] = "33.5"
    assert new_session(line_items=[entry]).amount_total == 101


def test_it_adds_the_first_shipping_option_until_another_is_chosen(client, new_session, box):
    session = new_session(**SHIPPED)
    assert session.amount_total == 2500 + 490
    paid = box.pay(session.id, shipping_option=1)["session"]
    assert paid["amount_total"] == 2500 + 1290
    rate = client.v1.checkout.sessions.retrieve(session.id, params={"expand": ["shipping_cost.shipping_rate"]})
    assert rate.shipping_cost.shipping_rate.display_name == "Courier"


def test_it_expires_an_open_session_once(client, new_session, box, endpoint):
    session = new_session()
    assert client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="status of `expired`"):
        client.v1.checkout.sessions.expire(session.id)
    assert endpoint.wait("checkout.session.expired")["data"]["object"]["url"] is None
    assert len(box.events(type="checkout.session.expired")) == 1


def test_it_does_not_expire_a_paid_session(client, new_session, box):
    session = new_session()
    box.pay(session.id)
    with pytest.raises(stripe.InvalidRequestError, match="status of `complete`"):
        client.v1.checkout.sessions.expire(session.id)
    with pytest.raises(ControlError):
        box.expire(session.id)


def test_it_changes_an_open_session(client, new_session):
    session = new_session(metadata={"a": "1", "b": "2"}, **SHIPPED)
    changed = client.v1.checkout.sessions.update(
        session.id,
        params={"metadata": {"a": "", "c": "3"}, "line_items": [line(quantity=4)], "shipping_options": []},
    )
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert changed.amount_total == 5000 + 490  # an empty list is not sent


def test_it_changes_nothing_but_the_metadata_of_a_paid_session(client, new_session, box):
    session = new_session()
    box.pay(session.id)
    assert client.v1.checkout.sessions.update(session.id, params={"metadata": {"a": "1"}}).metadata["a"] == "1"
    with pytest.raises(stripe.InvalidRequestError, match="only its metadata"):
        client.v1.checkout.sessions.update(session.id, params={"line_items": [line()]})


def test_it_gives_the_secret_instead_of_an_address_to_embedded_pages(new_session):
    embedded = new_session(ui_mode="embedded_page", success_url=None, cancel_url=None, return_url="https://shop.test/return/")
    assert embedded.url is None
    assert embedded.client_secret.startswith(embedded.id)
    assert embedded.redirect_on_completion == "always"
    elements = new_session(ui_mode="elements", success_url=None, cancel_url=None)
    assert (elements.url, elements.ui_mode) == (None, "elements")


@pytest.mark.parametrize(
    ("filter", "count"),
    [({"status": "complete"}, 1), ({"status": "open"}, 2), ({"customer_details": {"email": "grace@shop.test"}}, 1), ({}, 3)],
)
def test_it_finds_sessions(client, new_session, box, filter, count):
    sessions = [new_session() for _ in range(3)]
    box.pay(sessions[1].id, email="grace@shop.test")
    assert len(client.v1.checkout.sessions.list(params=filter)) == count


def test_it_finds_the_session_of_a_payment(client, new_session, box):
    session = new_session()
    paid = box.pay(session.id)
    page = client.v1.checkout.sessions.list(params={"payment_intent": paid["payment_intent"]})
    assert [entry.id for entry in page] == [session.id]


def test_it_pages_newest_first_in_both_directions(client, new_session):
    ids = [new_session().id for _ in range(5)][::-1]
    sessions = client.v1.checkout.sessions
    first = sessions.list(params={"limit": 2})
    assert [entry.id for entry in first] == ids[:2]
    assert first.has_more
    assert [entry.id for entry in sessions.list(params={"limit": 2, "starting_after": ids[1]})] == ids[2:4]
    back = sessions.list(params={"limit": 2, "ending_before": ids[3]})
    assert [entry.id for entry in back] == ids[1:3]
    assert [entry.id for entry in sessions.list(params={"limit": 2}).auto_paging_iter()] == ids


def test_it_lists_by_the_time_of_creation(client, new_session):
    session = new_session()
    sessions = client.v1.checkout.sessions
    assert len(sessions.list(params={"created": {"gte": session.created, "lt": session.created + 60}})) == 1
    assert len(sessions.list(params={"created": {"gt": session.created + 60}})) == 0


def test_it_says_not_found(client):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.retrieve("cs_test_nothing")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_it_offers_only_the_wanted_ways_to_pay(new_session):
    assert new_session(excluded_payment_method_types=["sepa_debit"]).payment_method_types == ["card"]
    assert new_session(allowed_payment_method_types=["sepa_debit"]).payment_method_types == ["sepa_debit"]


def test_it_makes_a_customer_only_when_asked(client, new_session, box):
    guest, always = new_session(), new_session(customer_creation="always")
    assert box.pay(guest.id, email="ada@shop.test")["session"]["customer"] is None
    made = box.pay(always.id, email="ada@shop.test")["session"]["customer"]
    assert client.v1.customers.retrieve(made).email == "ada@shop.test"
    payment = box.object(box.session(always.id)["payment_intent"])
    assert payment["customer"] == made


def test_it_prefills_a_known_customer(client, new_session, box):
    customer = client.v1.customers.create(params={"email": "ada@shop.test", "name": "Ada"})
    session = new_session(customer=customer.id)
    assert (session.customer, session.customer_creation) == (customer.id, None)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        new_session(customer="cus_nobody")
    assert caught.value.param == "customer"
