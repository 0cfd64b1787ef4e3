"""Starting and ending other programs so that none of them outlives the one that started it (standard library only)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1  # prctl(2); Linux only
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class NotStarted(Exception):
    """A program ended, or did not answer in time. The text says which and shows the end of its log."""


def start(
    command: Sequence[str | Path],
    *,
    log: Path | None,
    env: Mapping[str, str] | None = None,
    ending: int = signal.SIGTERM,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own, its output going to `log` (None: to the terminal).

    A Ctrl-C in the terminal does not reach it: whoever started it ends it with `stop`. On Linux the kernel sends it `ending`
    if its starter is killed. Call from the main thread: the kernel watches the thread that starts it.
    """
    with log.open("ab") if log else contextlib.nullcontext() as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if log else None,
            env=dict(env) if env is not None else None,
            process_group=0,
            preexec_fn=_die_with_parent(ending),
            **options,
        )


def stop(process: subprocess.Popen[bytes], *, ending: int = signal.SIGTERM, seconds: float = 10) -> None:
    stop_all([process], ending=ending, seconds=seconds)


def stop_all(processes: Sequence[subprocess.Popen[bytes]], *, ending: int = signal.SIGTERM, seconds: float = 10) -> None:
    """End processes started with `start`, with their groups, all at once; kill what is left after `seconds`."""
    for process in processes:
        _signal_group(process.pid, ending)
    end = time.monotonic() + seconds
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, end - time.monotonic()))
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    """A port of the loopback address that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def keep_port() -> socket.socket:
    """A port that nobody gets before the socket is closed, but a server that names it (and sets SO_REUSEADDR, as they do).

    A port that is only free now may soon be the near end of somebody's connection.
    """
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    return kept


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def port_answers(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((host, port)) == 0


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], *, name: str, log: Path, seconds: float) -> None:
    """Return once `ready()` is true. Raises NotStarted if the process ends first or `seconds` pass."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise NotStarted(f"{name} ended with code {process.returncode}.\n{tail(log)}")
        if ready():
            return
        time.sleep(0.05)
    raise NotStarted(f"{name} did not answer within {seconds:.0f} s.\n{tail(log)}")


def tail(log: Path, characters: int = 3000) -> str:
    with contextlib.suppress(OSError):
        return log.read_text(errors="replace")[-characters:]
    return ""


def is_running(pid: int, started: int) -> bool:
    """Is the process `pid` still the one that began at `started` (see `start_time`), and not a later one of that number?"""
    return start_time(pid) == started


def start_time(pid: int) -> int:
    """When a process began, in clock ticks since boot; 0 if there is none. Elsewhere than on Linux: 1 while it runs."""
    try:
        os.kill(pid, 0)
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except FileNotFoundError:
        return 1 if sys.platform != "linux" else 0
    except (ProcessLookupError, PermissionError, ValueError):
        return 0


def _die_with_parent(ending: int) -> Callable[[], None] | None:
    if _libc is None:
        return None
    prctl = _libc.prctl  # looked up before the fork
    return lambda: prctl(PR_SET_PDEATHSIG, ending)


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
