"""Things that happen by themselves later. Kept in the store, so that they survive a restart."""

import time
from collections.abc import Callable, Mapping
from logging import getLogger
from threading import Thread

from .runtime import Sandbox

log = getLogger(__name__)
TICK_SECONDS = 0.25
Action = Callable[[Sandbox, str], object]


def set_timer(box: Sandbox, action: str, object_id: str, *, due: float) -> None:
    """Do the action to the object at that Unix time; a second timer of the same kind replaces the first."""
    sql = "INSERT OR REPLACE INTO timers (due, action, object_id) VALUES (?, ?, ?)"
    box.store.change(sql, (due, action, object_id))


def clear_timer(box: Sandbox, action: str, object_id: str) -> None:
    """Forget a timer."""
    box.store.change("DELETE FROM timers WHERE action = ? AND object_id = ?", (action, object_id))


def run_due(box: Sandbox, actions: Mapping[str, Action]) -> None:
    """Do everything that is due; each action in a transaction of its own, together with the end of its timer."""
    for row in box.store.query("SELECT id, action, object_id FROM timers WHERE due <= ? ORDER BY due", (time.time(),)):
        with box.store.transaction():
            if box.store.change("DELETE FROM timers WHERE id = ?", (row["id"],)):
                actions[row["action"]](box, row["object_id"])


def start(box: Sandbox, actions: Mapping[str, Action]) -> None:
    """Watch the clock in the background."""

    def watch() -> None:
        while True:
            time.sleep(TICK_SECONDS)
            try:
                run_due(box, actions)
            except Exception:  # the clock must outlive a surprise
                log.exception("a timer failed")

    Thread(target=watch, name="timers", daemon=True).start()
