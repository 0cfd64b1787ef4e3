"""Places where a program of the shop is held, so that a test decides what happens meanwhile: a kill, a race, nothing.

A test sets a stop with a pattern; the first processes whose label fits wait there until they are released (or killed), or
fail there as if the database had. Labels, as tests/trust/served.py gives them out:

    before <SQL>            after <SQL>             every statement, as Django writes it
    before COMMIT           after COMMIT            the end of a transaction
    before call POST /v1/x  after call POST /v1/x   a call that the shop makes: of Stripe, of the blob store
    before request POST /x/                         nothing was done yet
    before answer POST /x/                          everything was done, the client has not heard of it

The two sides meet in a folder of small files, so that it works for any number of processes, also for killed ones.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from django.db import OperationalError

from tests.sandbox_process import wait_for

PAUSE_SECONDS = 0.003
LONGEST_SECONDS = 60  # a test that forgot to release ends by itself


class Stop:
    """One place, seen from the test."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name

    def wait(self, held: int = 1, *, seconds: float = 20) -> list[int]:
        """Wait until so many wait here; answers the process of each. Fails if they do not come: the overlap did not happen."""
        wait_for(lambda: len(self.held()) >= held, seconds=seconds, what=f"{held} at the stop ({len(self.held())} came)")
        return self.held()

    def held(self) -> list[int]:
        """The processes that came, one entry for each thread."""
        return [int(file.name.split(".")[2]) for file in self._folder.glob(f"{self._name}.at.*")]

    def release(self) -> None:
        """Let them go on, and nobody else wait."""
        (self._folder / f"{self._name}.stop").unlink(missing_ok=True)


class Stops:
    """The folder of stops, seen from the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)

    def set(self, pattern: str, *, at_most: int = 1, fails: bool = False) -> Stop:
        """Hold the next `at_most` whose label fits the regular expression; those after them pass.

        `fails`: they are not held, an OperationalError of the database is raised in them.
        """
        name = f"{next(self._numbers):06d}"
        made = self.folder / f"{name}.making"
        made.write_text(json.dumps({"pattern": pattern, "at_most": at_most, "fails": fails}))
        made.rename(self.folder / f"{name}.stop")
        return Stop(self.folder, name)

    @contextmanager
    def at(self, pattern: str, *, at_most: int = 1) -> Iterator[Stop]:
        stop = self.set(pattern, at_most=at_most)
        try:
            yield stop
        finally:
            stop.release()

    def clear(self) -> None:
        for file in self.folder.iterdir():
            file.unlink(missing_ok=True)


def pass_by(folder: Path, label: str) -> None:
    """Called by the programs: wait here, or fail, if a stop for this label has a place left."""
    for name in sorted(name for name in os.listdir(folder) if name.endswith(".stop")):  # noqa: PTH208  before each statement
        file = folder / name
        try:
            wanted = json.loads(file.read_text())
        except FileNotFoundError:  # released this moment
            continue
        if re.search(wanted["pattern"], label) and _takes_place(folder, file.stem, wanted["at_most"]):
            if wanted["fails"]:
                raise OperationalError("the test lets this fail")
            _wait_for_release(file)
            return


def _takes_place(folder: Path, name: str, places: int) -> bool:
    for place in range(places):
        try:
            (folder / f"{name}.taken.{place}").touch(exist_ok=False)
        except FileExistsError:
            continue
        (folder / f"{name}.at.{os.getpid()}.{threading.get_ident()}.{place}").touch()
        return True
    return False


def _wait_for_release(file: Path) -> None:
    end = time.monotonic() + LONGEST_SECONDS
    while file.exists() and time.monotonic() < end:
        time.sleep(PAUSE_SECONDS)
