"""Health, reset, settings, log of requests"""

import json
from typing import Any

from .. import API_VERSION
from ..errors import missing
from ..runtime import Sandbox
from .answering import control, number_in


@control("GET")
def health(box: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    """It answers."""
    return {"ok": True, "api_version": API_VERSION, "due": box.deliveries.count("pending", "sending")}


@control("POST")
def reset(box: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    """Forget everything; faults and settings as at the start."""
    box.reset()
    return {"ok": True}


@control("GET", "POST")
def config(box: Sandbox, given: dict[str, Any], method: str) -> dict[str, Any]:
    """Read or change settings."""
    if method == "POST":
        box.config = box.config.changed(given)
        box.deliveries.notice()
    return box.config.shown()


@control("GET")
def requests(box: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    """The log of API calls, newest first: `limit` (default 100), `path` (part of the path)."""
    limit = int(number_in(given, "limit", 100, 10_000))
    sql = "SELECT * FROM requests WHERE instr(path, ?) ORDER BY id DESC LIMIT ?"
    rows = box.store.query(sql, (given.get("path", "/"), limit))
    entries = [dict(row) | {"params": json.loads(row["params"]), "replayed": bool(row["replayed"])} for row in rows]
    return {"requests": entries}


@control("GET")
def one_object(box: Sandbox, given: dict[str, Any], object_id: str) -> dict[str, Any]:
    """Any stored object, past all faults and without a key; a session with its lines."""
    found = box.store.find_any(object_id)
    if not found:
        raise missing("object", object_id)
    answer = {"object": found.body}
    return answer | {"line_items": found.extra["lines"]} if "lines" in found.extra else answer
