"""The doctor and everything but Stripe: each thing is broken for real, and the sentence is read."""

from __future__ import annotations

import io
import json
import secrets
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from payments.doctor import Finding, State, fine, our_endpoint
from payments.models import ReconcileRun
from shop import settings as shop_settings
from shop.doctor import inside
from shop.doctor.examine import checks, examine
from shop.doctor.mail import mail_goes_out
from shop.doctor.storage import storage_is_public
from tests.mail_server import LOCKED, REFUSE, MailServer
from tools.processes import free_port
from tools.services import azurite_connection_string


def assert_trouble(finding: Finding, says: str, *, mend: str = "") -> None:
    assert says in finding.says
    assert mend in finding.mend
    assert (finding.state, bool(finding.mend)) == (State.TROUBLE, True)


def assert_fine(*findings: Finding) -> None:
    assert [(finding.state, finding.mend) for finding in findings] == [(State.OK, "")], findings


# -- Running them


def test_one_that_hangs_or_fails_stops_no_other():
    hangs = threading.Event()

    def fails() -> Finding:
        raise ZeroDivisionError("division by zero")

    chosen = {"Hangs": lambda: [fine("late")] * hangs.wait(30), "Fails": fails, "Works": lambda: fine("It does.")}
    hung, failed, works = examine(chosen, seconds=0.5)
    hangs.set()
    assert_trouble(hung.findings[0], "No answer within 0.5 seconds.")
    assert_trouble(failed.findings[0], "This check failed: ZeroDivisionError: division by zero")
    assert_fine(*works.findings)


@pytest.fixture
def healthy(live_server, live_sandbox, settings, tmp_path) -> Iterator[MailServer]:
    """A whole shop that is set up right."""
    ReconcileRun.objects.create(started_at=timezone.now(), finished_at=timezone.now())
    live_sandbox.configure(webhook_url=our_endpoint())
    settings.SITE_URL = live_server.url
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_HOST_USER = "127.0.0.1", server.port, ""
        yield server


def told(*options: str) -> tuple[int, str]:
    """(exit code, what it printed)."""
    out = io.StringIO()
    try:
        call_command("doctor", *options, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_it_finds_nothing_wrong_with_a_shop_that_is_set_up_right(healthy):
    code, text = told("--mail-to", "grace@shop.test")
    assert (code, text.splitlines()[-1]) == (0, "No trouble was found."), text
    assert [line.split(":")[0].split(maxsplit=1)[1] for line in text.splitlines()[:-1]] == list(checks())
    assert [message["To"] for message in healthy.accepted] == ["grace@shop.test"]


def test_it_tells_programs_the_same_and_ends_with_one(healthy, settings):
    ReconcileRun.objects.all().delete()
    code, text = told("--json")
    found = json.loads(text)
    assert (code, found["trouble"]) == (1, 1)
    assert {one["name"]: [each["state"] for each in one["findings"]] for one in found["checks"]}["Worker"] == ["trouble"]
    assert healthy.accepted == []  # nobody asked for a mail
    code, text = told()
    assert code == 1
    assert "TROUBLE  Worker: No worker has ever passed.\n         To mend: Run manage.py worker, always" in text


def test_it_sends_mail_to_no_nonsense():
    with pytest.raises(ValidationError):
        call_command("doctor", "--mail-to", "nobody")


# -- Settings


@pytest.mark.django_db
class TestTheSettings:
    def test_are_right(self):
        assert {finding.state for finding in inside.settings_are_right()} <= {State.OK, State.WARNING}

    @pytest.mark.parametrize(
        ("name", "value", "says"),
        [
            ("STRIPE_SECRET_KEY", "", "payments.E001"),
            ("STRIPE_WEBHOOK_SECRETS", ["whsec_xxxx"], "payments.E002"),
            ("STRIPE_PUBLISHABLE_KEY", "pk_live_only_for_tests", "mix test and live. (payments.E004)"),
            ("SITE_URL", "ftp://shop.test", "shop.E003"),
        ],
    )
    def test_are_wrong(self, settings, name, value, says):
        setattr(settings, name, value)
        (finding,) = [one for one in inside.settings_are_right() if one.state == State.TROUBLE]
        assert_trouble(finding, says)


# -- Storage


class TestStorage:
    @pytest.fixture
    def container(self, settings, azurite) -> str:
        """An Azure container that nobody made yet."""
        name = f"doctor-{free_port()}"
        options = shop_settings._azure["OPTIONS"] | {"connection_string": azurite, "azure_container": name}
        settings.PICTURES_IN_AZURE = True
        settings.STORAGES = {**settings.STORAGES, "default": {**shop_settings._azure, "OPTIONS": options}}
        return name

    def test_is_public_on_the_local_disk(self, live_server, transactional_db):
        assert_fine(storage_is_public())
        assert [file for file in Path(configured.MEDIA_ROOT).rglob("*.webp") if file.stat().st_size == 64] == []

    def test_is_not_the_folder_that_the_shop_shows(self, stranger_shop, settings, tmp_path):
        assert_trouble(storage_is_public(), "answers 404", mend="the same MEDIA_ROOT")

    @pytest.fixture
    def stranger_shop(self, settings, tmp_path) -> Iterator[None]:
        """Files of another folder at SITE_URL."""
        handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        settings.SITE_URL = f"http://127.0.0.1:{server.server_address[1]}"
        yield
        server.shutdown()
        server.server_close()

    def test_is_shown_by_nobody(self, settings):
        settings.SITE_URL = f"http://127.0.0.1:{free_port()}"
        assert_trouble(storage_is_public(), "is not reached at http://127.0.0.1", mend="/media/")

    def test_cannot_be_written(self, settings, tmp_path):
        (tmp_path / "media").write_text("a file where a folder should be")
        settings.MEDIA_ROOT = str(tmp_path / "media")
        assert_trouble(storage_is_public(), "A picture cannot be stored: [Errno 20]", mend=f"write into {settings.MEDIA_ROOT}")

    def test_is_public_in_azure(self, container):
        call_command("prepare_storage", stdout=io.StringIO())
        assert_fine(storage_is_public())
        assert default_storage.listdir("pictures/")[1] == []

    def test_is_private_in_azure(self, container):
        default_storage.client.create_container()
        assert_trouble(storage_is_public(), "cannot be seen by everybody", mend="prepare_storage")

    def test_has_no_container_in_azure(self, container):
        assert_trouble(storage_is_public(), "A picture cannot be stored: ", mend="AZURE_STORAGE_")

    def test_has_no_azure(self, container, settings):
        away = azurite_connection_string(free_port())
        options = settings.STORAGES["default"]["OPTIONS"] | {"connection_string": away}
        settings.STORAGES = {**settings.STORAGES, "default": {**settings.STORAGES["default"], "OPTIONS": options}}
        assert_trouble(storage_is_public(), "A picture cannot be stored: Azure storage failed", mend="AZURE_STORAGE_")


# -- Mail


class TestMail:
    @pytest.fixture(autouse=True)
    def server(self, settings) -> Iterator[MailServer]:
        with MailServer() as running:
            settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
            settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_HOST_USER = "127.0.0.1", running.port, ""
            yield running

    def test_goes_out(self, server):
        assert_fine(mail_goes_out())
        assert server.accepted == []
        assert_fine(mail_goes_out("grace@shop.test"))
        assert server.accepted[0]["Subject"] == "Strata Prints: a test"

    def test_has_no_server(self, settings):
        settings.EMAIL_PORT = free_port()
        assert_trouble(mail_goes_out(), f"127.0.0.1:{settings.EMAIL_PORT} is not reached", mend="EMAIL_URL")

    def test_is_not_let_in(self, server):
        server.mode = LOCKED
        assert_trouble(mail_goes_out(), "answers 554 no mail here")

    def test_logs_in_where_nobody_can(self, settings):
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "postman", "only for tests"
        assert_trouble(mail_goes_out(), "SMTP AUTH extension not supported", mend="smtp+tls")

    def test_is_refused_for_one_recipient(self, server):
        server.mode = REFUSE
        assert_fine(mail_goes_out())
        assert_trouble(mail_goes_out("grace@shop.test"), "refuses this recipient: 550", mend="another address")

    def test_is_only_printed(self, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
        finding = mail_goes_out()
        assert (finding.state, "nobody receives them" in finding.says) == (State.WARNING, True)

    def test_comes_from_nowhere(self, settings):
        settings.DEFAULT_FROM_EMAIL = "shop@localhost"
        finding = mail_goes_out()
        assert (finding.state, finding.mend) == (State.WARNING, "Set DEFAULT_FROM_EMAIL.")


# -- What is inside


@pytest.mark.django_db(transaction=True)
class TestTheDatabase:
    def test_is_set_up(self):
        assert_fine(*inside.database_is_set_up())

    @pytest.mark.only_on("sqlite")
    @pytest.mark.parametrize(
        ("statement", "says"),
        [
            ("PRAGMA foreign_keys=OFF", "does not check foreign keys"),
            ("PRAGMA busy_timeout=0", "does not wait for other writers"),
        ],
    )
    def test_is_set_up_otherwise(self, statement, says):
        with connection.cursor() as cursor:
            cursor.execute(statement)
        try:
            (finding,) = inside.database_findings(connection)
        finally:
            connection.close()
        assert_trouble(finding, says, mend="shop/settings.py")

    @pytest.mark.only_on("sqlite")
    def test_is_kept_in_memory(self):
        own = connection.copy()
        own.settings_dict = {**own.settings_dict, "NAME": ":memory:", "OPTIONS": {}}
        found = inside.database_findings(own)
        own.close()
        assert_trouble(found[0], "SQLite's journal is “memory”", mend="local disk")
        assert_trouble(found[-1], "do not begin as writers", mend="IMMEDIATE")

    @pytest.mark.only_on("postgres")
    @pytest.mark.parametrize(
        ("statement", "says"),
        [
            ("SET default_transaction_isolation TO 'serializable'", "transactions are “serializable”"),
            ("SET TIME ZONE 'Europe/Berlin'", "in the time zone Europe/Berlin"),
            ("SET default_transaction_read_only TO on", "takes no writes"),
        ],
    )
    def test_is_set_up_otherwise_by_its_server(self, statement, says):
        with connection.cursor() as cursor:
            cursor.execute(statement)
        try:
            (finding,) = inside.database_findings(connection)
        finally:
            connection.close()
        assert_trouble(finding, says)

    def test_lacks_migrations(self):
        assert_fine(inside.migrations_are_applied())
        MigrationRecorder(connection).record_unapplied("accounts", "0002_tally")
        try:
            assert_trouble(inside.migrations_are_applied(), "Not applied: accounts.0002_tally.", mend="manage.py migrate")
        finally:
            MigrationRecorder(connection).record_applied("accounts", "0002_tally")

    def test_knows_of_no_worker_lately(self):
        def passed(minutes: int, **fields: Any) -> Finding:
            ReconcileRun.objects.create(started_at=timezone.now() - timedelta(minutes=minutes, seconds=1), **fields)
            return inside.worker_is_alive()

        assert_trouble(inside.worker_is_alive(), "No worker has ever passed.", mend="manage.py worker")
        assert_trouble(passed(16), "No worker has passed for 16 minutes.", mend="manage.py worker")
        assert passed(2, last_error="Stripe does not answer").state == State.WARNING
        assert_fine(passed(1))


class TestTheCache:
    def use(self, settings, backend: str, **options: Any) -> Finding:
        settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}", **options}}
        return inside.cache_works()

    def test_may_be_of_one_process(self, settings):
        assert "a cache of its own" in self.use(settings, "locmem.LocMemCache").says

    def test_is_shared(self, settings, tmp_path):
        assert "share one cache" in self.use(settings, "filebased.FileBasedCache", LOCATION=str(tmp_path)).says

    def test_has_no_server_or_package(self, settings):
        address = f"redis://127.0.0.1:{free_port()}"
        assert_trouble(self.use(settings, "redis.RedisCache", LOCATION=address), "does not work", mend="CACHE_URL")

    def test_cannot_be_written(self, settings, tmp_path):
        (tmp_path / "cache").write_text("a file where a folder should be")
        finding = self.use(settings, "filebased.FileBasedCache", LOCATION=str(tmp_path / "cache"))
        assert_trouble(finding, "does not work: FileExistsError", mend="CACHE_URL")

    def test_is_of_one_connection_without_saying_so(self, settings):
        settings.CACHES = {"default": {"BACKEND": "tests.site.test_doctor.Forgetful"}}
        assert_trouble(inside.cache_works(), "another does not find", mend="CACHE_URL")


class Forgetful(LocMemCache):
    """As a server that is written to at one address and read at another."""

    def __init__(self, _name: str, parameters: dict[str, Any]) -> None:
        super().__init__(secrets.token_hex(8), parameters)


class TestStaticFiles:
    def test_are_collected(self):
        assert_fine(inside.static_files_are_collected())

    def test_were_never_collected(self, settings, tmp_path):
        settings.STATIC_ROOT = str(tmp_path)
        assert_trouble(inside.static_files_are_collected(), f"not collected in {tmp_path}", mend="collectstatic")

    def test_were_collected_before_the_last_change(self, settings, tmp_path):
        manifest = json.loads((Path(settings.STATIC_ROOT) / "staticfiles.json").read_text())
        del manifest["paths"]["css/admin.css"]
        (tmp_path / "staticfiles.json").write_text(json.dumps(manifest))
        settings.STATIC_ROOT = str(tmp_path)
        assert_trouble(inside.static_files_are_collected(), "1 static files are missing", mend="collectstatic")

    def test_are_not_all_there(self, settings, tmp_path):
        manifest = (Path(settings.STATIC_ROOT) / "staticfiles.json").read_text()
        (tmp_path / "staticfiles.json").write_text(manifest)
        settings.STATIC_ROOT = str(tmp_path)
        assert_trouble(inside.static_files_are_collected(), "static files are missing", mend="collectstatic")
