"""Calls at the same instant, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any


class Calls:
    """`with Calls(f, g) as calls:` runs them beside the block; afterwards `calls.outcomes` has what each answered or raised."""

    def __init__(self, *calls: Callable[[], Any]) -> None:
        self.outcomes: list[Any] = [None] * len(calls)
        self._barrier = Barrier(len(calls))
        self._threads = [Thread(target=self._run, args=each, daemon=True) for each in enumerate(calls)]

    def _run(self, place: int, call: Callable[[], Any]) -> None:
        try:
            self._barrier.wait(30)
            self.outcomes[place] = call()
        except Exception as error:
            self.outcomes[place] = error

    def __enter__(self) -> Calls:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *failure: Any) -> None:
        for thread in self._threads:
            thread.join(90)
        if not any(failure):
            assert not any(thread.is_alive() for thread in self._threads), "a call hangs"


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    with Calls(*calls) as made:
        pass
    return made.outcomes
