"""Switching faults on and off"""

from typing import Any

from ..errors import missing
from ..faults import Fault
from ..runtime import Sandbox
from .answering import control, number_in, take


@control("GET", "POST", "DELETE")
def faults(box: Sandbox, given: dict[str, Any], method: str) -> dict[str, Any]:
    """List them, add one, or remove all."""
    if method == "POST":
        return box.faults.add(given).shown()
    if method == "DELETE":
        return {"removed": box.faults.clear()}
    return {"faults": box.faults.listed()}


def load(box: Sandbox, fault_id: int) -> Fault:
    """The fault of that number. Raises ApiError."""
    found = box.faults.find(fault_id)
    if not found:
        raise missing("fault", str(fault_id))
    return found


@control("GET", "DELETE")
def fault(box: Sandbox, given: dict[str, Any], fault_id: int, method: str) -> dict[str, Any]:
    """Show or remove one."""
    found = load(box, fault_id).shown()
    if method == "DELETE":
        box.faults.clear(fault_id)
    return found


@control("POST")
def release(box: Sandbox, given: dict[str, Any], fault_id: int) -> dict[str, Any]:
    """Let go on whoever waits at it now."""
    found = load(box, fault_id)
    box.faults.release(fault_id)
    return found.shown()


@control("POST")
def wait(box: Sandbox, given: dict[str, Any], fault_id: int) -> dict[str, Any]:
    """Wait until `waiting` requests (default 1) wait at it, `timeout` seconds at most (default 10)."""
    values = take(given, waiting=int, timeout=(int, float))
    timeout = number_in(values, "timeout", 10, 600)
    reached = box.faults.wait(load(box, fault_id), waiting=values.get("waiting", 1), timeout=timeout)
    return {"reached": reached} | load(box, fault_id).shown()
