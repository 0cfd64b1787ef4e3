"""`make run`: everything starts together, and nothing is left when it ends, however it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings

from tests.sandbox_process import wait_for
from tools.processes import free_port, port_answers

pytestmark = pytest.mark.timeout(240)


class Run:
    """A `make run` of its own: a folder, ports and a catalogue of one product."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.sandbox_port = folder, free_port(), free_port()
        self.output = folder.parent / "output"

    def start(self, **changes: str) -> subprocess.Popen[bytes]:
        chosen = {"PORT": str(self.port), "SANDBOX_PORT": str(self.sandbox_port), "RUN_DIR": str(self.folder)}
        env = {**os.environ, "DEMO_PRODUCTS": "1", **chosen, **changes}
        with self.output.open("wb") as output:
            command = [sys.executable, "-m", "tools.run_shop"]
            return subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, stdout=output, stderr=subprocess.STDOUT)

    def start_and_wait(self, **changes: str) -> subprocess.Popen[bytes]:
        process = self.start(**changes)
        wait_for(lambda: "Ctrl-C" in self.text or process.poll() is not None, seconds=120, what="the start")
        assert process.poll() is None, self.text
        return process

    @property
    def text(self) -> str:
        return self.output.read_text()

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            return answer.read().decode()

    def programs(self) -> list[int]:
        """The processes of this run that are there, found by the folder or port in their command or environment."""
        marks = (str(self.folder).encode(), f"127.0.0.1:{self.port}".encode())
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            except OSError:
                continue
            if any(mark in text for mark in marks) and int(process.name) != os.getpid():
                found.append(int(process.name))
        return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all, so that the catalogue is drawn once; each test has ports of its own."""
    return tmp_path_factory.mktemp("demo") / "run"


@pytest.fixture
def run(folder):
    run = Run(folder)
    yield run
    for pid in run.programs():  # a failed test leaves nothing either
        os.kill(pid, signal.SIGKILL)


def test_it_starts_everything_and_leaves_nothing_after_ctrl_c(run):
    process = run.start_and_wait()
    assert "ok" in run.get("/healthz")
    assert run.get("/readyz") == '{"ready": true, "reasons": []}'
    assert "/static/" in run.get("/")
    assert port_answers(run.sandbox_port)
    for expected in (f"http://127.0.0.1:{run.port}/admin/", f"http://127.0.0.1:{run.sandbox_port}/", "staff@shop.test"):
        assert expected in run.text
    assert stat.S_IMODE((run.folder / "secrets.json").stat().st_mode) == 0o600
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0, run.text
    assert "Traceback" not in run.text
    assert run.programs() == []


def test_it_starts_again_with_what_was_there(run):
    run.start_and_wait().send_signal(signal.SIGTERM)
    wait_for(lambda: run.programs() == [], seconds=30, what="the end")
    first = re.findall(r"staff@shop.test\s+(\S+)", run.text)
    process = run.start_and_wait()
    assert "loading" not in run.text
    assert re.findall(r"staff@shop.test\s+(\S+)", run.text) == first
    process.send_signal(signal.SIGHUP)  # the terminal was closed
    assert process.wait(30) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program that its starter was killed")
def test_it_leaves_nothing_when_it_is_killed(run):
    process = run.start_and_wait()
    process.kill()
    process.wait()
    wait_for(lambda: run.programs() == [], seconds=30, what="the end of every program")


def test_it_stops_everything_when_one_program_dies(run):
    process = run.start_and_wait()
    worker = [pid for pid in run.programs() if b"manage.py\0worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(worker[0], signal.SIGKILL)
    assert process.wait(30) == 1
    assert "worker ended with code -9" in run.text
    assert run.programs() == []


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_it_names_a_port_that_is_taken(run, name):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = run.start(**{name: str(port)})
        assert process.wait(30) == 2
    assert run.text.strip() == f"Port {port} is in use. Choose another one: make run {name}={port + 1}"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"PORT": "eight"}, "PORT=eight is not a port"),
        ({"SANDBOX_PORT": "70000"}, "SANDBOX_PORT=70000 is not a port"),
        ({"PORT": "8000", "SANDBOX_PORT": "8000"}, "PORT and SANDBOX_PORT are both 8000"),
        ({"IMAGES": "aws"}, "IMAGES=aws is not known"),
    ],
)
def test_it_refuses_what_makes_no_sense_in_one_sentence(run, changes, sentence):
    assert run.start(**changes).wait(30) == 2
    assert sentence in run.text
    assert run.text.count("\n") == 1


def test_it_touches_no_real_shop(run):
    """Whatever the environment names: a demo has a database, keys and a storage of its own."""
    from tools.demo import Demo

    for name, value in {"PORT": str(run.port), "RUN_DIR": str(run.folder)}.items():
        os.environ[name] = value
    run.folder.mkdir(exist_ok=True)
    try:
        env = Demo.from_environment(reload=False).environment()
    finally:
        del os.environ["PORT"], os.environ["RUN_DIR"]
    assert env["DATABASE_URL"] == f"sqlite:///{run.folder}/shop.sqlite3"
    assert env["STRIPE_API_BASE"] == "http://127.0.0.1:12111"
    assert env["STRIPE_SECRET_KEY"].startswith("sk_test_")
    assert env["STRIPE_SECRET_KEY"] != settings.STRIPE_SECRET_KEY
    assert env["AZURE_STORAGE_CONNECTION_STRING"] == ""
