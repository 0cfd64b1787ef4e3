"""The program itself: starting, stopping, and what it remembers."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import stripe

from tests.sandbox_process import ROOT, ControlError, Sandbox, wait_for
from tests.stripe_sandbox.conftest import sdk, session_params

PACKAGE = ROOT / "stripe_sandbox"
APPS = {"accounts", "api", "cart", "catalog", "money", "orders", "payments", "shop", "tests", "tools", "stripe"}


def test_it_says_so_when_the_port_is_taken(running, tmp_db):
    command = [sys.executable, "-m", "stripe_sandbox", "--port", str(running.port), "--db", str(tmp_db)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "cannot listen on" in ended.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--webhook", "http://127.0.0.1:9/"],
        ["--webhook", "nowhere", "--secret", "x"],
        ["--delayed-seconds", "soon"],
        ["--port", "99999"],
    ],
)
def test_it_does_not_start_on_nonsense(tmp_db, options):
    command = [sys.executable, "-m", "stripe_sandbox", "--port", "0", "--db", str(tmp_db), *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("signal", [15, 2], ids=["SIGTERM", "SIGINT"])
def test_it_stops_at_once_although_requests_hang(tmp_db, signal):
    sandbox = Sandbox(db=tmp_db)
    sandbox.start()
    fault = sandbox.fault(path="^/v1/", action="silent")
    with ThreadPoolExecutor(4) as pool:
        hanging = [pool.submit(sdk(sandbox.url).v1.charges.list) for _ in range(4)]
        assert sandbox.wait_fault(fault, waiting=4)
        assert sandbox.process
        began = time.monotonic()
        sandbox.process.send_signal(signal)
        sandbox.process.wait(10)
        assert time.monotonic() - began < 1
        assert all(isinstance(entry.exception(10), stripe.APIConnectionError) for entry in hanging)
    sandbox.stop()
    assert "Traceback" not in sandbox.log.read_text()


def test_it_remembers_over_a_power_cut(tmp_db):
    sandbox = Sandbox(db=tmp_db)
    sandbox.start()
    sessions = sdk(sandbox.url).v1.checkout.sessions
    paid, opened = sessions.create(params=session_params()), sessions.create(params=session_params())
    sandbox.pay(paid.id)
    sandbox.kill()
    with sandbox.running():
        assert sandbox.session(paid.id)["payment_status"] == "paid"
        assert sandbox.pay(opened.id)["outcome"] == "succeeded"
        assert sandbox.books()["paid"] == 5000


def test_it_expires_sessions_by_the_clock(tmp_db):
    with Sandbox(db=tmp_db).running() as sandbox:
        session = sdk(sandbox.url).v1.checkout.sessions.create(params=session_params())
        move_expiry(tmp_db, session.id)
        wait_for(lambda: sandbox.session(session.id)["status"] == "expired", what="expiry")
        assert sdk(sandbox.url).v1.checkout.sessions.retrieve(session.id).status == "expired"
        assert len(sandbox.events(type="checkout.session.expired")) == 1


def move_expiry(db: Path, session_id: str) -> None:
    """As if the session's time were over: nobody waits half an hour."""
    import sqlite3

    with sqlite3.connect(db, timeout=10) as connection:
        connection.execute("UPDATE timers SET due = 0 WHERE object_id = ?", (session_id,))


def test_it_forgets_everything_at_a_reset(client, new_session, box):
    box.pay(new_session().id)
    box.fault(path="x", action="slow")
    box.configure(duplicate=3)
    box.reset()
    assert (box.books()["sessions"], box.events(), box.deliveries(), box.faults(), box.requests()) == ([], [], [], [], [])
    assert box.config()["duplicate"] == 0


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("config", {"delivery": "sometimes"}, "delivery"),
        ("config", {"colour": "red"}, "colour"),
        ("config", {"webhook_url": "nowhere"}, "webhook_url"),
        ("deliveries/flush", {"order": "alphabetical"}, "order"),
        ("deliveries/wait", {"timeout": "long"}, "timeout"),
        ("events/evt_nothing/deliver", {}, "evt_nothing"),
        ("sessions/cs_nothing/pay", {}, "cs_nothing"),
        ("refunds/re_nothing/finish", {"outcome": "failed"}, "re_nothing"),
        ("refunds/re_nothing/finish", {"outcome": "maybe"}, "outcome"),
        ("faults/99/release", {}, "99"),
    ],
)
def test_it_refuses_control_calls_that_make_no_sense(box, path, body, field):
    with pytest.raises(ControlError, match=field):
        box.call(path, body)


def test_it_logs_calls_without_secrets(client, new_session, box):
    new_session(metadata={"order": "1"})
    (entry,) = box.requests()
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/v1/checkout/sessions", 200)
    assert entry["params"]["metadata"] == {"order": "1"}
    assert "sk_test" not in str(entry)


def test_it_is_a_program_of_its_own():
    """It imports nothing of the shop, nor Stripe's SDK."""
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not {name.split(".")[0] for name in names} & APPS, file.name
