"""Faults that can be switched on: wrong answers, slow ones, none at all, and places where a request is held."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ACTIONS = ("status", "slow", "silent", "drop_before", "drop_after", "hold_after", "hold_before")
LONGEST_HOLD = 600.0


class BadFault(ValueError):
    """The description of a fault makes no sense; the message says why."""


@dataclass
class Fault:
    """One fault. `count` is how many requests it still hits; None: all of them."""

    id: int
    method: str
    path: str
    action: str
    count: int | None = None
    status: int = 500
    code: str | None = None
    message: str = "The stand-in was told to fail this request."
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    stored: bool | None = None  # whether an idempotency key remembers the answer; None: only a 500
    hits: int = 0
    waiting: int = 0
    releases: int = 0

    def shown(self) -> dict[str, Any]:
        """The fault as JSON."""
        hidden = {"releases"}
        return {key: value for key, value in vars(self).items() if key not in hidden}

    @property
    def longest(self) -> float:
        """For how many seconds a request waits at it unless it is released."""
        return float(self.seconds) if self.action == "slow" else LONGEST_HOLD

    @property
    def remembered(self) -> bool:
        return self.stored if self.stored is not None else self.status == 500


class Faults:
    """The faults that are on. The first that fits a request hits it. Thread safe."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._changed = threading.Condition(threading.RLock())
        self._next_id = 1
        self._resets = 0

    def add(self, description: dict[str, Any]) -> Fault:
        """Switch one on. Raises BadFault."""
        check(description)
        with self._changed:
            fault = Fault(id=self._next_id, **{"method": "", **description})
            self._next_id += 1
            self._faults.append(fault)
            return fault

    def listed(self) -> list[dict[str, Any]]:
        """All faults, with how often each hit and how many requests wait at it now."""
        with self._changed:
            return [fault.shown() for fault in self._faults]

    def find(self, fault_id: int) -> Fault | None:
        """The fault of that number, also when its count is used up."""
        with self._changed:
            return next((fault for fault in self._faults if fault.id == fault_id), None)

    def clear(self, fault_id: int | None = None) -> int:
        """Remove one or all; whoever waits at them goes on. Returns how many there were."""
        with self._changed:
            gone = [fault for fault in self._faults if fault_id in (None, fault.id)]
            self._faults = [fault for fault in self._faults if fault not in gone]
            for fault in gone:
                fault.releases += 1
            self._changed.notify_all()
            return len(gone)

    def reset(self) -> None:
        """Remove all; what waits at them is never done."""
        with self._changed:
            self._resets += 1
            self.clear()

    def release(self, fault_id: int) -> bool:
        """Let everybody who waits at the fault now go on; later ones wait again."""
        with self._changed:
            fault = next((fault for fault in self._faults if fault.id == fault_id), None)
            if fault:
                fault.releases += 1
                self._changed.notify_all()
            return fault is not None

    def match(self, method: str, path: str) -> Fault | None:
        """The fault that hits this request, counted down."""
        with self._changed:
            for fault in self._faults:
                fits = fault.method in ("", method) and re.search(fault.path, path)
                if fits and fault.count != 0:
                    fault.hits += 1
                    fault.count = None if fault.count is None else fault.count - 1
                    self._changed.notify_all()
                    return fault
        return None

    def hold(self, fault: Fault, *, seconds: float = LONGEST_HOLD, gone: Callable[[], bool] | None = None) -> bool:
        """Wait at the fault until it is released or time is over, or (with `gone`) the client goes.

        False when the stand-in was reset meanwhile: the request belongs to a world that is no more.
        """
        until = time.monotonic() + seconds
        with self._changed:
            before, world = fault.releases, self._resets
            fault.waiting += 1
            self._changed.notify_all()
            try:
                while fault.releases == before and time.monotonic() < until and not (gone and gone()):
                    self._changed.wait(min(0.1, max(until - time.monotonic(), 0)))
                return self._resets == world
            finally:
                fault.waiting -= 1
                self._changed.notify_all()

    def wait(self, fault: Fault, *, waiting: int, timeout: float) -> bool:
        """Wait until so many requests wait at the fault."""
        with self._changed:
            return self._changed.wait_for(lambda: fault.waiting >= waiting, timeout)


def check(description: dict[str, Any]) -> None:
    """Refuse a fault that makes no sense. Raises BadFault."""
    kinds: dict[str, type | tuple[type, ...]] = {
        "method": str, "path": str, "action": str, "count": (int, type(None)), "status": int, "code": (str, type(None)),
        "message": str, "headers": dict, "seconds": (int, float), "stored": (bool, type(None)),
    }  # fmt: skip
    for name, value in description.items():
        if name not in kinds or not isinstance(value, kinds[name]):
            raise BadFault(f"{name}: {value!r} is not possible; there are {', '.join(kinds)}")
    if description.get("action") not in ACTIONS:
        raise BadFault(f"action: one of {', '.join(ACTIONS)}")
    if not 400 <= description.get("status", 500) <= 599:
        raise BadFault("status: from 400 to 599")
    try:
        re.compile(description["path"])
    except (re.error, KeyError) as error:
        raise BadFault(f"path: a regular expression is needed ({error})") from error
