"""The shop's own programs, gunicorn and background workers, to be killed and started again. Call from the main thread only."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import urllib.request
from pathlib import Path
from subprocess import Popen

from tests.trust.stops import Stop, Stops
from tools import processes

ROOT = Path(__file__).resolve().parent.parent
PAUSE = 0.02


class Programs:
    """`env` is the whole environment of the shop; its PORT and TRUST_STOPS are those that are used here."""

    def __init__(self, env: dict[str, str], folder: Path, *, workers: int, reconcile_every: float) -> None:
        self.env, self.log = env, folder / "shop.log"
        self.url = env["SITE_URL"]
        self.stops = Stops(Path(env["TRUST_STOPS"]))
        self.ended: list[str] = []  # programs that ended though nobody killed them
        self._every = ["--mail-every", "0.3", "--expire-every", "1", "--reconcile-every", str(reconcile_every)]
        self._web: Popen[bytes] | None = None
        self._workers: list[Popen[bytes] | None] = [None] * workers

    def start(self) -> None:
        self.log.touch()
        self.start_web()
        for number in range(len(self._workers)):
            self._start_worker(number)

    def start_web(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "tests.trust.served:application", "--graceful-timeout", "1"]
        self._web = processes.start(command, log=self.log, env=self.env, cwd=ROOT)
        processes.wait_until(self.answers, self._web, name="the shop", log=self.log, seconds=60)

    def _start_worker(self, number: int) -> None:
        command = [sys.executable, "-m", "tests.trust.served", "worker", *self._every]
        self._workers[number] = processes.start(command, log=self.log, env=self.env, cwd=ROOT)

    def web_pids(self) -> list[int]:
        """The processes that answer, in the order of their numbers."""
        assert self._web
        with contextlib.suppress(OSError):
            return sorted(int(pid) for pid in Path(f"/proc/{self._web.pid}/task/{self._web.pid}/children").read_text().split())
        return []

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    # ---- kills

    def kill_web(self, *pids: int) -> None:
        """SIGKILL some of the processes that answer; gunicorn starts others."""
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_master(self) -> None:
        """SIGKILL gunicorn itself; a moment later, as a power cut does, what it left behind; and start it again."""
        assert self._web
        os.kill(self._web.pid, signal.SIGKILL)
        time.sleep(PAUSE)
        processes.stop(self._web, ending=signal.SIGKILL)
        self.start_web()

    def kill_worker(self, number: int) -> None:
        """SIGKILL a background worker, and start another."""
        worker = self._workers[number % len(self._workers)]
        assert worker
        processes.stop(worker, ending=signal.SIGKILL)
        self._start_worker(number % len(self._workers))

    def kill_pid(self, pid: int) -> str:
        """SIGKILL whichever of ours this is; answers what it was."""
        for number, worker in enumerate(self._workers):
            if worker and worker.pid == pid:
                self.kill_worker(number)
                return "background"
        self.kill_web(pid)
        return "web"

    def kill_at(self, places: tuple[str, ...], *, seconds: float) -> str:
        """Wait until a process has come by each of the places, and kill it at the last; answers what it was.

        Empty if nobody came in time.
        """
        stop = self.stops.set(places[0])
        try:
            for place in places[1:]:
                if not _held(stop, seconds):
                    return ""
                following = self.stops.set(place)
                stop.release()
                stop = following
            held = _held(stop, seconds)
            return self.kill_pid(held[0]) if held else ""
        finally:
            self.stops.clear()

    def watch(self) -> None:
        """Start again what ended by itself, and remember it."""
        for number, worker in enumerate(self._workers):
            if worker and worker.poll() is not None:
                self.ended.append(f"A background worker ended with code {worker.returncode}")
                self._start_worker(number)
        if self._web and self._web.poll() is not None:
            self.ended.append(f"gunicorn ended with code {self._web.returncode}")
            self.start_web()

    # ---- the end

    def end_workers(self) -> None:
        processes.stop_all([worker for worker in self._workers if worker], ending=signal.SIGTERM)
        self._workers = [None] * len(self._workers)

    def stop(self) -> None:
        self.stops.clear()
        processes.stop_all([program for program in [*self._workers, self._web] if program], seconds=3)
        self._workers, self._web = [None] * len(self._workers), None


def _held(stop: Stop, seconds: float) -> list[int]:
    end = time.monotonic() + seconds
    while not (held := stop.held()) and time.monotonic() < end:
        time.sleep(PAUSE)
    return held
