"""docs.stripe.com/api/idempotent_requests"""

from __future__ import annotations

import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from tests.sandbox_process import Sandbox, wait_for
from tests.stripe_sandbox.conftest import KEY, line, sdk, session_params


def create(client: stripe.StripeClient, key: str = "order-1", **changes: Any) -> Any:
    return client.v1.checkout.sessions.create(params=session_params(**changes), options={"idempotency_key": key})


def count(box: Sandbox) -> int:
    return len(box.books()["sessions"])


def test_it_gives_the_same_answer_again(client, box):
    first, second = create(client), create(client)
    assert first.id == second.id
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert second.last_response.headers["Original-Request"] == first.last_response.headers["Request-Id"]
    assert second.last_response.headers["Idempotency-Key"] == "order-1"
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert count(box) == 1


def test_it_replays_the_answer_as_it_was(client, box):
    first = create(client)
    client.v1.checkout.sessions.expire(first.id)
    assert create(client).status == "open"


def test_it_refuses_other_parameters_under_the_same_key(client, box):
    create(client)
    with pytest.raises(stripe.IdempotencyError) as caught:
        create(client, line_items=[line(quantity=3)])
    assert caught.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create(options={"idempotency_key": "order-1"})
    assert count(box) == 1


def test_it_forgets_what_validation_refused(client, box):
    with pytest.raises(stripe.InvalidRequestError):
        create(client, mode="nonsense")
    assert create(client).status == "open"


def test_it_remembers_a_refusal_by_state(client, new_session, box):
    intent = box.pay(new_session().id)["payment_intent"]
    client.v1.refunds.create(params={"payment_intent": intent})
    for replayed in (None, "true"):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.refunds.create(params={"payment_intent": intent}, options={"idempotency_key": "again"})
        assert caught.value.headers.get("Idempotent-Replayed") == replayed


def test_it_replays_a_decline(client, box):
    intent = client.v1.payment_intents.create(params={"amount": 500, "currency": "eur"})
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.payment_intents.confirm(
                intent.id, params={"payment_method": "pm_card_visa_chargeDeclined"}, options={"idempotency_key": "pay"}
            )
    assert len(client.v1.charges.list(params={"payment_intent": intent.id})) == 1


def test_it_replays_a_500_for_ever(client, box):
    box.fault(method="POST", path="sessions$", action="status", status=500, count=1)
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            create(client)
        assert caught.value.http_status == 500
    assert create(client, key="order-1-second-attempt").status == "open"


def test_it_does_not_remember_a_503(client, box):
    box.fault(method="POST", path="sessions$", action="status", status=503, count=1)
    with pytest.raises(stripe.APIError):
        create(client)
    assert create(client).status == "open"


def test_it_refuses_a_key_in_use(client, box):
    fault = box.fault(method="POST", path="sessions$", action="hold_before", count=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(create, client)
        assert box.wait_fault(fault)
        with pytest.raises(stripe.APIError) as caught:
            create(client)
        box.release(fault)
        made = first.result(10)
    assert create(client).id == made.id
    assert (caught.value.http_status, caught.value.error.code) == (409, "idempotency_key_in_use")
    assert count(box) == 1


def test_it_does_a_slow_request_although_the_client_has_gone(box):
    fault = box.fault(method="POST", path="sessions$", action="hold_before", count=1)
    with pytest.raises(stripe.APIConnectionError):
        create(sdk(box.url, http_client=stripe.RequestsClient(timeout=0.3)))
    box.release(fault)
    wait_for(lambda: count(box) == 1, what="the work")
    assert create(sdk(box.url)).id == box.books()["sessions"][0]["id"]


def test_it_never_does_what_waited_when_it_was_reset(box):
    fault = box.fault(method="POST", path="sessions$", action="hold_before", count=1)
    with ThreadPoolExecutor(1) as pool:
        abandoned = pool.submit(create, sdk(box.url))
        assert box.wait_fault(fault)
        box.reset()
        assert isinstance(abandoned.exception(10), stripe.APIConnectionError)
    assert box.books()["sessions"] == []


def test_it_makes_one_session_however_many_ask_at_once(client, box):
    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(lambda _: attempt(client), range(12)))
    assert len({outcome for outcome in outcomes if isinstance(outcome, str)}) == 1
    assert {outcome for outcome in outcomes if isinstance(outcome, int)} <= {409}
    assert count(box) == 1


def attempt(client: stripe.StripeClient) -> str | int | None:
    """The session, or the status of the refusal."""
    try:
        return create(client).id
    except stripe.APIError as error:
        return error.http_status


def test_it_keeps_keys_apart_by_account(client, api_url, box):
    other = sdk(api_url, KEY + "_2")
    assert create(client).id != create(other).id


def test_it_remembers_over_a_restart(tmp_db):
    with Sandbox(db=tmp_db).running() as sandbox:
        first = create(sdk(sandbox.url))
    with Sandbox(db=tmp_db).running() as sandbox:
        assert create(sdk(sandbox.url)).id == first.id


def test_it_finds_the_answer_that_was_lost(client, box, api_url):
    fault = box.fault(method="POST", path="sessions$", action="drop_after", count=1)
    session = create(sdk(box.url, max_network_retries=1))
    assert box.fault_state(fault)["hits"] == 1
    assert [entry["id"] for entry in box.books()["sessions"]] == [session.id]


def test_it_needs_no_key(box):
    body = urllib.parse.urlencode({"email": "ada@shop.test"}).encode()
    request = urllib.request.Request(f"{box.url}/v1/customers", body, {"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
        assert "Idempotency-Key" not in answer.headers


def test_it_refuses_a_key_that_is_too_long(client, box):
    with pytest.raises(stripe.IdempotencyError):
        create(client, key="x" * 256)
