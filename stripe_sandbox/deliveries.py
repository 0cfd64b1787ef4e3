"""The queue of webhook deliveries: kept in the store, sent by a pool of threads, tried again with growing waits."""

import json
import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .config import Config
from .sending import Answer, send, signature
from .store import Store

log = logging.getLogger(__name__)
SENDERS = 16
LONGEST_WAIT = 30.0
SHUFFLE_SECONDS = 1.5
OPEN = ("pending", "sending")


class Deliveries:
    """Sends each event to the webhook address until it is answered 2xx. No order is promised, as with Stripe.

    A delivery is pending, sending, held, dropped, succeeded or failed (given up).
    """

    def __init__(self, store: Store, config: Callable[[], Config]) -> None:
        self._store, self._config = store, config
        self._changed = threading.Condition()
        self._version = 0
        self._news = threading.Event()
        self._pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="webhook")
        store.change("UPDATE deliveries SET state = 'pending' WHERE state = 'sending'")

    def start(self) -> None:
        """Begin to send what is due, in the background."""
        threading.Thread(target=self._dispatch, name="dispatcher", daemon=True).start()

    def wanted(self) -> int:
        """How many deliveries the next event gets."""
        config = self._config()
        return 1 + config.duplicate if config.webhook_url else 0

    def enqueue(self, event_id: str) -> None:
        """Queue the deliveries of a new event, in the caller's transaction."""
        config = self._config()
        state = {"auto": "pending", "hold": "held", "drop": "dropped"}[config.delivery]
        for _ in range(self.wanted()):
            wait = config.delay_seconds + (random.uniform(0, SHUFFLE_SECONDS) if config.shuffle else 0)
            self._store.insert(
                "INSERT INTO deliveries (event_id, url, state, next_at, created) VALUES (?, ?, ?, ?, ?)",
                (event_id, config.webhook_url, state, time.time() + wait, time.time()),
            )
        self._store.on_commit(self.notice)

    def notice(self) -> None:
        """Wake whoever waits for a change of the queue."""
        self._news.set()
        with self._changed:
            self._version += 1
            self._changed.notify_all()

    def _dispatch(self) -> None:
        while True:
            self._news.clear()
            try:
                rest = self._send_due()
            except Exception:  # the thread must outlive a surprise
                log.exception("dispatching failed")
                rest = 1.0
            self._news.wait(rest)

    def _send_due(self) -> float:
        """Hand everything that is due to the pool; returns the seconds until the next look."""
        now = time.time()
        rows = self._store.query(
            "UPDATE deliveries SET state = 'sending' WHERE state = 'pending' AND next_at <= ? RETURNING id", (now,)
        )
        for row in rows:
            self._pool.submit(self._deliver, row["id"])
        soonest = self._store.query("SELECT min(next_at) AS at FROM deliveries WHERE state = 'pending'")[0]["at"]
        return 0.5 if soonest is None else min(0.5, max(soonest - time.time(), 0.0))

    def _deliver(self, delivery_id: int) -> None:
        try:
            self.attempt(delivery_id)
        except Exception:  # a failure of ours must not lose the delivery
            log.exception("delivery %s failed", delivery_id)
            self._store.change(
                "UPDATE deliveries SET state = 'pending', next_at = ? WHERE id = ?", (time.time() + 1, delivery_id)
            )

    def attempt(self, delivery_id: int) -> Answer:
        """Send one delivery now, whatever its state, and note what came back."""
        config = self._config()
        row = self._store.query("SELECT event_id, url FROM deliveries WHERE id = ?", (delivery_id,))
        event = self._store.find("event", row[0]["event_id"]) if row else None
        if event is None:  # forgotten meanwhile (reset)
            return Answer(None, 0, "the event is gone")
        body = encode(event.body)
        header = signature(body, config.webhook_secrets, timestamp=int(time.time() + config.clock_skew_seconds))
        answer = send(row[0]["url"], body, header, timeout=config.timeout_seconds)
        with self._store.transaction():
            self._note(delivery_id, answer, config)
            if answer.good:
                self._count_down(row[0]["event_id"])
        self.notice()
        return answer

    def _note(self, delivery_id: int, answer: Answer, config: Config) -> None:
        rows = self._store.query(
            "UPDATE deliveries SET attempts = attempts + 1 WHERE id = ? RETURNING attempts, state", (delivery_id,)
        )
        if not rows:
            return
        number = rows[0]["attempts"]
        self._store.insert(
            "INSERT INTO attempts (delivery_id, number, at, status, duration_ms, excerpt) VALUES (?, ?, ?, ?, ?, ?)",
            (delivery_id, number, time.time(), answer.status, answer.duration_ms, answer.excerpt),
        )
        wait = min(config.retry_base_seconds * 2 ** min(number - 1, 20), max(LONGEST_WAIT, config.retry_base_seconds))
        state = "succeeded" if answer.good else "pending" if number < config.max_attempts else "failed"
        next_at = time.time() + wait if state == "pending" else None
        self._store.change("UPDATE deliveries SET state = ?, next_at = ? WHERE id = ?", (state, next_at, delivery_id))

    def _count_down(self, event_id: str) -> None:
        event = self._store.find("event", event_id)
        if event and event.body["pending_webhooks"] > 0:
            event.body["pending_webhooks"] -= 1
            self._store.save(event)

    def add(self, event_id: str, url: str, *, state: str = "sending") -> int:
        """One more delivery of an event, outside the ordinary queue."""
        return self._store.insert(
            "INSERT INTO deliveries (event_id, url, state, created) VALUES (?, ?, ?, ?)", (event_id, url, state, time.time())
        )

    def flush(self, *, order: str = "created", seed: int | None = None) -> list[dict[str, Any]]:
        """Send all held deliveries now, one after the other: created, reverse or shuffle. Returns what came back."""
        rows = self._store.query("UPDATE deliveries SET state = 'sending' WHERE state = 'held' RETURNING id, event_id")
        held = sorted(({"delivery": row["id"], "event": row["event_id"]} for row in rows), key=lambda entry: entry["delivery"])
        if order == "reverse":
            held.reverse()
        elif order == "shuffle":
            random.Random(seed).shuffle(held)
        return [entry | {"status": self.attempt(entry["delivery"]).status} for entry in held]

    def send_again(self, event_id: str, *, times: int, concurrent: bool, url: str) -> list[dict[str, Any]]:
        """Deliver an event further times and wait; concurrent ones leave at the same instant."""
        ids = [self.add(event_id, url) for _ in range(times)]
        if not concurrent:
            return [shown(self.attempt(delivery_id)) for delivery_id in ids]
        barrier = threading.Barrier(times)

        def together(delivery_id: int) -> Answer:
            barrier.wait(10)
            return self.attempt(delivery_id)

        with ThreadPoolExecutor(times) as pool:
            return [shown(answer) for answer in pool.map(together, ids)]

    def wait_idle(self, timeout: float) -> int:
        """Wait until nothing is pending or being sent; returns how many still are when the time is over."""
        return self._wait(lambda: self.count(*OPEN), timeout)

    def wait_answer(self, event_id: str, timeout: float) -> None:
        """Wait until the endpoint has answered (or failed) a first time for this event."""
        sql = "SELECT count(*) AS n FROM deliveries WHERE event_id = ? AND attempts = 0 AND state IN ('pending', 'sending')"
        self._wait(lambda: self._store.query(sql, (event_id,))[0]["n"], timeout)

    def _wait(self, left: Callable[[], int], timeout: float) -> int:
        """Wait until `left()` is 0. It is asked without our lock: it needs the store's."""
        until = time.monotonic() + timeout
        while True:
            seen = self._version
            number, rest = left(), until - time.monotonic()
            if not number or rest <= 0:
                return number
            with self._changed:
                self._changed.wait_for(lambda seen=seen: self._version != seen, rest)  # type: ignore[misc]

    def count(self, *states: str) -> int:
        """How many deliveries are in one of these states."""
        marks = ", ".join("?" * len(states))
        return self._store.query(f"SELECT count(*) AS n FROM deliveries WHERE state IN ({marks})", states)[0]["n"]  # noqa: S608 only marks


def encode(event: dict[str, Any]) -> bytes:
    """The body of a delivery: pretty-printed JSON, as Stripe sends it."""
    return json.dumps(event, indent=2, ensure_ascii=False).encode()


def shown(answer: Answer) -> dict[str, Any]:
    """An answer as JSON."""
    return {"status": answer.status, "duration_ms": answer.duration_ms, "excerpt": answer.excerpt}
