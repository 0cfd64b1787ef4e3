from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from tests.sandbox_process import ControlError, wait_for
from tests.stripe_sandbox.conftest import sdk, session_params

CREATE = {"method": "POST", "path": "^/v1/checkout/sessions$"}


@pytest.fixture
def later() -> Callable[..., Future[Any]]:
    with ThreadPoolExecutor(16) as pool:
        yield pool.submit


@pytest.fixture
def impatient(box) -> stripe.StripeClient:
    """Gives up after half a second; straight to the stand-in."""
    return sdk(box.url, http_client=stripe.RequestsClient(timeout=0.5))


def create(client: stripe.StripeClient) -> Any:
    return client.v1.checkout.sessions.create(params=session_params())


ERRORS = {
    400: stripe.InvalidRequestError,
    401: stripe.AuthenticationError,
    402: stripe.CardError,
    403: stripe.PermissionError,
    409: stripe.APIError,
    429: stripe.RateLimitError,
    500: stripe.APIError,
    503: stripe.APIError,
}


@pytest.mark.parametrize(("status", "error"), ERRORS.items())
def test_it_answers_with_a_status(client, box, status, error):
    box.fault(**CREATE, action="status", status=status, count=1)
    with pytest.raises(error) as caught:
        create(client)
    assert caught.value.http_status == status
    assert create(client).status == "open"


def test_it_tells_the_sdk_whether_to_try_again(box):
    fault = box.fault(**CREATE, action="status", status=503, headers={"Stripe-Should-Retry": "false"})
    with pytest.raises(stripe.APIError):
        create(sdk(box.url, max_network_retries=2))
    assert box.fault_state(fault)["hits"] == 1


def test_it_is_slow(client, box):
    box.fault(**CREATE, action="slow", seconds=0.5)
    began = time.monotonic()
    assert create(client).status == "open"
    assert time.monotonic() - began >= 0.5


def test_it_hits_only_what_it_names(client, box):
    box.fault(method="GET", path="^/v1/charges", action="status", status=500)
    assert create(client).status == "open"
    with pytest.raises(stripe.APIError):
        client.v1.charges.list()


@pytest.mark.parametrize("action", ["silent", "drop_before"])
def test_it_does_nothing_and_says_nothing(impatient, box, action):
    fault = box.fault(**CREATE, action=action, count=1)
    with pytest.raises(stripe.APIConnectionError):
        create(impatient)
    wait_for(lambda: box.fault_state(fault)["waiting"] == 0, what="the client's going")
    assert box.books()["sessions"] == []
    assert box.requests()[0]["status"] is None


@pytest.mark.parametrize("action", ["drop_after", "hold_after"])
def test_it_does_the_work_and_says_nothing(impatient, box, action):
    box.fault(**CREATE, action=action, count=1)
    with pytest.raises(stripe.APIConnectionError):
        create(impatient)
    assert len(box.books()["sessions"]) == 1


def test_it_holds_an_answer_until_released(client, box, later):
    fault = box.fault(**CREATE, action="hold_after")
    held = later(create, client)
    assert box.wait_fault(fault)
    (session,) = box.books()["sessions"]
    assert box.pay(session["id"])["outcome"] == "succeeded"
    assert not held.done()
    box.release(fault)
    assert held.result(10).id == session["id"]


def test_it_holds_many_requests_as_a_barrier(client, box, later):
    fault = box.fault(**CREATE, action="hold_before")
    held = [later(create, client) for _ in range(8)]
    assert box.wait_fault(fault, waiting=8)
    assert box.books()["sessions"] == []
    box.release(fault)
    assert len({entry.result(10).id for entry in held}) == 8


def test_it_lets_everybody_go_when_faults_are_cleared(client, box, later):
    fault = box.fault(**CREATE, action="hold_before")
    held = later(create, client)
    assert box.wait_fault(fault)
    box.clear_faults()
    assert held.result(10).status == "open"
    assert box.faults() == []


def test_it_answers_others_while_many_hang(client, box, later):
    box.fault(**CREATE, action="slow", seconds=20)
    fault = box.faults()[0]["id"]
    held = [later(create, client) for _ in range(16)]
    assert box.wait_fault(fault, waiting=16)
    began = time.monotonic()
    assert len(client.v1.charges.list()) == 0
    assert time.monotonic() - began < 1
    box.clear_faults()
    assert all(entry.result(10) for entry in held)


def test_it_plays_faults_on_the_payment_page_too(new_session, box):
    from tests.stripe_sandbox.browser import Browser

    session = new_session()
    box.fault(path="^/c/pay/", action="status", status=503, count=1)
    assert Browser().get(session.url).status == 503
    assert Browser().get(session.url).status == 200


@pytest.mark.parametrize(
    ("fault", "field"),
    [({"action": "explode", "path": "x"}, "action"), ({"action": "slow", "path": "("}, "path"), ({"action": "slow"}, "path"),
     ({"action": "status", "path": "x", "status": 200}, "status"), ({"action": "slow", "path": "x", "colour": 1}, "colour")],
)  # fmt: skip
def test_it_refuses_a_fault_that_makes_no_sense(box, fault, field):
    with pytest.raises(ControlError, match=field):
        box.call("faults", fault)
