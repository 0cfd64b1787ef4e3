"""What a start does with a configuration: refuse a bad one with numbered checks, accept a good one in silence."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.checks import CheckMessage
from django.test import override_settings

from payments.checks import stripe_is_configured
from shop.checks import settings_are_complete

PRODUCTION = {
    "SECRET_KEY": "k3Jq0-9sdfJ2mZpQw8vXy7Lr5Tn1Bc6Hd4Gf0Ks9Aq2Wz8Ex5Cv7Bn3M",
    "ALLOWED_HOSTS": "shop.example",
    "SITE_URL": "https://shop.example",
    "DATABASE_URL": "postgres://shop:secret@db.internal:5432/shop",
    "EMAIL_URL": "smtp+tls://shop:secret@mail.example:587",
    "STRIPE_SECRET_KEY": "sk_test_0123456789",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_0123456789",
    "STRIPE_WEBHOOK_SECRETS": "whsec_0123456789",
    "STATIC_ROOT": settings.STATIC_ROOT,
}

LIVE = {
    "STRIPE_SECRET_KEY": "sk_live_0123456789",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_0123456789",
    "STRIPE_API_BASE": "",
    "SITE_URL": "https://shop.example",
}


def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the project with the environment of a production machine, changed as told (empty: not set)."""
    chosen = {name: value for name, value in {**PRODUCTION, **changes}.items() if value}
    env = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", **chosen}
    return subprocess.run(
        [sys.executable, *arguments], cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.case("A66")
def test_it_has_nothing_to_say_about_production_settings():
    checked = run("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


@pytest.mark.case("A66")
@pytest.mark.parametrize(
    ("number", "changes"),
    [
        ("shop.E001", {"SECRET_KEY": ""}),
        ("shop.E001", {"SECRET_KEY": "short"}),
        ("shop.E001", {"SECRET_KEY": "insecure-" + "0123456789abcdef" * 4}),
        ("shop.E002", {"ALLOWED_HOSTS": []}),
        ("shop.E002", {"ALLOWED_HOSTS": ["shop.example", "*"]}),
        ("shop.E003", {"SITE_URL": ""}),
        ("shop.E003", {"SITE_URL": "shop.example"}),
        ("shop.E003", {"SITE_URL": "http://shop.example"}),
        ("shop.E003", {"SITE_URL": "https://shop.example/shop"}),
        ("shop.E004", {"SHOP_CURRENCY": "EURO"}),
        ("shop.E004", {"SHOP_CURRENCY": "XYZ"}),
        ("shop.E005", {"ORDER_HOLD_MINUTES": 30}),
        ("shop.E005", {"ORDER_HOLD_MINUTES": 1431}),
        ("shop.E008", {"PAGE_CACHE_SECONDS": -1}),
        ("shop.E008", {"COUNT_CACHE_SECONDS": 3601}),
        ("shop.W001", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
        ("shop.W002", {"STATIC_ROOT": "/nowhere"}),
        ("payments.E001", {"STRIPE_SECRET_KEY": ""}),
        ("payments.E001", {"STRIPE_SECRET_KEY": "pk_test_0123456789", "STRIPE_PUBLISHABLE_KEY": ""}),
        ("payments.E002", {"STRIPE_WEBHOOK_SECRETS": []}),
        ("payments.E002", {"STRIPE_WEBHOOK_SECRETS": ["whsec_changeme"]}),
        ("payments.E002", {"STRIPE_WEBHOOK_SECRETS": ["whsec_XXXXXXXXXXXX"]}),
        ("payments.E002", {"STRIPE_WEBHOOK_SECRETS": ["whsec_0123456789", "whsec_"]}),
        ("payments.E002", {"STRIPE_WEBHOOK_SECRETS": ["whsec_0123456789", "0123456789"]}),
        ("payments.E003", {**LIVE, "STRIPE_API_BASE": "https://stripe.example"}),
        ("payments.E004", {"STRIPE_PUBLISHABLE_KEY": "pk_live_0123456789"}),
        ("payments.E004", {"STRIPE_PUBLISHABLE_KEY": "sk_test_0123456789"}),
        ("payments.E005", {**LIVE, "SITE_URL": "http://127.0.0.1:8000"}),
        ("payments.E005", {**LIVE, "STRIPE_SECRET_KEY": "rk_live_0123456789", "SITE_URL": "http://localhost"}),
        ("payments.E005", {**LIVE, "DEBUG": True, "SITE_URL": "https://localhost"}),
        ("shop.E006", {"UNREADABLE_VARIABLES": {"DEBUG": "1 or 0"}}),
        ("shop.E007", {"DEBUG": True, "SITE_URL": "https://shop.example"}),
    ],
)
def test_it_names_a_bad_value_by_a_numbered_check(number, changes):
    with override_settings(**changes):
        assert [message.id for message in problems()] == [number]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"SITE_URL": "https://shop.example"},
        {"SITE_URL": "http://localhost:8000"},
        {"SITE_URL": "http://192.168.1.20:8000"},
        {"STRIPE_SECRET_KEY": "rk_test_0123456789", "STRIPE_PUBLISHABLE_KEY": ""},
        LIVE,
        {"STRIPE_WEBHOOK_SECRETS": ["whsec_0123456789", "whsec_9876543210"]},
        {"STRIPE_WEBHOOK_SECRETS": ["whsec_9xXx876543210"]},
        {"ORDER_HOLD_MINUTES": 31},
        {"ORDER_HOLD_MINUTES": 1430},
    ],
)
def test_it_has_nothing_to_say_about_a_good_value(changes):
    with override_settings(**changes):
        assert problems() == []


def problems() -> list[CheckMessage]:
    return [*settings_are_complete(), *stripe_is_configured()]


@pytest.mark.case("A66")
def test_it_names_everything_that_is_missing_at_once():
    checked = run("manage.py", "check", **dict.fromkeys(PRODUCTION, ""))
    assert checked.returncode == 1
    for number in ("shop.E001", "shop.E002", "shop.E003", "payments.E001", "payments.E002"):
        assert number in checked.stderr


@pytest.mark.parametrize(
    ("program", "code"), [(["manage.py", "check"], 1), (["manage.py", "worker", "--once"], 1), (["-c", "import shop.wsgi"], 3)]
)
def test_it_names_every_variable_that_cannot_be_read(program, code):
    sentences = {
        "ORDER_HOLD_MINUTES=abc": "ORDER_HOLD_MINUTES is not a whole number.",
        "TRUSTED_PROXY=ture": "TRUSTED_PROXY is not 1 or 0.",
        "LOG_LEVEL=loud": "LOG_LEVEL is not DEBUG, INFO, WARNING or ERROR.",
        "SITE_URL=https://[shop.example": "SITE_URL is not an address.",
        "DATABASE_URL=postgres://shop:verysecret@db.internal:port/shop": "DATABASE_URL is not postgres://",
        "EMAIL_URL=smpt://shop:verysecret@mail.example": "EMAIL_URL is not smtp+tls://",
    }
    started = run(*program, **dict(each.split("=", 1) for each in sentences))
    assert started.returncode == code
    assert [sentence for sentence in sentences.values() if sentence not in started.stderr] == []
    assert started.stderr.count("shop.E006") == len(sentences)
    assert "Traceback" not in started.stderr
    assert "verysecret" not in started.stderr + started.stdout


def test_it_never_shows_a_key_in_a_check():
    checked = run("manage.py", "check", STRIPE_SECRET_KEY="sk_tost_verysecret", STRIPE_WEBHOOK_SECRETS="verysecret")
    assert "payments.E002" in checked.stderr
    assert "verysecret" not in checked.stderr + checked.stdout


@pytest.mark.case("A66")
def test_it_serves_nothing_with_a_bad_configuration():
    loaded = run("-c", "import shop.wsgi", STRIPE_SECRET_KEY="", SECRET_KEY="")
    assert loaded.returncode == 3  # gunicorn does not try again after this one
    assert "payments.E001" in loaded.stderr
    assert "shop.E001" in loaded.stderr
    assert "Traceback" not in loaded.stderr


@pytest.mark.case("A66")
@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"SECRET_KEY": "short"}, "shop.E001"),
        ({"ALLOWED_HOSTS": "*"}, "shop.E002"),
        ({"DEBUG": "1"}, "shop.E007"),
        (
            {"STRIPE_SECRET_KEY": "sk_live_0123456789", "STRIPE_PUBLISHABLE_KEY": "", "SITE_URL": "http://127.0.0.1"},
            "payments.E005",
        ),
        ({"STRIPE_SECRET_KEY": "rk_live_0123456789", "STRIPE_PUBLISHABLE_KEY": "", "DEBUG": "1"}, "payments.E005"),
        ({"STRIPE_WEBHOOK_SECRETS": "whsec_changeme"}, "payments.E002"),
    ],
)
def test_gunicorn_does_not_start_with_a_risk(changes, number):
    started = run("-m", "gunicorn", "shop.wsgi", "--bind", "127.0.0.1:0", **changes)  # any port: it gets nowhere near
    assert started.returncode == 3, started.stderr
    assert number in started.stderr


def test_it_loads_with_a_good_configuration():
    loaded = run("-c", "import shop.wsgi; print(callable(shop.wsgi.application))")
    assert (loaded.returncode, loaded.stdout) == (0, "True\n"), loaded.stderr


def test_it_starts_with_warnings_only_while_developing():
    checked = run("manage.py", "check", **{**dict.fromkeys(PRODUCTION, ""), "DEBUG": "1"})
    assert checked.returncode == 0, checked.stderr
    assert "payments.W001" in checked.stderr
