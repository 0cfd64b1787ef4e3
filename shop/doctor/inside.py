"""What needs nobody but this machine and its database: settings, tables, cache, worker, static files."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.cache import DEFAULT_CACHE_ALIAS, caches
from django.core.checks import ERROR, run_checks
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from payments.doctor import Finding, State, fine, in_short, trouble, warning
from payments.models import ReconcileRun
from shop.health import RUN_AGE, missing_migrations

OURS = ("shop.", "payments.", "orders.", "cart.", "catalog.", "promotions.", "accounts.", "money.")
OLDEST_POSTGRESQL = 150_000
MANIFEST = ManifestStaticFilesStorage.manifest_name
BUSY_MILLISECONDS = 1000
SHOWN = 3  # migrations, by name
OF_ONE_PROCESS = ("LocMemCache", "DummyCache")


def settings_are_right() -> list[Finding]:
    """The numbered checks that are the shop's own: keys and their modes, signing secrets, addresses."""
    found = []
    for message in run_checks(include_deployment_checks=True):
        if str(message.id).startswith(OURS) and not message.is_silenced():
            state = State.TROUBLE if message.is_serious(ERROR) else State.WARNING
            found.append(Finding(state, f"{message.msg} ({message.id})", message.hint or ""))
    return found or [fine("All variables are set, and agree with each other.")]


def database_is_set_up() -> list[Finding]:
    try:
        connection.ensure_connection()
        return database_findings(connection)
    except DatabaseError as error:
        mend = "See that it runs, that DATABASE_URL names it, and that its user may connect."
        return [trouble(f"The database does not answer: {in_short(error)}", mend)]


def database_findings(database: BaseDatabaseWrapper) -> list[Finding]:
    """How this connection is set up."""
    found = _of_sqlite(database) if database.vendor == "sqlite" else _of_postgresql(database)
    return found or [
        fine(f"{database.display_name} {'.'.join(map(str, database.get_database_version()))} is set up as it should be.")
    ]


def _of_sqlite(database: BaseDatabaseWrapper) -> list[Finding]:
    found = []
    journal = _one(database, "PRAGMA journal_mode")
    if journal != "wal":
        mend = (
            "Put the file of DATABASE_URL on a local disk, not in memory nor on a network share: readers wait for writers else."
        )
        found.append(trouble(f"SQLite's journal is “{journal}”, not “wal”.", mend))
    if _one(database, "PRAGMA foreign_keys") != 1:
        found.append(trouble("SQLite does not check foreign keys.", f"{_OPTIONS} PRAGMA foreign_keys=ON."))
    if int(_one(database, "PRAGMA busy_timeout")) < BUSY_MILLISECONDS:
        found.append(trouble("SQLite does not wait for other writers.", f"{_OPTIONS} a timeout of 6 seconds."))
    if getattr(database, "transaction_mode", None) != "IMMEDIATE":
        mend = f"{_OPTIONS} transaction_mode IMMEDIATE: else transactions fail under load."
        found.append(trouble("SQLite's transactions do not begin as writers.", mend))
    return found


_OPTIONS = "Let nothing override the OPTIONS of DATABASES in shop/settings.py:"


def _of_postgresql(database: BaseDatabaseWrapper) -> list[Finding]:
    found = []
    version = int(_one(database, "SHOW server_version_num"))
    if version < OLDEST_POSTGRESQL:
        found.append(trouble(f"PostgreSQL is {version // 10_000}; the shop needs 15 or newer.", "Upgrade the server."))
    isolation = _one(database, "SHOW transaction_isolation")
    if isolation != "read committed":
        mend = f"ALTER ROLE … SET default_transaction_isolation TO 'read committed'. With “{isolation}” orders fail at random."
        found.append(trouble(f"PostgreSQL's transactions are “{isolation}”, not “read committed”.", mend))
    zone = _one(database, "SHOW timezone")
    if zone != "UTC":
        found.append(
            trouble(
                f"PostgreSQL's connection is in the time zone {zone}, not UTC.",
                "Let nothing set another one after the connection.",
            )
        )
    if _one(database, "SHOW default_transaction_read_only") == "on":
        found.append(trouble("PostgreSQL takes no writes: it is a copy.", "Let DATABASE_URL name the primary server."))
    return found


def _one(database: BaseDatabaseWrapper, statement: str) -> str:
    with database.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def migrations_are_applied() -> Finding:
    missing = sorted(".".join(one) for one in missing_migrations())
    if not missing:
        return fine("All migrations are applied.")
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    return trouble(f"Not applied: {', '.join(missing[:SHOWN])}{more}.", "Run manage.py migrate.")


def cache_works() -> Finding:
    """Writes by one connection and reads by another, as two processes would."""
    name = settings.CACHES[DEFAULT_CACHE_ALIAS]["BACKEND"].rpartition(".")[2]
    if name in OF_ONE_PROCESS:
        return fine(
            "Each process has a cache of its own: enough, as nothing that matters is kept there. CACHE_URL names a shared one."
        )
    key, value = f"doctor-{secrets.token_hex(8)}", secrets.token_hex(8)
    mend = "See that CACHE_URL names a server that runs, and that its package is installed (redis); or leave it out."
    try:
        caches.create_connection(DEFAULT_CACHE_ALIAS).set(key, value, timeout=60)
        other = caches.create_connection(DEFAULT_CACHE_ALIAS)
        seen = other.get(key)
        other.delete(key)
    except Exception as error:  # each backend has errors of its own
        return trouble(f"The cache ({name}) does not work: {type(error).__name__}: {in_short(error)}", mend)
    if seen != value:
        return trouble(f"What one process writes into the cache ({name}) another does not find.", mend)
    return fine(f"All processes share one cache ({name}).")


def worker_is_alive() -> Finding:
    try:
        newest = ReconcileRun.objects.order_by("-id").first()
    except DatabaseError as error:
        return trouble(f"Not known: {in_short(error)}", "See Database and Migrations.")
    mend = "Run manage.py worker, always, beside the web processes: it sends mail, ends holds and finds what webhooks missed."
    if newest is None:
        return trouble("No worker has ever passed.", mend)
    age = timezone.now() - newest.started_at
    if age > RUN_AGE:
        return trouble(f"No worker has passed for {age // timedelta(minutes=1)} minutes.", mend)
    if newest.last_error:
        return warning(
            f"A worker passed {_ago(age)}, but could not finish: {newest.last_error}", "See Reconciliations in the admin."
        )
    return fine(f"A worker passed {_ago(age)}.")


def _ago(age: timedelta) -> str:
    return f"{max(0, age // timedelta(seconds=1))} seconds ago"


def static_files_are_collected() -> Finding:
    if settings.DEBUG:
        return fine("With DEBUG static files are found where they lie.")
    mend = "Run manage.py collectstatic --noinput once per release, into the STATIC_ROOT that the shop is started with."
    folder = Path(settings.STATIC_ROOT)
    try:
        known = json.loads((folder / MANIFEST).read_text())["paths"]
    except (OSError, ValueError, LookupError):
        return trouble(f"The static files are not collected in {folder}: every page would fail.", mend)
    wanted = {name.replace("\\", "/") for finder in get_finders() for name, _storage in finder.list(None)}
    missing = sorted(wanted - set(known)) or sorted(name for name in known.values() if not (folder / name).is_file())
    if missing:
        return trouble(f"{len(missing)} static files are missing in {folder}, {missing[0]} for one.", mend)
    return fine(f"All {len(known)} static files are collected.")
