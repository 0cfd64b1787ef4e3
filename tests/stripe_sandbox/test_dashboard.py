from __future__ import annotations

import pytest

from tests.sandbox_process import wait_for
from tests.stripe_sandbox.browser import Browser

SECTIONS = ["sessions", "payments", "refunds", "disputes", "events", "deliveries", "requests"]


@pytest.fixture
def visitor() -> Browser:
    return Browser()


@pytest.mark.parametrize("section", SECTIONS)
def test_it_has_something_to_say_when_there_is_nothing(visitor, box, section):
    page = visitor.get(f"{box.url}/dashboard/{section}")
    assert page.status == 200
    assert 'class="empty"' in page.text


def test_it_shows_sessions_a_page_at_a_time(visitor, box, new_session):
    ids = [new_session(client_reference_id=f"order-{number}").id for number in range(27)]
    first = visitor.get(f"{box.url}/")
    assert first.text.count("/dashboard/objects/cs_") == 25
    assert "order-26" in first.text
    older = first.text.partition('href="/dashboard/sessions?before=')[2].partition('"')[0]
    second = visitor.get(f"{box.url}/dashboard/sessions?before={older}")
    assert ids[0] in second.text
    assert second.text.count("/dashboard/objects/cs_") == 2


def test_it_shows_everything_about_a_purchase(visitor, box, new_session):
    paid = box.pay(new_session().id)
    box.refund(paid["payment_intent"], amount=500)
    box.dispute(paid["payment_intent"], inquiry=True)
    assert box.wait_delivered()
    for section in SECTIONS:
        assert 'class="empty"' not in visitor.get(f"{box.url}/dashboard/{section}").text
    page = visitor.get(f"{box.url}/dashboard/objects/{paid['payment_intent']}")
    assert "payment_intent.succeeded" in page.text
    assert page.values["amount"] == "2000"


def test_it_refunds_and_says_why_not(visitor, box, new_session):
    intent = box.pay(new_session().id)["payment_intent"]
    url = f"{box.url}/dashboard/switches/refund/{intent}"
    assert visitor.post(url, {"amount": "500"}).status == 303
    refused = visitor.post(url, {"amount": "99999"})
    assert (refused.status, "greater than" in refused.text) == (400, True)
    assert visitor.post(url, {"amount": "ten"}).status == 400
    assert box.books()["refunded"] == 500


def test_it_ends_debits_refunds_and_sessions(visitor, box, new_session):
    debit = box.pay(new_session().id, iban="AT611904300234573201")["payment_intent"]
    visitor.post(f"{box.url}/dashboard/switches/finish-payment/{debit}", {"outcome": "succeeded"})
    assert box.object(debit)["status"] == "succeeded"
    refund = box.refund(debit)["id"]
    visitor.post(f"{box.url}/dashboard/switches/finish-refund/{refund}", {"outcome": "failed"})
    assert box.object(refund)["status"] == "failed"
    session = new_session().id
    visitor.post(f"{box.url}/dashboard/switches/expire/{session}", {})
    assert box.session(session)["status"] == "expired"


def test_it_sends_an_event_again(visitor, box, new_session, endpoint):
    box.pay(new_session().id)
    event = endpoint.wait("checkout.session.completed")
    assert box.wait_delivered()
    endpoint.forget()
    assert visitor.post(f"{box.url}/dashboard/switches/deliver/{event['id']}", {"times": "5"}).status == 303
    assert [entry["id"] for entry in endpoint.events()] == [event["id"]] * 5


def test_it_holds_and_flushes_by_hand(visitor, box, new_session, endpoint):
    url = f"{box.url}/dashboard/switches/settings"
    page = visitor.submit(visitor.get(url), url, delivery="hold", duplicate="1", action="save")
    assert "Saved." in page.text
    assert box.config()["duplicate"] == 1
    box.pay(new_session().id)
    page = visitor.post(url, {"action": "flush", "order": "reverse"})
    assert "8 held deliveries sent." in page.text
    assert len(endpoint.received) == 8


@pytest.mark.parametrize(
    "fields", [{"duplicate": "many"}, {"webhook_url": "nowhere"}, {"delivery": "later"}, {"max_attempts": "-1"}]
)
def test_it_refuses_settings_that_make_no_sense(visitor, box, fields):
    url = f"{box.url}/dashboard/switches/settings"
    before = box.config()
    assert 'role="alert"' in visitor.submit(visitor.get(url), url, **fields).text
    assert box.config() == before


def test_it_switches_faults(visitor, box, client):
    url = f"{box.url}/dashboard/switches/faults"
    visitor.submit(
        visitor.get(url), url, action="add", kind="slow", seconds="0.1", count="3", method="GET", path="^/v1/charges"
    )
    (fault,) = box.faults()
    assert (fault["action"], fault["count"], fault["seconds"]) == ("slow", 3, 0.1)
    client.v1.charges.list()
    assert "hit 1 times" in visitor.get(url).text
    visitor.post(url, {"action": "remove", "fault": str(fault["id"])})
    assert box.faults() == []
    assert "regular expression" in visitor.submit(visitor.get(url), url, action="add", kind="slow", path="(").text


@pytest.mark.parametrize(
    "path",
    [
        "dashboard/nothing",
        "dashboard/objects/cs_nothing",
        "static/nothing.css",
        "static/..%2Fstore.py",
        "nowhere",
        "c/authenticate/pi_no",
    ],
)
def test_it_says_not_found(visitor, box, path):
    assert visitor.get(f"{box.url}/{path}").status == 404


def test_it_has_an_icon_and_style_sheets(visitor, box):
    for path in ("favicon.ico", "static/favicon.svg", "static/base.css", "static/pay.css", "static/dashboard.css"):
        assert visitor.get(f"{box.url}/{path}").status == 200


def test_it_shows_the_attempts_of_a_delivery(visitor, box, client, endpoint):
    endpoint.answers[:] = [500]
    client.v1.customers.create()
    event = endpoint.wait("customer.created")
    wait_for(lambda: box.deliveries(state="succeeded"), what="the second attempt")
    text = visitor.get(f"{box.url}/dashboard/objects/{event['id']}").text
    assert ": 500 in" in text
    assert ": 200 in" in text
