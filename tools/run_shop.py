"""Starts the demo shop, its worker and the stand-in for Stripe together, and stops them together: `make run`.

Ends with 0 when told to stop (Ctrl-C, SIGTERM, a closed terminal), with 1 if one of the programs ended by itself, with 2 if it
could not start as asked. No process is left behind in any of these cases, nor (on Linux) when this one is killed.
"""

from __future__ import annotations

import fcntl
import re
import signal
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CalledProcessError, Popen
from typing import IO, Any

from tools.demo import ROOT, STAFF_EMAIL, Demo, Refused
from tools.processes import NotStarted, port_answers, port_is_free, start, stop_all, tail, wait_until
from tools.services import Missing, azurite_command
from tools.static_files import collected

IMPORTANT = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b|^Traceback|^[\w.]*(Error|Exception|Exit)\b")
BORING = re.compile(r"Not Found:|This is a development server")
SECONDS_TO_START = 60


class Stop(BaseException):
    """Somebody asked for the end. Not an Exception: nothing may swallow it."""


@dataclass
class Program:
    """One started program and how far its log was shown."""

    name: str
    process: Popen[bytes]
    log: Path
    shown: IO[str] = field(init=False)

    def __post_init__(self) -> None:
        self.shown = self.log.open(errors="replace")


class Supervisor:
    """Keeps the programs of a demo. One thread; programs write their logs themselves, so none waits for it."""

    def __init__(self, demo: Demo, env: dict[str, str]) -> None:
        self.demo, self.env = demo, env
        self.programs: list[Program] = []

    def start(self, name: str, *command: str | Path) -> Program:
        log = self.demo.folder / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        log.touch()
        program = Program(name, start(command, log=log, env=self.env, cwd=ROOT), log)
        self.programs.append(program)
        return program

    def wait_for(self, program: Program, ready: Any) -> None:
        wait_until(ready, program.process, name=program.name, log=program.log, seconds=SECONDS_TO_START)

    def watch(self) -> None:
        """Show what matters from the logs until a program ends by itself. Raises NotStarted then; Stop by a signal."""
        while True:
            for program in self.programs:
                self._show(program)
                if program.process.poll() is not None:
                    code, end = program.process.returncode, tail(program.log)
                    raise NotStarted(f"{program.name} ended with code {code}. The end of its log:\n{end}")
            time.sleep(0.3)

    def stop(self) -> None:
        stop_all([program.process for program in reversed(self.programs)])
        for program in self.programs:
            program.shown.close()

    def _show(self, program: Program) -> None:
        for line in program.shown:
            if IMPORTANT.search(line) and not BORING.search(line):
                say(f"{program.name}: {line.rstrip()}")


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ask_to_stop)
    supervisor = None
    try:
        demo = Demo.from_environment(reload="--reload" in sys.argv[1:])
        with _locked(demo):
            _refuse_taken_ports(demo)
            supervisor = Supervisor(demo, demo.environment())
            _run(demo, supervisor)
    except (Refused, Missing) as problem:
        say(str(problem))
        return 2
    except (NotStarted, CalledProcessError) as problem:
        say(str(problem))
        return 1
    except Stop:
        say("Stopping.")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if supervisor:
            supervisor.stop()
    say("Stopped.")
    return 0


def _run(demo: Demo, supervisor: Supervisor) -> None:
    """Start everything in order, say so, and watch. Ends only by an exception."""
    demo.mail_folder.mkdir(parents=True, exist_ok=True)
    python, env = sys.executable, supervisor.env
    _mention_dotenv()
    sandbox = supervisor.start(
        "stripe-stand-in",
        *(python, "-m", "stripe_sandbox", "--port", str(demo.sandbox_port), "--db", demo.sandbox_database),
        *("--webhook", f"{demo.shop_url}/webhooks/stripe/", "--secret", env["STRIPE_WEBHOOK_SECRETS"]),
    )
    if demo.pictures_in_azurite:
        azurite = supervisor.start("azurite", *azurite_command(demo.azurite_port, demo.folder / "azurite"))
        supervisor.wait_for(azurite, lambda: port_answers(demo.azurite_port))
    _prepare(demo, supervisor)
    if demo.reload:
        server = [python, "manage.py", "runserver", f"127.0.0.1:{demo.port}"]
    else:
        server = [python, "-m", "gunicorn", "shop.wsgi", "--bind", f"127.0.0.1:{demo.port}", "--graceful-timeout", "3"]
    shop = supervisor.start("shop", *server)
    supervisor.start("worker", python, "manage.py", "worker")
    supervisor.wait_for(sandbox, lambda: _answers(f"{demo.sandbox_url}/_sandbox/health"))
    supervisor.wait_for(shop, lambda: _answers(f"{demo.shop_url}/healthz"))
    _say_where(demo, env)
    supervisor.watch()


def _prepare(demo: Demo, supervisor: Supervisor) -> None:
    if demo.reload:
        folder = demo.folder / "static-dev"  # not used: files are found where they are edited
        folder.mkdir(exist_ok=True)
    else:
        folder = collected(supervisor.env)
    supervisor.env["STATIC_ROOT"] = str(folder)
    command = [sys.executable, "-m", "tools.prepare_shop", str(demo.folder / f"demo{demo.suffix}.loaded")]
    process = start(command, log=None, env=supervisor.env, cwd=ROOT)
    try:
        if code := process.wait():
            raise NotStarted(f"Preparing the demo failed (code {code}); see above.")
    finally:
        stop_all([process])


def _locked(demo: Demo) -> IO[str]:
    """The demo's folder for this process alone, until the file is closed or the process ends. Raises Refused."""
    demo.folder.mkdir(parents=True, exist_ok=True)
    lock = (demo.folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise Refused(f"Another `make run` is using {demo.folder}. Stop it first, or set RUN_DIR to another folder.") from None
    return lock


def _refuse_taken_ports(demo: Demo) -> None:
    if demo.port == demo.sandbox_port:
        raise Refused(f"PORT and SANDBOX_PORT are both {demo.port}: give one of them another number.")
    for name, port in demo.ports.items():
        if not port_is_free(port):
            raise Refused(f"Port {port} is in use. Choose another one: make run {name}={port + 1}")


def _mention_dotenv() -> None:
    with suppress(OSError):
        if re.search(r"^\s*STRIPE_SECRET_KEY\s*=\s*\S", (ROOT / ".env").read_text(), re.MULTILINE):
            say("Note: this demo uses its stand-in for Stripe, not the account in .env (for that see docs/deploy.md).")


def _say_where(demo: Demo, env: dict[str, str]) -> None:
    rows = [
        ("Shop", f"{demo.shop_url}/"),
        ("Admin", f"{demo.shop_url}/admin/"),
        ("  sign in with", f"{STAFF_EMAIL}  {env['DEMO_STAFF_PASSWORD']}"),
        ("Stripe stand-in", f"{demo.sandbox_url}/"),
        ("Mails", f"{_short(demo.mail_folder)}/ (one file each)"),
        ("Logs", f"{_short(demo.folder / 'logs')}/"),
    ]
    lines = [f"  {name:<17}{value}" for name, value in rows]
    rule = "─" * max(map(len, lines))
    say("\n".join(["", rule, *lines, rule, "  Pay with card 4242 4242 4242 4242. Ctrl-C stops everything.", ""]))


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def _ask_to_stop(_number: int, _frame: object) -> None:
    raise Stop


def say(text: str) -> None:
    with suppress(OSError):  # the terminal may be gone
        print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
