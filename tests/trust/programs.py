"""The shop as programs of its own: gunicorn with several worker processes, and background workers, to be driven and killed."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import urllib.request
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

from tests.sandbox_process import wait_for
from tests.trust.stops import Stops
from tools import processes

ROOT = Path(__file__).resolve().parent.parent.parent
WEB_PROCESSES = 4
THREADS = 32  # in each process: whoever is held at a stop keeps a thread, and gunicorn accepts more than it has threads for


class ShopProgram:
    """`with ShopProgram(...) as shop:` serves the test's own database at `shop.url`.

    `broken`: guards to be without. Everything else of `environment` overrides what the tests' own settings say. The
    addresses of clients are taken from X-Forwarded-For, so that shoppers of a test can come from different places.
    `threads` 0 leaves it to gunicorn.conf.py, as in production.
    """

    def __init__(
        self, *, broken: str = "", web_processes: int = WEB_PROCESSES, threads: int = THREADS, **environment: str
    ) -> None:
        self.port = processes.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = Path(tempfile.mkdtemp(prefix="shop-program-"))
        (self.folder / "stops").mkdir()
        self.stops = Stops(self.folder / "stops")
        self.log = self.folder / "shop.log"
        self._web_processes, self._threads = web_processes, threads
        self._read_from = 0
        self._web: Popen[bytes] | None = None
        self._last_words: str | None = None
        self._workers: list[Popen[bytes]] = []
        self.environment = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "SITE_URL": self.url,
            "PORT": str(self.port),
            "TRUSTED_PROXY": "1",
            "WEB_CONCURRENCY": str(web_processes),
            "TRUST_STOPS": str(self.stops.folder),
            "TRUST_BROKEN": broken,
            "PYTHONWARNINGS": "ignore",
            **environment,
        }

    def __enter__(self) -> ShopProgram:
        self.start()
        return self

    def __exit__(self, *_failure: Any) -> None:
        self.stop()
        self._last_words = self.text
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- the web

    def start(self) -> None:
        self.log.touch()
        command = [sys.executable, "-m", "gunicorn", "tests.trust.served:application", "--graceful-timeout", "1"]
        command += ["--threads", str(self._threads)] if self._threads else []
        self._web = processes.start(command, log=self.log, env=self.environment, cwd=ROOT)
        processes.wait_until(self._answers, self._web, name="the shop", log=self.log, seconds=60)
        self.wait_for_web()

    def stop(self) -> None:
        """End everything at once: nothing is in the middle of anything that matters, unless the test wants it so."""
        self.stops.clear()
        programs = [*self._workers, *([self._web] if self._web else [])]
        processes.stop_all(programs, ending=signal.SIGTERM, seconds=5)
        self._workers, self._web = [], None

    def web_pids(self) -> list[int]:
        """The worker processes of gunicorn that are there now."""
        assert self._web
        children = Path(f"/proc/{self._web.pid}/task/{self._web.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def kill_web(self, *pids: int) -> None:
        """SIGKILL worker processes (all of them unless named), and wait until gunicorn has started others."""
        doomed = set(pids or self.web_pids())
        for pid in doomed:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not doomed & set(self.web_pids()), seconds=20, what="the end of the killed")
        self.wait_for_web()

    def wait_for_web(self) -> None:
        wait_for(lambda: len(self.web_pids()) == self._web_processes, seconds=30, what="all worker processes")
        wait_for(self._answers, seconds=30, what="an answer")

    def restart(self) -> None:
        """Kill everything, as a power cut does, and start the web again."""
        assert self._web
        processes.stop_all([*self._workers, self._web], ending=signal.SIGKILL)
        self._workers = []
        self.start()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    # ---- the background

    def start_worker(self, *options: str, **environment: str) -> Popen[bytes]:
        """A background worker that does everything every 0.2 s (unless `options` say otherwise)."""
        each = options or ("--mail-every", "0.2", "--expire-every", "0.2", "--reconcile-every", "0.2")
        return self.start_command("worker", *each, **environment)

    def start_command(self, *arguments: str, **environment: str) -> Popen[bytes]:
        """A command of manage.py, beside the web; it ends with the workers."""
        command = [sys.executable, "-m", "tests.trust.served", *arguments]
        started = processes.start(command, log=self.log, env={**self.environment, **environment}, cwd=ROOT)
        self._workers.append(started)
        return started

    def end_worker(self, worker: Popen[bytes], *, ending: int = signal.SIGKILL) -> None:
        processes.stop(worker, ending=ending)
        self._workers.remove(worker)

    def end_workers(self) -> None:
        for worker in list(self._workers):
            self.end_worker(worker, ending=signal.SIGTERM)

    # ---- what it said

    def forget(self) -> None:
        """From now on `text` begins here: with what is written from now on."""
        self._read_from = self.log.stat().st_size

    @property
    def text(self) -> str:
        """What its programs wrote, in this test; also when they have ended."""
        if self._last_words is not None:
            return self._last_words
        return self.log.read_bytes()[self._read_from :].decode(errors="replace")

    def tracebacks(self) -> list[str]:
        """The last line of every traceback in `text`."""
        return [part.strip().splitlines()[-1][:200] for part in self.text.split("Traceback (most recent call last)")[1:]]


def database_url() -> str:
    """The address of the database that this test process uses, for another process."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    parts = urlsplit(os.environ["DATABASE_URL"])
    return f"{parts.scheme}://{parts.netloc}/{name}"
