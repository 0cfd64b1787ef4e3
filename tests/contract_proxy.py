"""stripe_contract.py as a proxy before a server: every exchange is checked against Stripe's description of its API."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from subprocess import Popen
from typing import Any

from tools import processes

FOLDER = Path(__file__).resolve().parent.parent.parent / "shared" / "stripe"
START_SECONDS = 30
SIDES = ("request", "response", "event")


class ContractProxy:
    """Start it, send everything to `url` instead of `upstream`, stop it, and read what was wrong.

    With `secret` it checks the signatures of webhooks, too. Ask `exchanges()`: no errors in nothing proves nothing.
    """

    def __init__(self, *, upstream: str, port: int | None = None, report: Path | str | None = None, secret: str = "") -> None:
        self.upstream, self.secret = upstream, secret
        self.port = port or processes.free_port()
        self.report = Path(report) if report else Path(tempfile.mkdtemp(prefix="contract-")) / "report.jsonl"
        self.log = self.report.with_suffix(".log")
        self.process: Popen[bytes] | None = None

    @staticmethod
    def is_available() -> bool:
        """Whether the description of the API is here."""
        return (FOLDER / "stripe_contract.py").exists()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> str:
        """Start it and wait until it answers; returns its address."""
        self.report.write_text("")
        self.log.write_text("")
        command = [sys.executable, FOLDER / "stripe_contract.py", "--spec", FOLDER / "spec3.pruned.json", "--quiet"]
        command += ["--listen", f"127.0.0.1:{self.port}", "--upstream", self.upstream, "--report", self.report]
        command += ["--secret", self.secret] if self.secret else []
        self.process = processes.start([str(part) for part in command], log=self.log)
        listening = lambda: processes.port_answers(self.port)  # noqa: E731
        processes.wait_until(listening, self.process, name="the contract proxy", log=self.log, seconds=START_SECONDS)
        return self.url

    def stop(self) -> None:
        if self.process:
            processes.stop(self.process)
            self.process = None

    def checked(self) -> list[dict[str, Any]]:
        """The exchanges with the API, and the events, that were compared with the description."""
        lines = [json.loads(line) for line in self.report.read_text().splitlines()]
        return [line for line in lines if "request" in line or "event" in line]

    def exchanges(self) -> int:
        """How many there were."""
        return len(self.checked())

    def findings(self, level: str, sides: tuple[str, ...] = SIDES) -> list[str]:
        """What was found at a level, as sentences."""
        found = []
        for line in self.checked():
            name = line.get("endpoint") or line.get("type") or line["path"]
            for side in sides:
                for entry in line.get(side) or []:
                    if entry["level"] == level:
                        place = f"{line['method']} {name} {line.get('status')} {side}"
                        found.append(f"{place}: {entry['code']} {entry['where']}: {entry['message']}")
        return found

    def errors(self, sides: tuple[str, ...] = SIDES) -> list[str]:
        """What Stripe would refuse (request), or never send (response, event)."""
        return self.findings("error", sides)

    def warnings(self, sides: tuple[str, ...] = SIDES) -> list[str]:
        """What Stripe does otherwise, such as leaving out a field that it always sends."""
        return self.findings("warning", sides)
