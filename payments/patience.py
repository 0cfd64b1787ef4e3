"""How long a page may wait for Stripe, all its calls together.

    @at_most(9)
    def checkout(request): ...

Work without a page (the worker, a command) has no such limit: there each call has its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_end: ContextVar[float | None] = ContextVar("end_of_patience", default=None)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Limit every call of Stripe inside to what is left of `seconds`. Inside another limit the shorter one holds."""
    end, outer = time.monotonic() + seconds, _end.get()
    token = _end.set(end if outer is None else min(end, outer))
    try:
        yield
    finally:
        _end.reset(token)


def seconds_left(*, otherwise: float) -> float:
    """What is left of the limit, never below 0; `otherwise` where there is none."""
    end = _end.get()
    return otherwise if end is None else max(0.0, end - time.monotonic())
