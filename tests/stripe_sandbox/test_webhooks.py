from __future__ import annotations

import itertools
import json
import time

import pytest
import stripe

from tests.sandbox_process import ControlError, Sandbox, wait_for
from tests.stripe_sandbox.conftest import SECRET, sdk, session_params


def test_it_signs_what_the_sdk_accepts(client, new_session, box, endpoint):
    session = new_session()
    box.pay(session.id)
    endpoint.wait("checkout.session.completed")
    for body, headers in endpoint.received:
        event = client.construct_event(body, headers["Stripe-Signature"], SECRET)
        assert event.api_version == "2026-10-28.endive"
        assert headers["Content-Type"] == "application/json; charset=utf-8"
        assert headers["User-Agent"].startswith("Stripe/1.0")


def test_it_names_the_request_that_caused_the_event(client, box, endpoint):
    client.v1.customers.create(options={"idempotency_key": "ada"})
    request = endpoint.wait("customer.created")["request"]
    assert request["idempotency_key"] == "ada"
    assert request["id"] == box.requests()[0]["request_id"]


def test_it_signs_with_every_secret(client, new_session, box, endpoint):
    box.configure(webhook_secrets=[SECRET, "whsec_new"])
    client.v1.customers.create()
    endpoint.wait("customer.created")
    body, headers = endpoint.received[0]
    for secret in (SECRET, "whsec_new"):
        client.construct_event(body, headers["Stripe-Signature"], secret)
    assert headers["Stripe-Signature"].count("v1=") == 2


@pytest.mark.parametrize("status", [500, 400, 302])
def test_it_tries_again_until_it_is_heard(client, box, endpoint, status):
    endpoint.answers[:] = [status, status]
    client.v1.customers.create()
    wait_for(lambda: len(endpoint.received) == 3, what="a third attempt")
    assert box.wait_delivered()
    (delivery,) = box.deliveries()
    assert delivery["state"] == "succeeded"
    assert [one["status"] for one in delivery["tries"]] == [status, status, 200]
    assert len({body for body, _headers in endpoint.received}) == 1


def test_it_waits_longer_each_time_and_gives_up(client, box, endpoint):
    box.configure(retry_base_seconds=0.1, max_attempts=4)
    endpoint.answers[:] = [500] * 9
    client.v1.customers.create()
    wait_for(lambda: box.deliveries(state="failed"), what="giving up")
    tries = box.deliveries()[0]["tries"]
    waits = [later["at"] - earlier["at"] for earlier, later in itertools.pairwise(tries)]
    assert len(tries) == 4
    assert all(wait >= least for wait, least in zip(waits, (0.1, 0.2, 0.4), strict=True))


def test_it_makes_a_new_signature_for_each_attempt(client, box, endpoint):
    client.v1.customers.create()
    event = endpoint.wait("customer.created")
    wait_for(lambda: int(time.time()) > event["created"] + 1, what="the next second")
    box.deliver(event["id"])
    stamps = {headers["Stripe-Signature"].split(",")[0] for _body, headers in endpoint.received}
    assert len(stamps) == 2


def test_it_counts_an_endpoint_that_does_not_answer_as_failed(client, box, endpoint):
    box.configure(timeout_seconds=0.2, max_attempts=1)
    endpoint.gate.clear()
    client.v1.customers.create()
    wait_for(lambda: box.deliveries(state="failed"), what="giving up")
    assert box.deliveries()[0]["tries"][0]["status"] is None


def test_it_holds_and_sends_in_the_wanted_order(client, new_session, box, endpoint):
    box.hold()
    box.pay(new_session().id)
    held = [event["type"] for event in box.events()]
    assert box.wait_delivered()
    assert endpoint.received == []
    assert [entry["status"] for entry in box.flush(order="reverse")] == [200] * len(held)
    assert endpoint.types() == held[::-1]


def test_it_shuffles_the_same_way_for_the_same_seed(client, box, endpoint):
    orders = []
    for seed in (1, 1, 2):
        box.reset()
        endpoint.forget()
        box.hold()
        for number in range(6):
            client.v1.customers.create(params={"name": str(number)})
        box.flush(order="shuffle", seed=seed)
        orders.append([event["data"]["object"]["name"] for event in endpoint.events()])
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[2]) == list("012345")


def test_it_drops_everything_when_told(client, box, endpoint):
    box.drop()
    client.v1.customers.create()
    assert box.wait_delivered()
    assert [entry["state"] for entry in box.deliveries()] == ["dropped"]
    assert endpoint.received == []


def test_it_duplicates(client, box, endpoint):
    box.configure(duplicate=2)
    client.v1.customers.create()
    wait_for(lambda: len(endpoint.received) == 3, what="three deliveries")
    assert len({event["id"] for event in endpoint.events()}) == 1


def test_it_delivers_all_in_the_end_when_shuffled_and_delayed(client, new_session, box, endpoint):
    box.configure(shuffle=True, delay_seconds=0.1)
    box.pay(new_session().id)
    assert box.wait_delivered()
    assert sorted(endpoint.types()) == sorted(event["type"] for event in box.events())


def test_it_delivers_an_event_many_times_at_once(client, box, endpoint):
    client.v1.customers.create()
    event = endpoint.wait("customer.created")
    endpoint.forget()
    assert [entry["status"] for entry in box.deliver(event["id"], times=8, concurrent=True)] == [200] * 8
    assert len(endpoint.received) == 8


def test_it_says_how_many_deliveries_are_pending(client, box, endpoint):
    endpoint.answers[:] = [500]
    client.v1.customers.create()
    assert endpoint.wait("customer.created")["pending_webhooks"] == 1
    assert box.wait_delivered()
    assert client.v1.events.list().data[0].pending_webhooks == 0


def test_it_lists_events_by_type_and_success(client, new_session, box, endpoint):
    box.pay(new_session().id)
    assert box.wait_delivered()
    box.drop()
    client.v1.customers.create()
    events = client.v1.events
    assert [entry.type for entry in events.list(params={"type": "charge.succeeded"})] == ["charge.succeeded"]
    assert [entry.type for entry in events.list(params={"type": "payment_intent.*"})] == [
        "payment_intent.succeeded", "payment_intent.created",
    ]  # fmt: skip
    assert len(events.list(params={"types": ["charge.succeeded", "customer.created"]})) == 2
    assert [entry.type for entry in events.list(params={"delivery_success": False})] == ["customer.created"]
    assert len(events.list(params={"delivery_success": True})) == 4
    assert events.retrieve(events.list().data[0].id).type == "customer.created"


def test_it_sends_made_up_events(new_session, box, endpoint):
    session = new_session()
    (answer,) = box.send(type="checkout.session.completed", object_id=session.id, changes={"amount_total": 1})
    assert answer["status"] == 200
    assert endpoint.events()[-1]["data"]["object"]["amount_total"] == 1
    assert box.events() == []
    with pytest.raises(ControlError, match="type"):
        box.send(object_id=session.id)


def test_it_sends_what_must_be_refused(client, new_session, box, endpoint):
    made_up = {"type": "checkout.session.completed", "object_id": new_session().id, "url": endpoint.url}
    for change in ({"secret": "whsec_wrong"}, {"age_seconds": 400}, {"header": "t=1,v0=2"}):
        box.send(**made_up, **change)
        body, headers = endpoint.received[-1]
        with pytest.raises(stripe.SignatureVerificationError):
            client.construct_event(body, headers["Stripe-Signature"], SECRET)
    box.send(raw_body="no JSON", url=endpoint.url)
    body, headers = endpoint.received[-1]
    with pytest.raises(json.JSONDecodeError):
        client.construct_event(body, headers["Stripe-Signature"], SECRET)
    box.send(**made_up, header="")
    assert "Stripe-Signature" not in endpoint.received[-1][1]


def test_it_delivers_after_a_restart_what_was_left(tmp_db, endpoint):
    endpoint.forget()
    endpoint.answers[:] = [500]
    with Sandbox(db=tmp_db, webhook=endpoint.url, secret=SECRET, retry_base=2).running() as sandbox:
        sandbox.pay(sdk(sandbox.url).v1.checkout.sessions.create(params=session_params()).id)
        wait_for(lambda: len(endpoint.received) >= 4, what="four deliveries")
        wait_for(lambda: sandbox.health()["due"] == 1, what="one left")
        sandbox.kill()
    endpoint.forget()
    with Sandbox(db=tmp_db, webhook=endpoint.url, secret=SECRET).running() as sandbox:
        assert sandbox.wait_delivered()
        assert len(endpoint.received) == 1
        assert sandbox.books()["paid"] == 2500


def test_it_keeps_trying_an_endpoint_that_is_not_up_yet(client, box, endpoint):
    box.configure(webhook_url="http://127.0.0.1:9/")
    client.v1.customers.create()
    wait_for(lambda: box.deliveries()[0]["attempts"] >= 2, what="two attempts")
    assert box.health()["due"] == 1
