"""Buttons of the dashboard: settings, faults, and what can be done to an object"""

import json
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from ..config import BadSetting
from ..errors import ApiError
from ..faults import ACTIONS, BadFault
from ..flows import checkout, disputes, refund_ends, refunds, sessions
from ..runtime import Sandbox
from .checkout import SeeOther
from .dashboard import frame

NUMBERS = (
    "delay_seconds", "retry_base_seconds", "timeout_seconds", "redirect_wait_seconds", "duplicate", "max_attempts",
)  # fmt: skip
WHOLE = ("duplicate", "max_attempts")
LABELS = {
    "duplicate": "Further copies of each event",
    "delay_seconds": "Seconds before the first delivery",
    "retry_base_seconds": "Seconds before the first retry (doubles)",
    "max_attempts": "Attempts before giving up",
    "timeout_seconds": "Seconds to wait for an answer",
    "redirect_wait_seconds": "Seconds the payment page waits for the webhook",
}


def settings(request: HttpRequest) -> HttpResponse:
    """Show or change how webhooks are delivered and when delayed things end."""
    box: Sandbox = request.sandbox  # type: ignore[attr-defined]
    message, error = "", ""
    if request.method == "POST":
        if request.POST.get("action") == "flush":
            sent = box.deliveries.flush(order=request.POST.get("order", "created"))
            message = f"{len(sent)} held deliveries sent."
        else:
            try:
                box.config = box.config.changed(read_settings(request.POST.dict()))
                message = "Saved."
            except (BadSetting, ValueError) as problem:
                error = str(problem)
    numbers = [(name, LABELS[name], getattr(box.config, name)) for name in LABELS]
    context = frame(box, "settings") | {"title": "Webhooks", "message": message, "error": error, "numbers": numbers}
    return render(request, "settings.html", context)


def read_settings(typed: dict[str, str]) -> dict[str, Any]:
    """Settings from the form. Raises ValueError."""
    values: dict[str, Any] = {"delivery": typed.get("delivery", "auto"), "shuffle": typed.get("shuffle") == "on"}
    values["webhook_url"] = typed.get("webhook_url", "").strip()
    for name in NUMBERS:
        try:
            values[name] = int(typed.get(name, "")) if name in WHOLE else float(typed.get(name, ""))
        except ValueError as error:
            raise ValueError(f"{LABELS[name]}: a number is needed") from error
    delayed = typed.get("delayed_payment_seconds", "").strip()
    try:
        values["delayed_payment_seconds"] = float(delayed) if delayed else None
    except ValueError as error:
        raise ValueError("Seconds until bank debits end: a number, or nothing") from error
    return values


def faults(request: HttpRequest) -> HttpResponse:
    """Show, add, release and remove faults."""
    box: Sandbox = request.sandbox  # type: ignore[attr-defined]
    error = ""
    if request.method == "POST":
        error = change_faults(box, request.POST.dict())
        if not error:
            return SeeOther("/dashboard/switches/faults")
    context = frame(box, "faults") | {"title": "Faults", "actions": ACTIONS, "error": error, "values": request.POST}
    return render(request, "faults.html", context)


def change_faults(box: Sandbox, typed: dict[str, str]) -> str:
    """Do what the button says; returns what is wrong, or nothing."""
    action, fault_id = typed.get("action", ""), typed.get("fault", "")
    number = int(fault_id) if fault_id.isascii() and fault_id.isdigit() and len(fault_id) < 10 else 0
    if action == "release":
        box.faults.release(number)
    elif action == "remove":
        box.faults.clear(number)
    elif action == "clear":
        box.faults.clear()
    else:
        try:
            box.faults.add(read_fault(typed))
        except (BadFault, ValueError) as error:
            return str(error)
    return ""


def read_fault(typed: dict[str, str]) -> dict[str, Any]:
    """A fault from the form. Raises ValueError or BadFault."""
    description: dict[str, Any] = {"action": typed.get("kind", ""), "method": typed.get("method", "")}
    description["path"] = typed.get("path") or "^/v1/"
    for name, kind in (("count", int), ("status", int), ("seconds", float)):
        if text := typed.get(name, "").strip():
            try:
                description[name] = kind(text)
            except ValueError as error:
                raise ValueError(f"{name}: a number is needed") from error
    return description


def act(request: HttpRequest, action: str, object_id: str) -> HttpResponse:
    """Do one thing to one object and show it again."""
    box: Sandbox = request.sandbox  # type: ignore[attr-defined]
    found = box.store.find_any(object_id)
    if request.method != "POST" or action not in DEEDS or not found:
        raise Http404
    try:
        DEEDS[action](box, object_id, request.POST.dict())
    except (ApiError, ValueError) as error:
        context = frame(box, "") | {"title": object_id, "error": str(error), "back": object_id}
        return render(request, "refused.html", context | {"json": json.dumps(found.body, indent=2)}, status=400)
    return SeeOther(f"/dashboard/objects/{object_id}")


def deliver(box: Sandbox, event_id: str, typed: dict[str, str]) -> None:
    """Send an event again, once or several times at once. Raises ValueError without an address."""
    times = int(typed.get("times", "1")) if typed.get("times", "1").isdigit() else 1
    if not box.config.webhook_url:
        raise ValueError("There is no webhook address.")
    times = min(max(times, 1), 64)
    box.deliveries.send_again(event_id, times=times, concurrent=times > 1, url=box.config.webhook_url)


def give_back(box: Sandbox, intent_id: str, typed: dict[str, str]) -> None:
    """Refund a payment, all of it or an amount in minor units. Raises ApiError or ValueError."""
    amount = typed.get("amount", "").strip()
    if amount and not (amount.isascii() and amount.isdigit() and len(amount) < 13):
        raise ValueError("Amount: a whole number of minor units is needed.")
    refunds.create(box, {"payment_intent": intent_id} | ({"amount": int(amount)} if amount else {}))


def finish_payment(box: Sandbox, intent_id: str, typed: dict[str, str]) -> None:
    """End a bank debit. Raises ApiError."""
    checkout.finish(box, intent_id, succeeded=typed.get("outcome") == "succeeded")


def finish_refund(box: Sandbox, refund_id: str, typed: dict[str, str]) -> None:
    """End a refund. Raises ApiError."""
    refund_ends.finish(box, refund_id, succeeded=typed.get("outcome") == "succeeded")


def dispute(box: Sandbox, intent_id: str, typed: dict[str, str]) -> None:
    """The buyer goes to the bank. Raises ApiError or ValueError."""
    amount = typed.get("dispute_amount", "").strip()
    if amount and not (amount.isascii() and amount.isdigit() and len(amount) < 13):
        raise ValueError("Amount: a whole number of minor units is needed.")
    reason, inquiry = typed.get("reason", "fraudulent"), typed.get("kind") == "inquiry"
    charge = refunds.charge_of(box, intent_id)
    disputes.create(box, charge, amount=int(amount) if amount else None, reason=reason, inquiry=inquiry)


def answer_dispute(box: Sandbox, dispute_id: str, typed: dict[str, str]) -> None:
    """Send the shop's evidence to the bank. Raises ApiError or ValueError."""
    text = typed.get("evidence", "").strip()
    if not 1 <= len(text) <= 20_000:
        raise ValueError("Evidence: some words are needed, 20000 characters at most.")
    disputes.submit(box, disputes.load_open(box, dispute_id), {"uncategorized_text": text})


def move_dispute(box: Sandbox, dispute_id: str, typed: dict[str, str]) -> None:
    """Close or escalate it, or move its money. Raises ApiError or ValueError."""
    found, step = disputes.load(box, dispute_id), typed.get("step", "")
    if step in ("won", "lost", "warning_closed"):
        disputes.close(box, found, step)
    elif step == "escalate":
        disputes.escalate(box, found)
    elif step in ("withdraw", "reinstate"):
        (disputes.withdraw if step == "withdraw" else disputes.reinstate)(box, found)
    else:
        raise ValueError("There is no such step.")


def expire(box: Sandbox, session_id: str, typed: dict[str, str]) -> None:
    """Expire a session. Raises ApiError."""
    sessions.expire(box, session_id)


DEEDS: dict[str, Callable[[Sandbox, str, dict[str, str]], None]] = {
    "deliver": deliver, "refund": give_back, "finish-payment": finish_payment, "finish-refund": finish_refund, "expire": expire,
    "dispute": dispute, "answer-dispute": answer_dispute, "move-dispute": move_dispute,
}  # fmt: skip
