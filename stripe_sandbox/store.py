"""The state of the stand-in: one SQLite file, objects as JSON rows."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    created INTEGER NOT NULL,
    body TEXT NOT NULL,
    extra TEXT NOT NULL,
    status TEXT GENERATED ALWAYS AS (json_extract(body, '$.status')) VIRTUAL,
    customer TEXT GENERATED ALWAYS AS (json_extract(body, '$.customer')) VIRTUAL,
    payment_intent TEXT GENERATED ALWAYS AS (json_extract(body, '$.payment_intent')) VIRTUAL,
    charge TEXT GENERATED ALWAYS AS (json_extract(body, '$.charge')) VIRTUAL,
    type TEXT GENERATED ALWAYS AS (json_extract(body, '$.type')) VIRTUAL,
    email TEXT GENERATED ALWAYS AS (json_extract(body, '$.email')) VIRTUAL,
    subject TEXT GENERATED ALWAYS AS (json_extract(body, '$.data.object.id')) VIRTUAL,
    deleted INTEGER GENERATED ALWAYS AS (json_extract(body, '$.deleted')) VIRTUAL
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_by_intent ON objects (payment_intent) WHERE payment_intent IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_by_customer ON objects (customer) WHERE customer IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_by_charge ON objects (charge) WHERE charge IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_by_subject ON objects (subject) WHERE subject IS NOT NULL;
CREATE TABLE IF NOT EXISTS timers (
    id INTEGER PRIMARY KEY, due REAL NOT NULL, action TEXT NOT NULL, object_id TEXT NOT NULL, UNIQUE (action, object_id)
);
CREATE INDEX IF NOT EXISTS timers_by_due ON timers (due);
CREATE TABLE IF NOT EXISTS idempotency (
    account TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, request_id TEXT NOT NULL,
    status INTEGER, body TEXT, PRIMARY KEY (account, key)
);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, url TEXT NOT NULL, state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, next_at REAL, created REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event_id);
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, delivery_id INTEGER NOT NULL, number INTEGER NOT NULL, at REAL NOT NULL,
    status INTEGER, duration_ms INTEGER NOT NULL, excerpt TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS attempts_by_delivery ON attempts (delivery_id);
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, params TEXT NOT NULL,
    idempotency_key TEXT, status INTEGER, request_id TEXT NOT NULL, replayed INTEGER NOT NULL
);
"""
EMPTIED = ("objects", "timers", "idempotency", "deliveries", "attempts", "requests")


@dataclass
class Item:
    """One stored object: what the API shows (`body`) and what only the stand-in knows (`extra`)."""

    body: dict[str, Any]
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.body["id"]


class Store:
    """Reads and writes of the state. Thread safe: one connection, one re-entrant lock.

    Whatever changes an object goes inside `transaction()`, and never a wait or a network call.
    """

    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._after_commit: list[Callable[[], None]] = []
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(TABLES)
        self._db.execute("DELETE FROM idempotency WHERE status IS NULL")  # cut off by the end of the last process

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, one at a time. Nests: the outermost one commits."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._leave("ROLLBACK")
                raise
            callbacks = self._leave("COMMIT")
        for callback in callbacks:  # without the lock: they may wait for somebody who waits for it
            callback()

    def _leave(self, end: str) -> list[Callable[[], None]]:
        """End the outermost transaction; returns what is to be called then."""
        self._depth -= 1
        if self._depth:
            return []
        self._db.execute(end)
        callbacks, self._after_commit = self._after_commit, []
        return callbacks

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call when the current transaction is committed; at once when there is none."""
        with self._lock:
            if self._depth:
                self._after_commit.append(callback)
                return
        callback()

    def query(self, sql: str, args: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Run one statement and return its rows."""
        with self._lock:
            return self._db.execute(sql, args).fetchall()

    def change(self, sql: str, args: Sequence[Any] = ()) -> int:
        """Run one statement; returns how many rows it changed."""
        with self._lock:
            return self._db.execute(sql, args).rowcount

    def insert(self, sql: str, args: Sequence[Any] = ()) -> int:
        """Run one INSERT; returns the new row's number."""
        with self._lock:
            return self._db.execute(sql, args).lastrowid or 0

    def add(self, body: dict[str, Any], extra: dict[str, Any] | None = None) -> Item:
        """Store a new object."""
        item = Item(body, extra or {})
        self.insert(
            "INSERT INTO objects (id, kind, created, body, extra) VALUES (?, ?, ?, ?, ?)",
            (item.id, body["object"], body.get("created", 0), json.dumps(body), json.dumps(item.extra)),
        )
        return item

    def save(self, item: Item) -> None:
        """Write a changed object back."""
        values = (json.dumps(item.body), json.dumps(item.extra), item.id)
        self.change("UPDATE objects SET body = ?, extra = ? WHERE id = ?", values)

    def find(self, kind: str, object_id: str) -> Item | None:
        """The object of that kind and id, or None."""
        rows = self.query("SELECT body, extra FROM objects WHERE id = ? AND kind = ?", (object_id, kind))
        return Item(json.loads(rows[0]["body"]), json.loads(rows[0]["extra"])) if rows else None

    def get(self, kind: str, object_id: str) -> Item:
        """The object of that kind and id, which must be there. Raises KeyError."""
        found = self.find(kind, object_id)
        if found is None:
            raise KeyError(object_id)
        return found

    def find_any(self, object_id: str) -> Item | None:
        """The object with that id, whatever its kind, or None."""
        rows = self.query("SELECT body, extra FROM objects WHERE id = ?", (object_id,))
        return Item(json.loads(rows[0]["body"]), json.loads(rows[0]["extra"])) if rows else None

    def select(self, where: str, args: Sequence[Any] = (), *, order: str = "seq DESC", limit: int = -1) -> list[Item]:
        """Objects by an SQL condition written in this program (never from a request)."""
        sql = f"SELECT body, extra FROM objects WHERE {where} ORDER BY {order} LIMIT ?"  # noqa: S608 see above
        return [Item(json.loads(r["body"]), json.loads(r["extra"])) for r in self.query(sql, (*args, limit))]

    def forget_everything(self) -> None:
        """Empty all tables."""
        with self.transaction():
            for table in EMPTIED:
                self.change(f"DELETE FROM {table}")  # noqa: S608 names from the list above
