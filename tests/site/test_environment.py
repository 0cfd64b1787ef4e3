from __future__ import annotations

from typing import Any

import pytest

from shop.environment import Environment, flag, log_level, url

FILE, PRINTED = "sqlite:////var/shop.sqlite3", "consolemail://"


def environment(**variables: str) -> Environment:
    """A schema like the shop's, and these variables."""
    env = Environment(
        MINUTES=(int, 32), PROXY=(flag, False), LEVEL=(log_level, "INFO"), SITE=(url, ""), DB=(str, FILE), MAIL=(str, PRINTED)
    )
    env.ENVIRON = variables
    return env


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("MINUTES", "45", 45),
        ("MINUTES", "", 32),
        ("PROXY", "1", True),
        ("PROXY", "Yes", True),
        ("PROXY", "on", True),
        ("PROXY", "0", False),
        ("PROXY", "False", False),
        ("PROXY", "", False),
        ("LEVEL", "debug", "DEBUG"),
        ("LEVEL", "", "INFO"),
        ("SITE", "https://shop.example:8443", "https://shop.example:8443"),
        ("SITE", "", ""),
    ],
)
def test_it_reads_a_value(name, text, value):
    env = environment(**{name: text})
    assert (env(name), env.unreadable) == (value, {})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("MINUTES", "abc", 32),
        ("MINUTES", "31.5", 32),
        ("PROXY", "ture", False),
        ("PROXY", "2", False),
        ("LEVEL", "loud", "INFO"),
        ("SITE", "https://[shop.example", ""),
        ("SITE", "https://shop.example:port", ""),
    ],
)
def test_it_takes_the_default_for_nonsense_and_remembers_it(name, text, value):
    env = environment(**{name: text})
    assert env(name) == value
    assert set(env.unreadable) == {name}


@pytest.mark.parametrize("text", ["", "sqlite:////other.sqlite3", "postgres://shop:secret@db.internal:5432/shop"])
def test_it_reads_a_database(text):
    env = environment(DB=text)
    assert env.database("DB") == env.db_url_config(text or FILE)
    assert env.unreadable == {}


@pytest.mark.parametrize(
    "text",
    ["nonsense", "oracle9://x", "postgre://shop:secret@db/shop", "mysql://shop:secret@db/shop", "postgres://shop@db:port/shop"],
)
def test_it_takes_no_database_that_it_cannot_use(text, recwarn):
    env = environment(DB=text)
    assert env.database("DB")["NAME"] == "/var/shop.sqlite3"
    assert "postgres://" in env.unreadable["DB"]
    assert [str(warning.message) for warning in recwarn] == []  # it would show the password


@pytest.mark.parametrize(("text", "backend"), [("", "console"), ("smtp+tls://a:b@mail.example:587", "smtp")])
def test_it_reads_where_mail_goes(text, backend):
    assert _backend(environment(MAIL=text)) == (f"django.core.mail.backends.{backend}.EmailBackend", set())


@pytest.mark.parametrize("text", ["nonsense", "smpt://mail.example", "smtp://mail.example:port"])
def test_it_takes_no_mail_server_that_it_cannot_use(text):
    assert _backend(environment(MAIL=text)) == ("django.core.mail.backends.console.EmailBackend", {"MAIL"})


def _backend(env: Environment) -> tuple[Any, set[str]]:
    return env.mail("MAIL")["EMAIL_BACKEND"], set(env.unreadable)
