"""The servers that are measured: one gunicorn each, one worker process on a processor core of its own."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

from tools.demo import Demo
from tools.processes import free_port, port_answers, start, stop, wait_until
from tools.static_files import collected

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1024.0


@dataclass(frozen=True)
class Memory:
    """A process in MiB: `rss` counts shared pages whole, `pss` by its share, `own` is what it wrote itself."""

    rss: float
    pss: float
    own: float


@dataclass
class Site:
    """A running site. `secret` signs its webhooks; `found` are its addresses, for a shop."""

    name: str
    port: int
    process: Popen[bytes]
    secret: str = ""
    found: dict[str, Any] | None = None

    @property
    def worker(self) -> int:
        """The process that answers; gunicorn's own only watches it."""
        pid = self.process.pid
        (only,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(only)

    def cpu(self) -> float:
        """Seconds of processor time the worker has used."""
        fields = Path(f"/proc/{self.worker}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> Memory:
        lines = Path(f"/proc/{self.worker}/smaps_rollup").read_text().splitlines()[1:]
        kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        return Memory(kib["Rss"] / MIB, kib["Pss"] / MIB, kib["Private_Dirty"] / MIB)


def split_cores() -> tuple[set[int], set[int]]:
    """One core for the site that is measured, the others for everybody else; the same ones where there is only one."""
    mine = sorted(os.sched_getaffinity(0))
    return {mine[0]}, set(mine[1:]) or {mine[0]}


def shop_environment(folder: Path, *, database: str, stripe: str) -> dict[str, str]:
    """The demo's environment, with a proxy in front (each shopper comes from an address of their own)."""
    folder.mkdir(parents=True, exist_ok=True)
    demo = Demo(port=free_port(), sandbox_port=1, azurite_port=1, pictures_in_azurite=False, folder=folder, reload=False)
    changed = {"DATABASE_URL": database, "STRIPE_API_BASE": stripe, "TRUSTED_PROXY": "1", "LOG_LEVEL": "WARNING"}
    changed["PAGE_CACHE_SECONDS"] = "0"  # every page is made anew, but for the site of keeping_pages()
    return demo.environment() | changed | {"STATIC_ROOT": str(collected(demo.environment()))}


def keeping_pages(env: dict[str, str]) -> dict[str, str]:
    """The environment of the same shop beside it, which makes each page of the catalogue once and keeps it."""
    return env | {"PAGE_CACHE_SECONDS": "3600", "PORT": str(free_port())}


def bare_environment(*, database: str) -> dict[str, str]:
    system = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return system | {"DATABASE_URL": database, "SECRET_KEY": secrets.token_urlsafe(60), "PORT": str(free_port())}


def _has_worker(pid: int) -> bool:
    """gunicorn listens a moment before its worker process is there."""
    return bool(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


@contextmanager
def served(name: str, wsgi: str, env: dict[str, str], *, core: set[int], log: Path) -> Iterator[Site]:
    """Serve `wsgi` with the shop's own gunicorn.conf.py. Raises NotStarted."""
    env = env | {"WEB_CONCURRENCY": "1"}
    # A worker that begins anew in the middle would be noise: --max-requests 0, for all alike.
    process = start([sys.executable, "-m", "gunicorn", wsgi, "--max-requests", "0"], log=log, env=env, cwd=ROOT)
    os.sched_setaffinity(process.pid, core)
    port = int(env["PORT"])
    try:
        wait_until(lambda: port_answers(port) and _has_worker(process.pid), process, name=name, log=log, seconds=60)
        yield Site(name, port, process, secret=env.get("STRIPE_WEBHOOK_SECRETS", ""))
    finally:
        stop(process)


def inside(env: dict[str, str], verb: str, *words: str) -> Any:
    """Run a verb of bench/inside.py with a shop's environment. Raises CalledProcessError."""
    command = [sys.executable, "-m", "bench.inside", verb, *words]
    return json.loads(subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, check=True).stdout)
