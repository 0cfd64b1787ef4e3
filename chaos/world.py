"""Everything that a run needs, started together and stopped together: database, mail server, stand-in for Stripe, the shop."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.plan import Options
from chaos.programs import Programs
from tests.mail_server import MailServer
from tests.sandbox_process import Sandbox
from tools.demo import ROOT, Demo
from tools.processes import free_port
from tools.services import Postgres
from tools.static_files import collected


@dataclass
class World:
    folder: Path
    env: dict[str, str]
    mail: MailServer
    sandbox: Sandbox
    programs: Programs
    found: dict[str, Any]  # by chaos/inside.py: variants, staff, password

    def inside(self, verb: str, *words: str) -> Any:
        return inside(self.env, verb, *words, log=self.programs.log)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)

    def audit(self) -> dict[str, Any]:
        """Raises RuntimeError with what it said if it did not come to an end."""
        done = self.manage("audit", "--json")
        if done.returncode > 1 or not done.stdout:
            raise RuntimeError(f"The audit failed:\n{done.stderr[-2000:]}")
        return json.loads(done.stdout)


@contextmanager
def running(options: Options) -> Iterator[World]:
    """The whole shop with nothing sold yet, and Stripe's events on their way to it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        folder.chmod(0o755)  # PostgreSQL's account looks for its programs from here
        database = f"sqlite:///{folder}/shop.sqlite3"
        if options.database == "postgres":
            database = stack.enter_context(Postgres()).url
        mail = stack.enter_context(MailServer())
        mail.says_errors = False  # senders are killed in the middle of a sentence
        env = environment(folder, options, database=database, mail_port=mail.port)
        sandbox = Sandbox(db=folder / "sandbox.sqlite3", secret=env["STRIPE_WEBHOOK_SECRETS"], webhook=webhook(env))
        stack.enter_context(sandbox.running())
        env |= {"STRIPE_API_BASE": sandbox.url, "STRIPE_JS_URL": f"{sandbox.url}/stripe.js"}
        found = inside(env, "prepare", str(options.staff))
        programs = Programs(env, folder, workers=options.workers, reconcile_every=options.reconcile_every)
        stack.callback(programs.stop)
        programs.start()
        yield World(folder, env, mail, sandbox, programs, found)


def environment(folder: Path, options: Options, *, database: str, mail_port: int) -> dict[str, str]:
    """The demo's, which is production's, with a proxy in front: each shopper comes from an address of their own."""
    demo = Demo(port=free_port(), sandbox_port=1, azurite_port=1, pictures_in_azurite=False, folder=folder, reload=False)
    env = demo.environment()
    stops = folder / "stops"
    stops.mkdir()
    return env | {
        "DATABASE_URL": database,
        "STATIC_ROOT": str(collected(env)),
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
        "TRUSTED_PROXY": "1",
        "PAYMENT_WAYS": ",".join(options.ways),
        "WEB_CONCURRENCY": str(options.web),
        "LOG_LEVEL": "WARNING",
        "TRUST_STOPS": str(stops),
        "PYTHONWARNINGS": "ignore",
    }


def webhook(env: dict[str, str]) -> str:
    return f"{env['SITE_URL']}/webhooks/stripe/"


def inside(env: dict[str, str], verb: str, *words: str, log: Path | None = None) -> Any:
    """Run a verb of chaos/inside.py; what it complains of goes to `log`. Raises CalledProcessError."""
    command = [sys.executable, "-m", "chaos.inside", verb, *words]
    with log.open("a") if log else nullcontext() as complaints:
        done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=complaints, check=True)
    return json.loads(done.stdout)
