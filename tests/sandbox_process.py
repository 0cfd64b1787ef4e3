"""The stand-in for Stripe as a program of its own, and its control calls as methods."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

from tools import processes

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30


class ControlError(Exception):
    """A control call was refused; the text is its JSON."""


class Sandbox:
    """Start it, drive it, stop it.

    `port` 0 takes any free one; `url` says which. Bank debits and slow refunds end only when told (`finish_...`), and
    a delivery that failed is tried again after `retry_base` seconds, so that no test waits for a clock.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        webhook: str = "",
        secret: str | list[str] = "whsec_test",
        db: Path | str | None = None,
        public_url: str = "",
        delayed_seconds: float | str = "never",
        retry_base: float = 0.2,
    ) -> None:
        self.port, self.webhook, self.public_url = port, webhook, public_url
        self.secrets = [secret] if isinstance(secret, str) else secret
        self.delayed_seconds, self.retry_base = delayed_seconds, retry_base
        self._folder = Path(tempfile.mkdtemp(prefix="stripe-sandbox-")) if db is None else Path(db).parent
        self.db = Path(db) if db is not None else self._folder / "sandbox.sqlite3"
        self.log = self._folder / f"{self.db.stem}.log"
        self.process: Popen[bytes] | None = None

    # ---- the program

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        options = ["--port", str(self.port), "--db", str(self.db), "--delayed-seconds", str(self.delayed_seconds)]
        options += ["--retry-base", str(self.retry_base)]
        options += ["--webhook", self.webhook] if self.webhook else []
        options += ["--public-url", self.public_url] if self.public_url else []
        for secret in self.secrets:
            options += ["--secret", secret]
        return [sys.executable, "-m", "stripe_sandbox", *options]

    def start(self) -> str:
        """Start it and wait until it answers; returns its address. What it stored before is still there."""
        self.log.write_text("")
        self.process = processes.start(self.command(), log=self.log, cwd=ROOT)
        processes.wait_until(self._ready, self.process, name="stripe_sandbox", log=self.log, seconds=START_SECONDS)
        return self.url

    def _ready(self) -> bool:
        ready = re.search(r"ready at http://[^:]+:(\d+)", self.log.read_text())
        self.port = int(ready[1]) if ready else self.port
        return ready is not None

    def stop(self) -> None:
        if self.process:
            processes.stop(self.process)
            self.process = None

    def kill(self) -> None:
        """End it without warning, like a power cut."""
        if self.process:
            processes.stop(self.process, ending=9)
            self.process = None

    @contextlib.contextmanager
    def running(self) -> Iterator[Sandbox]:
        self.start()
        try:
            yield self
        finally:
            self.stop()

    # ---- the control calls

    def call(self, path: str, body: dict[str, Any] | None = None, *, method: str | None = None, timeout: float = 60) -> Any:
        """One control call: `path` below /_sandbox/; a POST when there is a body. Raises ControlError."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", data, method=method or ("POST" if data else "GET"))
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ControlError(error.read().decode()) from None

    def health(self) -> dict[str, Any]:
        return self.call("health")

    def reset(self) -> None:
        """As at the start: nothing stored, no faults, the first settings."""
        self.call("reset", {})

    def config(self) -> dict[str, Any]:
        return self.call("config")

    def configure(self, **settings: Any) -> dict[str, Any]:
        """Change settings: webhook_url, webhook_secrets, delivery, duplicate, delay_seconds, shuffle ... (see the README)."""
        return self.call("config", settings)

    def hold(self) -> None:
        """Keep all deliveries back until `flush`."""
        self.configure(delivery="hold")

    def drop(self) -> None:
        """Never deliver anything that happens from now on."""
        self.configure(delivery="drop")

    def session(self, session_id: str) -> dict[str, Any]:
        return self.call(f"objects/{session_id}")["object"]

    def object(self, object_id: str) -> dict[str, Any]:
        """Any stored object, past all faults and without a key."""
        return self.call(f"objects/{object_id}")["object"]

    def line_items(self, session_id: str) -> list[dict[str, Any]]:
        return self.call(f"objects/{session_id}")["line_items"]

    def pay(self, session_id: str, **attempt: Any) -> dict[str, Any]:
        """Pay as the hosted page does: card or iban, email, name, shipping, shipping_option, three_d_secure="pass"|"fail",
        promotion_code, country (of a digital order with tax), wait.
        Answers {outcome, session, redirect_url, error, payment_intent}."""
        return self.call(f"sessions/{session_id}/pay", attempt)

    def confirm(self, intent_id: str, *, method: str = "pm_card_visa") -> dict[str, Any]:
        """Pay an intent as Stripe's fields do. Answers {outcome, error, payment_intent}, as `pay` does."""
        body = urllib.parse.urlencode({"payment_method": method, "return_url": "https://shop.test/"}).encode()
        request = urllib.request.Request(f"{self.url}/v1/payment_intents/{intent_id}/confirm", body)
        request.add_header("Authorization", "Bearer sk_test_of_the_buyer")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                intent = json.load(answer)
                return {"outcome": intent["status"], "error": None, "payment_intent": intent}
        except urllib.error.HTTPError as error:
            told = json.load(error)["error"]
            return {"outcome": "declined" if error.code == 402 else "refused", "error": told, "payment_intent": None}

    def pay_intent(self, intent_id: str, **attempt: Any) -> dict[str, Any]:
        """Pay an intent as a shopper does in Stripe's fields: card or iban, email, name, phone, three_d_secure="pass"|"fail",
        return_url. Answers {outcome, error, payment_intent, intent}."""
        return self.call(f"payment_intents/{intent_id}/pay", attempt)

    def expire(self, session_id: str) -> dict[str, Any]:
        return self.call(f"sessions/{session_id}/expire", {})

    def finish_payment(self, intent_id: str, *, outcome: str = "succeeded") -> dict[str, Any]:
        return self.call(f"payment_intents/{intent_id}/finish", {"outcome": outcome})

    def refund(self, intent_id: str, *, amount: int | None = None) -> dict[str, Any]:
        """A refund made in the dashboard, in minor units; all that is left without an amount."""
        return self.call(f"payment_intents/{intent_id}/refund", {} if amount is None else {"amount": amount})

    def finish_refund(self, refund_id: str, *, outcome: str = "succeeded") -> dict[str, Any]:
        return self.call(f"refunds/{refund_id}/finish", {"outcome": outcome})

    def dispute(self, intent_id: str, **given: Any) -> dict[str, Any]:
        """The buyer goes to the bank: amount (minor units; all), reason ("fraudulent"), inquiry=True. Answers the dispute."""
        return self.call(f"payment_intents/{intent_id}/dispute", given)

    def answer_dispute(self, dispute_id: str, text: str) -> dict[str, Any]:
        """The shop's evidence goes to the bank."""
        return self.call(f"disputes/{dispute_id}/answer", {"text": text})

    def close_dispute(self, dispute_id: str, *, status: str) -> dict[str, Any]:
        """The bank decides: won, lost, or warning_closed for an inquiry."""
        return self.call(f"disputes/{dispute_id}/close", {"status": status})

    def escalate_dispute(self, dispute_id: str) -> dict[str, Any]:
        """An inquiry becomes a dispute that takes the money."""
        return self.call(f"disputes/{dispute_id}/escalate", {})

    def move_dispute_funds(self, dispute_id: str, *, moved: str) -> dict[str, Any]:
        """Money of a dispute: "withdrawn" from the shop or "reinstated"."""
        return self.call(f"disputes/{dispute_id}/funds", {"moved": moved})

    def books(self) -> dict[str, Any]:
        """The truth about money."""
        return self.call("books")

    def requests(self, *, limit: int = 1000) -> list[dict[str, Any]]:
        """Calls of the API, newest first."""
        return self.call(f"requests?limit={limit}")["requests"]

    # ---- events

    def events(self, *, type: str = "", about: str = "") -> list[dict[str, Any]]:
        """Events, oldest first, of a type, about an object."""
        query = "&".join(f"{key}={value}" for key, value in (("type", type), ("object", about)) if value)
        return self.call(f"events?{query}")["events"]

    def event(self, type: str, *, about: str = "") -> dict[str, Any]:
        """The newest event of a type."""
        return self.events(type=type, about=about)[-1]

    def deliver(self, event_id: str, *, times: int = 1, concurrent: bool = False, url: str = "") -> list[dict[str, Any]]:
        """Deliver an event (again) and wait; answers [{status, duration_ms, excerpt}]."""
        body = {"times": times, "concurrent": concurrent} | ({"url": url} if url else {})
        return self.call(f"events/{event_id}/deliver", body)["attempts"]

    def send(self, **event: Any) -> list[dict[str, Any]]:
        """Send a made-up event: type with object, or with object_id and changes; secret, age_seconds, header, raw_body ..."""
        return self.call("events/send", event)["attempts"]

    def deliveries(self, **query: str) -> list[dict[str, Any]]:
        """Deliveries, newest first, with their `tries`; by event or state."""
        return self.call("deliveries?" + "&".join(f"{key}={value}" for key, value in query.items()))["deliveries"]

    def flush(self, *, order: str = "created", seed: int = 0) -> list[dict[str, Any]]:
        """Send what is held, one after the other: created, reverse or shuffle."""
        return self.call("deliveries/flush", {"order": order, "seed": seed}, timeout=300)["attempts"]

    def wait_delivered(self, *, timeout: float = 30) -> bool:
        """Wait until nothing is due; False when the time is over first."""
        return self.call("deliveries/wait", {"timeout": timeout}, timeout=timeout + 30)["idle"]

    # ---- faults

    def fault(self, **fault: Any) -> int:
        """Switch a fault on; returns its number. method, path (regular expression), action, count, status, seconds ..."""
        return self.call("faults", fault)["id"]

    def faults(self) -> list[dict[str, Any]]:
        return self.call("faults")["faults"]

    def fault_state(self, fault_id: int) -> dict[str, Any]:
        """The fault with its `hits` and how many requests are `waiting` at it."""
        return self.call(f"faults/{fault_id}")

    def wait_fault(self, fault_id: int, *, waiting: int = 1, timeout: float = 10) -> bool:
        """Wait until so many requests wait at the fault: a barrier."""
        return self.call(f"faults/{fault_id}/wait", {"waiting": waiting, "timeout": timeout})["reached"]

    def release(self, fault_id: int) -> None:
        """Let those go on that wait at the fault."""
        self.call(f"faults/{fault_id}/release", {})

    def clear_faults(self) -> None:
        self.call("faults", method="DELETE")


def wait_for(condition: Any, *, seconds: float = 10, what: str = "it") -> Any:
    """The first true value of `condition()`. Fails after so many seconds."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)
    return value
