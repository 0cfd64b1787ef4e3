"""The doctor and Stripe: each thing is broken for real, and the sentence is read."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from payments import doctor
from payments.doctor import Finding, State
from payments.gateway import API_VERSION
from payments.handlers import HANDLERS
from payments.patience import at_most
from tools.processes import free_port

REVOKED = "sk_test_revoked_0123456789"


def assert_trouble(finding: Finding, says: str, *, mend: str = "") -> None:
    assert says in finding.says
    assert mend in finding.mend
    assert (finding.state, bool(finding.mend)) == (State.TROUBLE, True)


def assert_fine(finding: Finding) -> None:
    assert (finding.state, finding.mend) == (State.OK, ""), finding


class TestTheKey:
    def test_is_taken(self, sandbox):
        assert_fine(doctor.stripes_key())
        assert "test mode" in doctor.stripes_key().says

    def test_was_revoked(self, sandbox, settings):
        settings.STRIPE_SECRET_KEY = REVOKED
        for finding in (doctor.stripes_key(), doctor.clock()):
            assert_trouble(finding, "Stripe refuses STRIPE_SECRET_KEY", mend="https://dashboard.stripe.com/apikeys")
            assert REVOKED not in finding.says

    def test_is_not_there(self, settings):
        settings.STRIPE_SECRET_KEY = ""
        for finding in (doctor.stripes_key(), doctor.clock(), *doctor.webhook_at_stripe()):
            assert_trouble(finding, "STRIPE_SECRET_KEY is not set", mend="Copy the secret key")

    def test_cannot_be_tried_while_stripe_is_away(self, settings):
        settings.STRIPE_API_BASE = f"http://127.0.0.1:{free_port()}"
        with at_most(3):
            found = [doctor.stripes_key(), doctor.clock(), *doctor.webhook_at_stripe()]
        for finding in found:
            assert_trouble(finding, "Stripe cannot be asked", mend=settings.STRIPE_API_BASE)
            assert "\n" not in finding.says


@pytest.mark.parametrize(("skew", "says"), [(600, "behind Stripe's"), (-600, "ahead of Stripe's"), (0, ""), (20, "")])
def test_it_compares_the_clock_with_stripes(sandbox, settings, skew, says):
    settings.STRIPE_API_BASE = sandbox.url  # past the contract proxy, which puts its own clock into answers
    sandbox.configure(clock_skew_seconds=skew)
    finding = doctor.clock()
    if not says:
        return assert_fine(finding)
    assert int(finding.says.split()[3]) == pytest.approx(600, abs=5)
    return assert_trouble(finding, says, mend="NTP")


class TestTheEndpointAtStripe:
    @pytest.fixture(autouse=True)
    def registered(self, sandbox) -> None:
        sandbox.configure(webhook_url=doctor.our_endpoint())

    def test_is_as_it_should_be(self):
        (finding,) = doctor.webhook_at_stripe()
        assert_fine(finding)

    def test_may_name_the_events_one_by_one(self, sandbox):
        sandbox.configure(webhook_events=[*HANDLERS, "invoice.paid"])
        assert_fine(*doctor.webhook_at_stripe())

    def test_is_not_registered(self, sandbox):
        sandbox.configure(webhook_url="")
        (finding,) = doctor.webhook_at_stripe()
        assert_trouble(finding, f"{doctor.our_endpoint()} is not registered at Stripe.", mend="charge.refunded, ")

    def test_is_registered_with_another_spelling(self, sandbox):
        sandbox.configure(webhook_url=doctor.our_endpoint().rstrip("/"))
        (finding,) = doctor.webhook_at_stripe()
        assert_trouble(finding, "/webhooks/stripe is, which is not the same", mend=API_VERSION)

    def test_is_switched_off(self, sandbox):
        sandbox.configure(delivery="drop")
        (finding,) = doctor.webhook_at_stripe()
        assert_trouble(finding, "is disabled", mend="failed deliveries")

    @pytest.mark.parametrize(("version", "says"), [("2024-06-20", "has API version 2024-06-20"), ("", "of the account")])
    def test_has_another_version(self, sandbox, version, says):
        sandbox.configure(webhook_api_version=version)
        (finding,) = doctor.webhook_at_stripe()
        assert_trouble(finding, says, mend="make a new endpoint")
        assert API_VERSION in finding.says

    def test_lacks_events(self, sandbox):
        sandbox.configure(webhook_events=sorted(set(HANDLERS) - {"charge.refunded", "refund.failed"}))
        (finding,) = doctor.webhook_at_stripe()
        assert_trouble(finding, "does not get all events", mend="charge.refunded, refund.failed.")

    def test_says_all_that_is_wrong_at_once(self, sandbox):
        sandbox.configure(webhook_events=["charge.refunded"], webhook_api_version="", delivery="drop")
        assert [finding.state for finding in doctor.webhook_at_stripe()] == [State.TROUBLE] * 3

    def test_may_be_hidden_from_a_restricted_key(self, sandbox):
        sandbox.fault(path="^/v1/webhook_endpoints", action="status", status=403)
        (finding,) = doctor.webhook_at_stripe()
        assert (finding.state, "docs/stripe.md" in finding.mend) == (State.WARNING, True)


# -- The endpoint as it is reached from here


@pytest.fixture
def stranger(settings) -> Iterator[Any]:
    """Another program at SITE_URL. It answers with `stranger.says`: (status, body, headers)."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body, headers = self.server.says  # type: ignore[attr-defined]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_line: Any) -> None:
            pass

    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    settings.SITE_URL = f"http://127.0.0.1:{server.server_address[1]}"
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("answer", "says", "mend"),
    [
        ((301, b"", {"Location": "https://www.shop.test/"}), "redirects to https://www.shop.test/", "follows no redirect"),
        ((404, b"no", {}), "answers 404", "Another program"),
        ((200, b"ok", {}), "answers 200", "Another program"),
        ((403, b"no", {}), "answers 403", "asks for more than a signature"),
        ((502, b"no", {}), "answers 502", "look into its log"),
        ((400, b"Bad Request", {}), "answers 400", "ALLOWED_HOSTS"),
    ],
)
def test_it_says_what_else_answers_there(stranger, answer, says, mend):
    stranger.says = answer
    assert_trouble(doctor.webhook_here(), says, mend=mend)


def test_it_says_that_nobody_answers_there(settings):
    settings.SITE_URL = f"http://127.0.0.1:{free_port()}"
    assert_trouble(doctor.webhook_here(), "cannot be reached: [Errno 111] Connection refused", mend="Is the shop running")


def test_it_says_that_there_is_no_such_host(settings):
    settings.SITE_URL = "http://shop.invalid"
    assert_trouble(doctor.webhook_here(), "http://shop.invalid/webhooks/stripe/ cannot be reached")


def test_it_reaches_the_real_shop(live_server, transactional_db):
    assert_fine(doctor.webhook_here())


def test_the_real_shop_does_not_know_its_own_name(live_server, transactional_db, settings):
    settings.ALLOWED_HOSTS = ["shop.example"]
    assert_trouble(doctor.webhook_here(), "answers 400", mend="ALLOWED_HOSTS")
