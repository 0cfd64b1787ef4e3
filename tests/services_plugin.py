"""Starts what the tests need and sets the environment, before pytest-django imports the settings.

That is why this is a plugin named in pyproject.toml and not a conftest: those are read too late. Options are environment
variables, `TEST_DATABASE` (sqlite or postgres) or `--database`.

Azurite (one for all workers) and PostgreSQL run as real servers. The addresses of this process's shop and of its stand-in for
Stripe are chosen here, because the settings want to know them; tests/conftest.py starts them when a test asks.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import TypeVar

import pytest

from tools.processes import keep_port
from tools.services import Azurite, Missing, Postgres, Service
from tools.static_files import collected

Kind = TypeVar("Kind", bound=Service)
IN_WORKER = "PYTEST_XDIST_WORKER" in os.environ
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server"}
_running: list[Service] = []
_ports: list[socket.socket] = []  # of this process's shop and stand-in, which may start late
_folder: tempfile.TemporaryDirectory[str] | None = None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=["sqlite", "postgres"],
        default=os.environ.get("TEST_DATABASE", "sqlite"),
        help="sqlite (default), or postgres: a server of its own, and only the tests that use the database",
    )
    parser.addoption(
        "--way",
        choices=["hosted", "embedded", "element"],
        default="hosted",
        help="how shoppers pay in the tests that do not choose; with embedded: only the tests with such a shopper",
    )
    parser.addoption("--long", action="store_true", help="the long variants too: many rounds (make test-long)")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    options = parser.parse_known_args(args)
    if options.help or options.version:
        os.environ.setdefault("DEBUG", "1")
        return
    try:
        _set_environment(database=options.database, way=options.way, collect=not options.collectonly)
    except Missing as problem:
        raise pytest.UsageError(str(problem)) from None


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {config.getoption('database')} ({os.environ['DATABASE_URL'].partition('?')[0]})"


@pytest.hookimpl(tryfirst=True)  # before -m is applied
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the browser tests, and keep what is wanted."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")
    wanted = {item: _is_wanted(item, config) for item in items}
    config.hook.pytest_deselected(items=[item for item in items if not wanted[item]])
    items[:] = [item for item in items if wanted[item]]


def compares(config: pytest.Config) -> bool:
    """Whether exchanges are compared with Stripe's API description: no database changes what is said, so on one is enough."""
    return config.getoption("database") == "sqlite" or bool(config.getoption("long"))


def count_contract_checks(name: str, *, seen: int, errors: int) -> None:
    """Note, from whichever worker, how many exchanges were compared with Stripe's API description."""
    with Path(os.environ["SHOP_TEST_FOLDER"], "contract").open("a") as counts:
        counts.write(f"{name} {seen} {errors}\n")


def contract_checks() -> dict[str, int]:
    """Exchanges compared so far, by the place where they were seen."""
    counts: dict[str, int] = {"api": 0, "webhooks": 0}
    file = Path(os.environ["SHOP_TEST_FOLDER"], "contract")
    for line in file.read_text().splitlines() if file.exists() else []:
        name, seen, _errors = line.split()
        counts[name] += int(seen)
    return counts


def unchecked(config: pytest.Config) -> list[str]:
    """In CI: where nothing was compared with Stripe's description, though a whole run passes there. Elsewhere nothing."""
    if not os.environ.get("CI") or config.option.collectonly:
        return []
    if not compares(config):
        return []
    seen = contract_checks()
    delivers = config.getoption("way") == "hosted"  # else only tests that post what the stand-in would send
    return [place for place in ("api", *(["webhooks"] if delivers else [])) if not seen[place]]


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not IN_WORKER and not session.exitstatus and unchecked(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if compares(config):
        counts = contract_checks()
        told = f"{counts['api']} calls, {counts['webhooks']} webhooks"
        terminalreporter.write_line(f"Compared with Stripe's API description: {told}")
    for place in unchecked(config):
        terminalreporter.write_line(f"FAILED: nothing was compared at {place}, so the run proves nothing about it", red=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    while _running:
        _running.pop().__exit__()
    if _folder:
        _folder.cleanup()


def _is_wanted(item: pytest.Item, config: pytest.Config) -> bool:
    """Long tests by --long only; on PostgreSQL what touches the database, the rest was run on SQLite already."""
    long, postgres = config.getoption("long"), config.getoption("database") == "postgres"
    if item.get_closest_marker("long") and not long:
        return False
    if item.get_closest_marker("same_on_both") and postgres and not long:
        return False
    only = item.get_closest_marker("only_on")
    if only and config.getoption("database") not in only.args:
        return False
    way = config.getoption("way")
    if way != "hosted" and not _pays_in(way, item):
        return False
    return not postgres or _uses_database(item)


def _pays_in(way: str, item: pytest.Item) -> bool:
    """Whether its shopper pays in the way that --way names, and not in one of the test's own choosing."""
    fixtures = set(getattr(item, "fixturenames", ()))
    return "shopper" in fixtures and "payer" not in fixtures and not (way == "element" and item.get_closest_marker("session"))


def _uses_database(item: pytest.Item) -> bool:
    return bool(DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())) or item.get_closest_marker("django_db"))


def _set_environment(*, database: str, way: str, collect: bool) -> None:
    """The environment of a shop in production, as far as it goes, on addresses that are free."""
    global _folder
    _folder = tempfile.TemporaryDirectory(prefix="shop-tests-")
    _ports.extend((keep_port(), keep_port()))
    shop, stripe = ("{}:{}".format(*kept.getsockname()) for kept in _ports)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "shop.settings",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # playwright keeps an event loop in the thread of the tests
        "DJANGO_LIVE_TEST_SERVER_ADDRESS": shop,
        "DEBUG": "0",
        "SECRET_KEY": "only-for-tests-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
        "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
        "SITE_URL": f"http://{shop}",
        "TRUSTED_PROXY": "0",
        "EMAIL_URL": "memorymail://",
        "DEFAULT_FROM_EMAIL": "shop@shop.test",
        "SHOP_NAME": "Strata Prints",
        "SHOP_CURRENCY": "EUR",
        "STRIPE_SECRET_KEY": "sk_test_only_for_tests_0123456789",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_only_for_tests_0123456789",
        "STRIPE_WEBHOOK_SECRETS": "whsec_only_for_tests_0123456789",
        "STRIPE_API_BASE": f"http://{stripe}",
        "STRIPE_JS_URL": f"http://{stripe}/stripe.js",
        "AZURE_STORAGE_CONNECTION_STRING": "",
        "AZURE_STORAGE_ACCOUNT": "",
        "AZURE_STORAGE_CONTAINER": "media",
        "AZURE_CDN_BASE_URL": "",
        "MEDIA_ROOT": str(Path(_folder.name) / "media"),
        "PAYMENT_WAYS": way if way == "hosted" else f"{way},hosted",
        "ORDER_HOLD_MINUTES": "32",
        "PAGE_CACHE_SECONDS": "0",  # tests change things and look at once; those of the cache turn it on
        "LOG_LEVEL": "INFO",
    }
    if not IN_WORKER:
        _start_services(database=database, collect=collect)


def _start_services(*, database: str, collect: bool) -> None:
    assert _folder
    os.environ["SHOP_TEST_FOLDER"] = _folder.name  # all processes of the run share it
    os.environ["DATABASE_URL"] = f"sqlite:///{_folder.name}/shop.sqlite3"
    if not collect:
        return
    if database == "postgres":
        os.environ["DATABASE_URL"] = _started(Postgres()).url
    os.environ["SHOP_TEST_AZURITE"] = _started(Azurite()).connection_string
    os.environ["STATIC_ROOT"] = str(collected())
    sys.stdout.flush()


def _started(service: Kind) -> Kind:
    service.__enter__()
    _running.append(service)
    return service
