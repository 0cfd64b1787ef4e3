"""What the lines of a log have in common: the request or run they belong to, the order, the event. shop/logs.py writes them."""

from __future__ import annotations

import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_fields: ContextVar[Mapping[str, str] | None] = ContextVar("log_fields", default=None)


@contextmanager
def log_fields(**fields: str) -> Iterator[None]:
    """Add `fields` to every line that is logged inside, by this thread; they end with the block."""
    token = _fields.set({**(_fields.get() or {}), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


def add_log_fields(**fields: str) -> None:
    """Add `fields` to what is logged from now on, until the innermost `log_fields` ends. Outside of any it does nothing."""
    known = _fields.get()
    if known is not None:
        _fields.set({**known, **fields})


def begin_log_fields(**fields: str) -> None:
    """From here on this thread's lines have `fields` and no others, until `end_log_fields`: where no block can be drawn."""
    _fields.set(fields)


def end_log_fields(**_signal: object) -> None:
    _fields.set(None)


def current_fields() -> Mapping[str, str]:
    """What a line that is logged now has. Without a request it has the id of this process's run."""
    known = _fields.get() or {}
    return known if "request_id" in known or "run_id" in known else {"run_id": THIS_PROCESS, **known}


def new_run_id(name: str) -> str:
    """ "reconcile_payments-1f0c2a9d": of one run of a command, or of one turn of a worker's job."""
    return f"{re.sub(r'[^a-z0-9]+', '_', name.lower()).strip('_')}-{secrets.token_hex(4)}"


def _name_of_process() -> str:
    """The command of manage.py, or the program."""
    program, *rest = sys.argv or ["python"]
    command = rest[0] if rest and Path(program).name == "manage.py" else Path(program).stem
    return command or "python"


THIS_PROCESS = new_run_id(_name_of_process())
