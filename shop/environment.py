"""Reading environment variables. What cannot be read gets its default and is remembered: shop/checks.py refuses the start."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

LOG_FORMATS = ("line", "json")
TRUE, FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
DATABASES = ("django.db.backends.postgresql", "django.db.backends.sqlite3")


def flag(text: str) -> bool:
    """Read yes or no. Raises ValueError for anything else: a misspelt "ture" is not a no."""
    if text.lower() not in TRUE + FALSE:
        raise ValueError(text)
    return text.lower() in TRUE


def url(text: str) -> str:
    """Leave an address as it is. Raises ValueError if it cannot be taken apart."""
    urlsplit(text).port  # noqa: B018 (reading it is the check)
    return text


def log_level(text: str) -> str:
    if text.upper() not in logging.getLevelNamesMapping():
        raise ValueError(text)
    return text.upper()


def log_format(text: str) -> str:
    if text not in LOG_FORMATS:
        raise ValueError(text)
    return text


BLANK_MEANS_DEFAULT = (int, flag, log_level, log_format)
WORDS: dict[Any, str] = {
    int: "a whole number",
    flag: "1 or 0",
    url: "an address",
    log_level: "DEBUG, INFO, WARNING or ERROR",
    log_format: "line or json",
}


class Environment(environ.Env):
    """The variables of a schema. `unreadable` says, for each that was set to nonsense, what it should be."""

    def __init__(self, **scheme: Any) -> None:
        super().__init__(**scheme)
        self.unreadable: dict[str, str] = {}

    def get_value(self, var: str, *arguments: Any, **options: Any) -> Any:
        """A value of the schema's type. What cannot be blank, and is, has its default."""
        cast, default = self.scheme[var]
        if cast in BLANK_MEANS_DEFAULT and not self.ENVIRON.get(var):
            return default
        try:
            return super().get_value(var, *arguments, **options)
        except ValueError:
            self.unreadable[var] = WORDS[cast]
            return default

    def database(self, var: str) -> dict[str, Any]:
        words = "postgres://user:password@host:5432/name or sqlite:////path/file"
        return self._config(var, self.db_url_config, lambda config: config["ENGINE"] in DATABASES, words)

    def cache(self, var: str) -> dict[str, Any]:
        return self._config(var, self.cache_url_config, lambda config: config["BACKEND"], "redis://host:6379/0")

    def mail(self, var: str) -> dict[str, Any]:
        return self._config(
            var, self.email_url_config, lambda config: config["EMAIL_BACKEND"], "smtp+tls://user:password@host:587"
        )

    def _config(
        self, var: str, read: Callable[[str], dict[str, Any]], good: Callable[[dict[str, Any]], object], words: str
    ) -> dict[str, Any]:
        """An address taken apart. It may hold a password, so it is never shown."""
        default = self.scheme[var][1]
        try:
            with warnings.catch_warnings(action="ignore"):  # django-environ warns with the password in it
                config = read(self(var) or default)
            if good(config):
                return config
        except (ValueError, KeyError, ImproperlyConfigured):
            pass
        self.unreadable[var] = words
        return read(default)
