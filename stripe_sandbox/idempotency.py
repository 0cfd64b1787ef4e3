"""Idempotency keys: the first answer is remembered and given again (docs.stripe.com/api/idempotent_requests)."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from .errors import ApiError
from .store import Store


@dataclass(frozen=True)
class Remembered:
    """The first answer under a key."""

    status: int
    body: str
    request_id: str


def fingerprint(method: str, path: str, params: dict[str, Any]) -> str:
    """The same for the same request with the same parameters."""
    text = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def claim(store: Store, account: str, key: str, mark: str, request_id: str) -> Remembered | None:
    """Take the key for this request, or return what it answered before.

    Raises ApiError when the key was used for something else (400) or is in use right now (409).
    """
    if len(key) > 255:
        raise ApiError("Idempotency keys can be at most 255 characters long.", kind="idempotency_error")
    with store.transaction():
        rows = store.query("SELECT * FROM idempotency WHERE account = ? AND key = ?", (account, key))
        if not rows:
            sql = "INSERT INTO idempotency (account, key, fingerprint, request_id) VALUES (?, ?, ?, ?)"
            store.change(sql, (account, key, mark, request_id))
            return None
    row = rows[0]
    if row["fingerprint"] != mark:
        raise ApiError(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request.",
            kind="idempotency_error",
        )
    if row["status"] is None:
        raise ApiError(
            f"There is currently another in-progress request using this Idempotent Key ({key}). Please try again later.",
            status=409,
            kind="idempotency_error",
            code="idempotency_key_in_use",
        )
    return Remembered(row["status"], row["body"], row["request_id"])


def remember(store: Store, account: str, key: str, *, status: int, body: str) -> None:
    """Keep the answer for the next request with this key."""
    sql = "UPDATE idempotency SET status = ?, body = ? WHERE account = ? AND key = ?"
    store.change(sql, (status, body, account, key))


def forget(store: Store, account: str, key: str) -> None:
    """The request was refused before anything was done: the key is free again."""
    store.change("DELETE FROM idempotency WHERE account = ? AND key = ? AND status IS NULL", (account, key))
