"""Fixtures for every test: the database, people, races, a running shop and its stand-in for Stripe."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.db import connection, connections, transaction
from django.test import Client, TransactionTestCase
from pytest_django.live_server_helper import LiveServer
from whitenoise import WhiteNoise

from tests import people

pytest_plugins = ["tests.stripe_fixtures"]

# No test fails because the machine is busy: how fast things are is for `make bench`.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A database per worker; on SQLite a real file with the options of production, so that threads truly race."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw")
    database = settings.DATABASES["default"]
    name = f"test_shop_{worker}"
    if database["ENGINE"].endswith("sqlite3"):
        name = str(tmp_path_factory.mktemp("database") / f"{name}.sqlite3")
    database.setdefault("TEST", {})["NAME"] = name
    connections["default"].settings_dict.setdefault("TEST", {})["NAME"] = name


@pytest.fixture
def ada(db: None) -> Any:
    return people.ada()


@pytest.fixture
def grace(db: None) -> Any:
    return people.grace()


@pytest.fixture
def mallory(db: None) -> Any:
    return people.mallory()


@pytest.fixture
def ada_client(ada: Any) -> Client:
    return _signed_in(ada)


@pytest.fixture
def grace_client(grace: Any) -> Client:
    return _signed_in(grace)


@pytest.fixture
def mallory_client(mallory: Any) -> Client:
    return _signed_in(mallory)


@pytest.fixture
def race(transactional_db: None) -> Callable[..., list[Any]]:
    """`race(f, g, h)` runs the calls at the same instant, each in a thread with a connection of its own.

    Returns what they returned, in the order given; a call that raised is represented by its exception.
    """
    return run_race


def run_race(*calls: Callable[[], Any]) -> list[Any]:
    barrier, outcomes = Barrier(len(calls)), [None] * len(calls)

    def runner(place: int, call: Callable[[], Any]) -> None:
        try:
            connections["default"].ensure_connection()
            barrier.wait(30)
            outcomes[place] = call()
        except Exception as error:
            outcomes[place] = error
        finally:
            connections.close_all()

    threads = [Thread(target=runner, args=each, daemon=True) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a call of the race hangs"
    return outcomes


class _OnKeptPort(ThreadedWSGIServer):
    """Django's, on a port that tests/services_plugin.py holds until a test asks for the server."""

    def __init__(self, *args: Any, allow_reuse_address: bool, **options: Any) -> None:
        super().__init__(*args, allow_reuse_address=True, **options)


@pytest.fixture(scope="session")
def live_server() -> Iterator[LiveServer]:
    """The shop on a real port (settings.SITE_URL), with static files and pictures served as in production.

    pytest-django's own puts Django's development handlers in front, which do not know hashed names.
    """
    server = LiveServer(os.environ["DJANGO_LIVE_TEST_SERVER_ADDRESS"], start=False)
    server.thread.static_handler = lambda _media_handler: WSGIHandler()
    server.thread.server_class = _OnKeptPort
    server.start()
    yield server
    server.stop()


@pytest.fixture
def azurite() -> str:
    """The connection string of a running Azurite, shared by all tests: use a container or names of your own."""
    return os.environ["SHOP_TEST_AZURITE"]


@pytest.fixture(scope="session")
def shared_stripe() -> Path:
    """The folder with Stripe's API description. The test is skipped where it is not there; never in CI."""
    folder = Path(settings.BASE_DIR).parent / "shared" / "stripe"
    if not folder.exists():
        assert not os.environ.get("CI"), f"{folder} is missing in CI"
        pytest.skip(f"{folder} is not here")
    return folder


def _signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Half a second for each password is right for a shop, and wrong for two thousand tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session", autouse=True)
def static_files_are_read_once() -> None:
    """Every test client starts the middleware anew, and WhiteNoise looks through all static files each time."""
    look, seen = WhiteNoise.update_files_dictionary, {}

    def look_once(self: WhiteNoise, root: str, prefix: str) -> None:
        if (root, prefix) not in seen:
            look(self, root, prefix)
            seen[root, prefix] = dict(self.files)
        self.files.update(seen[root, prefix])

    WhiteNoise.update_files_dictionary = look_once


@pytest.fixture(scope="session", autouse=True)
def tables_are_emptied_quickly() -> None:
    """Django empties every table after a test that commits, and makes permissions and content types anew: a tenth of a second.

    Here the rows of those two stay, and of the others only those tables are emptied that have rows.
    """
    TransactionTestCase._fixture_teardown = lambda _test: _empty_tables()


def _empty_tables() -> None:
    stay = {"django_content_type", "auth_permission"}
    tables = sorted(set(connection.introspection.django_table_names(include_views=False)) - stay)
    some = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables)  # noqa: S608
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(some)
        for (table,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608
