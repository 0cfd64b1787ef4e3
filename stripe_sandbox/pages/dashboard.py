"""Pages that show what is in the stand-in"""

import json
from pathlib import Path
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from ..control.deliveries import whole
from ..flows import disputes
from ..runtime import Sandbox
from .sections import SECTIONS, TITLES

STATIC = Path(__file__).parent.parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".js": "text/javascript; charset=utf-8"}


def home(request: HttpRequest) -> HttpResponse:
    """The newest sessions."""
    return section(request, "sessions")


def section(request: HttpRequest, section: str) -> HttpResponse:
    """One of the lists, a page at a time."""
    if section not in SECTIONS:
        raise Http404
    box: Sandbox = request.sandbox  # type: ignore[attr-defined]
    before = request.GET.get("before", "")
    table = SECTIONS[section](box, int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None)
    return render(request, "list.html", frame(box, section) | {"table": table})


def frame(box: Sandbox, here: str) -> dict[str, Any]:
    """What every page of the dashboard needs."""
    return {
        "sections": TITLES,
        "here": here,
        "title": TITLES.get(here, here),
        "config": box.config,
        "held": box.deliveries.count("held"),
        "due": box.deliveries.count("pending", "sending"),
        "faults": box.faults.listed(),
    }


def one_object(request: HttpRequest, object_id: str) -> HttpResponse:
    """An object as JSON, with its events and what can be done to it."""
    box: Sandbox = request.sandbox  # type: ignore[attr-defined]
    found = box.store.find_any(object_id)
    if not found:
        raise Http404
    kind = found.body["object"]
    context = frame(box, "") | {
        "title": found.id,
        "kind": kind,
        "body": found.body,
        "json": json.dumps(found.body, indent=2, ensure_ascii=False),
        "events": [item.body for item in box.store.select("kind = 'event' AND subject = ?", (object_id,), limit=50)],
        "refundable": kind == "payment_intent" and refundable(box, found.body),
    }
    if kind == "payment_intent":
        context["reasons"] = disputes.REASONS
    if kind == "dispute":
        status = found.body["status"]
        context |= {"open": status not in disputes.CLOSED, "inquiry": status.startswith("warning_")}
        context["withdrawn"] = disputes.balance(found.body)
    if kind == "event":
        rows = box.store.query("SELECT * FROM deliveries WHERE event_id = ? ORDER BY id DESC LIMIT 50", (object_id,))
        context["deliveries"] = [whole(box, dict(row)) for row in rows]
        context["about"] = found.body["data"]["object"].get("id")
    return render(request, "object.html", context)


def refundable(box: Sandbox, intent: dict[str, Any]) -> int:
    """What is left to refund of a payment, in minor units."""
    charge = box.store.find("charge", intent["latest_charge"] or "")
    if intent["status"] != "succeeded" or not charge:
        return 0
    return charge.body["amount"] - charge.body["amount_refunded"]


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Any other address."""
    return render(request, "notice.html", {"title": "There is nothing here", "kind": "unknown"}, status=404)


def static(request: HttpRequest, name: str) -> FileResponse:
    """A style sheet, a script or the icon."""
    file = STATIC / name
    if file.parent != STATIC or file.suffix not in TYPES or not file.is_file():
        raise Http404
    headers = {"Cache-Control": "max-age=300"}
    return FileResponse(file.open("rb"), content_type=TYPES[file.suffix], headers=headers)


def stripe_js(request: HttpRequest) -> FileResponse:
    """The script that shops load."""
    answer = static(request, "stripe.js")
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def favicon(request: HttpRequest) -> FileResponse:
    """The icon under the name that browsers guess."""
    return static(request, "favicon.svg")
