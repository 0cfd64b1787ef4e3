"""What the log says, and what it never says."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from threading import Thread

import pytest
from django.db import IntegrityError, ProgrammingError, connection
from django.test import Client

from accounts.log_fields import add_log_fields, current_fields, log_fields
from shop.logs import JsonLines, PlainLines

log = logging.getLogger("tests.logs")


class Written:
    """What the root logger writes, formatted as in production."""

    def __init__(self, formatter: logging.Formatter) -> None:
        self._stream = io.StringIO()
        self.handler = logging.StreamHandler(self._stream)
        self.handler.setFormatter(formatter)

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def written() -> Iterator[Written]:
    written = Written(JsonLines())
    logging.getLogger().addHandler(written.handler)
    yield written
    logging.getLogger().removeHandler(written.handler)


def plain(message: str, *arguments: object, error: BaseException | None = None) -> str:
    exc_info = (type(error), error, None) if error else None
    return PlainLines().format(logging.LogRecord("x", logging.ERROR, "x.py", 1, message, arguments, exc_info))


def test_it_writes_one_object_per_line(written):
    try:
        raise ValueError("two\nlines")
    except ValueError:
        log.exception("Went %s\nwrong", "quite")
    (line,) = written.lines
    assert line["message"] == "Went quite\nwrong"
    assert (line["level"], line["logger"]) == ("ERROR", "tests.logs")
    assert line["traceback"].startswith("Traceback (most recent call last):\n")
    assert line["time"].endswith("+00:00")


def test_it_adds_the_fields_of_the_block_and_no_others(written):
    with log_fields(request_id="r-1"):
        add_log_fields(order="AAAA")
        with log_fields(event="evt_1"):
            add_log_fields(order="BBBB")
            log.warning("inside")
        log.warning("outside")
    log.warning("after")
    kept = [{name: line.get(name) for name in ("request_id", "order", "event")} for line in written.lines]
    assert kept == [
        {"request_id": "r-1", "order": "BBBB", "event": "evt_1"},
        {"request_id": "r-1", "order": "AAAA", "event": None},
        {"request_id": None, "order": None, "event": None},
    ]
    assert written.lines[-1]["run_id"]


def test_what_one_thread_notes_is_not_seen_by_another():
    seen = []
    with log_fields(request_id="r-1"):
        thread = Thread(target=lambda: seen.append(current_fields().get("request_id")))
        thread.start()
        thread.join()
    assert seen == [None]


def test_a_note_outside_of_any_block_stays_nowhere():
    add_log_fields(order="AAAA")
    assert "order" not in current_fields()


SAID = {
    "keys": ("Invalid key " + "sk_live_" + "51HabcDEF", "sk_live_[hidden]"),
    "restricted": ("rk_test_" + "51HabcDEF", "rk_test_[hidden]"),
    "signing": ("whsec_" + "abc123DEF", "whsec_[hidden]"),
    "client": ("pi_3Abc_secret_XyZ123 is open", "pi_3Abc_secret_[hidden] is open"),
    "mail": ("550 no <ada.l+x@shop.test>", "550 no <[e-mail]>"),
    "quoted": ("/account/?email=ada%40shop.test", "/account/?email=[e-mail]"),
    "database": ("postgres://shop:hunter2@db.internal/x", "postgres://[hidden]@db.internal/x"),
    "cache": ("redis://:hunter2@cache/0", "redis://[hidden]@cache/0"),
    "link": ('"GET /orders/AAAA/?key=s1gned:abc HTTP/1.1"', '"GET /orders/AAAA/?key=[hidden] HTTP/1.1"'),
    "azure": ("AccountName=a;AccountKey=abc==;B=c", "AccountName=a;AccountKey=[hidden];B=c"),
}


@pytest.mark.parametrize("name", SAID)
def test_it_hides(name):
    said, told = SAID[name]
    assert told in plain("%s", said)
    assert told in plain("failed", error=ValueError(said))


def test_it_hides_the_rows_that_postgresql_quotes():
    told = plain("no", error=IntegrityError('new row violates "x"\nDETAIL:  Failing row contains (Ada Lovelace, 12 St James).'))
    assert ("Ada" in told, "violates" in told) == (False, True)


@pytest.mark.django_db
@pytest.mark.only_on("postgres")
def test_postgresql_does_quote_such_rows(written, ada):
    with pytest.raises(IntegrityError) as caught, connection.cursor() as cursor:
        cursor.execute("INSERT INTO accounts_user SELECT * FROM accounts_user")
    assert "Ada Lovelace" in str(caught.value) or "ada@shop.test" in str(caught.value) or "DETAIL" in str(caught.value)
    assert "ada@shop.test" not in plain("no", error=caught.value)


def test_it_hides_the_secrets_of_the_settings(settings):
    settings.EMAIL_HOST_PASSWORD, settings.METRICS_TOKEN = "hunter2-hunter2", "of-prometheus-alone"
    told = plain("%s %s %s", settings.EMAIL_HOST_PASSWORD, settings.METRICS_TOKEN, settings.SECRET_KEY)
    assert told == "[hidden] [hidden] [hidden]"


# -- The id of a request


def breaks(execute, *_statement):
    raise ProgrammingError("no such column")


@pytest.mark.django_db
def test_an_error_page_names_the_request_that_the_log_names(written, client):
    client.raise_request_exception = False
    with connection.execute_wrapper(breaks):
        answer = client.get("/")
    name = answer["X-Request-ID"]
    assert f"name this number: {name}" in answer.content.decode()
    (line,) = [line for line in written.lines if line["message"].startswith("Internal Server Error")]
    assert (line["request_id"], line["status"]) == (name, 500)
    assert "ProgrammingError" in line["traceback"]


@pytest.mark.django_db
def test_the_line_about_a_missing_page_has_it_too(written, client):
    answer = client.get("/nowhere/")
    (line,) = [line for line in written.lines if line["message"] == "Not Found: /nowhere/"]
    assert (line["request_id"], line["status"]) == (answer["X-Request-ID"], 404)
    assert "request_id" not in current_fields()


def test_every_request_has_an_id_of_its_own(client):
    first, second = (client.get("/healthz")["X-Request-ID"] for _each in range(2))
    assert len(first) == 16
    assert first != second


@pytest.mark.parametrize(
    ("proxy", "given", "kept"),
    [
        (True, "a1b2c3d4-e5f6", True),
        (False, "a1b2c3d4-e5f6", False),
        (True, "short", False),
        (True, "x" * 65, False),
        (True, 'a1b2c3d4"}\n{"level": "x', False),
        (True, "ada@shop.test", False),
    ],
)
def test_it_takes_the_id_of_a_proxy_of_ours_alone(client, settings, proxy, given, kept):
    settings.TRUSTED_PROXY = proxy
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    assert (answer["X-Request-ID"] == given) is kept


@pytest.mark.django_db
def test_a_kept_page_has_the_id_of_who_asks(settings):
    settings.PAGE_CACHE_SECONDS = 60
    ids = {Client().get("/")["X-Request-ID"] for _each in range(2)}
    assert len(ids) == 2
