"""Events and their deliveries"""

import json
import time
from typing import Any

from ..config import is_url
from ..deliveries import encode, shown
from ..emit import NOBODY
from ..errors import missing
from ..objects import others
from ..runtime import Sandbox
from ..sending import send, signature
from .answering import BadRequest, control, number_in, take

ORDERS = ("created", "reverse", "shuffle")
MOST_TIMES = 64


@control("GET")
def events(box: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    """Events, oldest first: `type`, `object` (id of what they tell of)."""
    where, args = "kind = 'event'", []
    for column, name in (("type", "type"), ("subject", "object")):
        if name in given:
            where += f" AND {column} = ?"
            args.append(given[name])
    return {"events": [item.body for item in box.store.select(where, args, order="seq ASC")]}


@control("POST")
def deliver(box: Sandbox, given: dict[str, Any], event_id: str) -> dict[str, Any]:
    """Deliver an event `times` more, one after the other or `concurrent`ly, and wait for the answers."""
    values = take(given, times=int, concurrent=bool, url=str)
    event = box.store.find("event", event_id)
    if not event:
        raise missing("event", event_id)
    url, times = target(box, values.get("url")), values.get("times", 1)
    if not 1 <= times <= MOST_TIMES:
        raise BadRequest(f"times: from 1 to {MOST_TIMES}")
    concurrent = values.get("concurrent", False)
    return {"attempts": box.deliveries.send_again(event_id, times=times, concurrent=concurrent, url=url)}


def target(box: Sandbox, url: str | None) -> str:
    """Where to send. Raises BadRequest when there is no address."""
    found = url or box.config.webhook_url
    if not is_url(found):
        raise BadRequest(f"url: {found!r} is no address")
    return found


@control("POST")
def send_made_up(box: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    """Send a made-up event, well signed or not. Nothing of it is kept."""
    values = take(
        given, type=str, object=dict, id=str, livemode=bool, account=str, api_version=str, created=int, url=str,
        secret=str, age_seconds=int, header=str, raw_body=str, times=int, object_id=str, changes=dict,
    )  # fmt: skip
    body = values["raw_body"].encode() if "raw_body" in values else encode(made_up(box, values))
    secrets = [values["secret"]] if "secret" in values else box.config.webhook_secrets
    timestamp = int(time.time()) - values.get("age_seconds", 0)
    url, timeout = target(box, values.get("url")), box.config.timeout_seconds
    attempts = []
    for _ in range(min(values.get("times", 1), MOST_TIMES)):
        header = values["header"] if "header" in values else signature(body, secrets, timestamp=timestamp)
        attempts.append(shown(send(url, body, header or None, timeout=timeout)))
    event = json.loads(body) if "raw_body" not in values else None
    return {"event": event, "attempts": attempts}


def made_up(box: Sandbox, values: dict[str, Any]) -> dict[str, Any]:
    """The event: about `object`, or about the stored `object_id` with `changes`. Raises BadRequest."""
    subject = values.get("object")
    if subject is None and "object_id" in values:
        found = box.store.find_any(values["object_id"])
        if not found:
            raise missing("object", values["object_id"], param="object_id")
        subject = found.body
    if subject is None or "type" not in values:
        raise BadRequest("type: a type and an object (or object_id) are needed")
    subject = subject | values.get("changes", {})
    event = others.event(values["type"], subject, previous=None, cause=NOBODY, waiting=1)
    for key in ("id", "livemode", "account", "api_version", "created"):
        if key in values:
            event[key] = values[key]
    return event


@control("GET")
def listed(box: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    """Deliveries, newest first, with their attempts: `event`, `state`, `limit` (default 200)."""
    where, args = "1", []
    for column, name in (("event_id", "event"), ("state", "state")):
        if name in given:
            where += f" AND d.{column} = ?"
            args.append(given[name])
    limit = int(number_in(given, "limit", 200, 10_000))
    sql = (
        "SELECT d.*, e.type AS type, e.subject AS object_id FROM deliveries d LEFT JOIN objects e ON e.id = d.event_id "  # noqa: S608
        f"WHERE {where} ORDER BY d.id DESC LIMIT ?"
    )
    return {"deliveries": [whole(box, dict(row)) for row in box.store.query(sql, (*args, limit))]}


def whole(box: Sandbox, delivery: dict[str, Any]) -> dict[str, Any]:
    """A delivery with its attempts."""
    sql = "SELECT number, at, status, duration_ms, excerpt FROM attempts WHERE delivery_id = ? ORDER BY number"
    return delivery | {"tries": [dict(row) for row in box.store.query(sql, (delivery["id"],))]}


@control("POST")
def flush(box: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    """Send all held deliveries one after the other, in an order, and wait for the answers."""
    values = take(given, order=str, seed=int)
    order = values.get("order", "created")
    if order not in ORDERS:
        raise BadRequest(f"order: one of {', '.join(ORDERS)}")
    return {"attempts": box.deliveries.flush(order=order, seed=values.get("seed"))}


@control("POST")
def wait(box: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    """Wait until no delivery is pending or being sent, `timeout` seconds at most (default 30)."""
    left = box.deliveries.wait_idle(number_in(given, "timeout", 30, 600))
    return {"idle": left == 0, "left": left}
