"""How a line of the log is written: for people (LOG_FORMAT=line) or as one JSON object (json). Neither tells secrets.

Who buys is never logged by the shop; what others put into their errors (a database, a mail server, Stripe) is hidden here
where it can be known: secrets of the settings, keys, addresses with passwords, signed links, e-mail addresses.
"""

from __future__ import annotations

import json
import logging
import os
import re
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from accounts.log_fields import current_fields

HIDDEN = "[hidden]"
SHORTEST_SECRET = 6  # a shorter one would be found in words
PATTERNS = [
    # PostgreSQL quotes the whole row that it refuses: names and addresses too.
    (
        re.compile(r"(DETAIL:|Failing row contains).*?(?=\n(?:HINT:|CONTEXT:|Traceback|  File|\n)|\Z)", re.DOTALL),
        rf"\1 {HIDDEN}",
    ),
    (re.compile(r"\b((?:sk|rk)_(?:test|live)_|whsec_)[\w+/=-]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(_secret_)\w+"), rf"\1{HIDDEN}"),  # of a PaymentIntent or a Checkout Session: it lets a page pay
    (re.compile(r"([?&](?:key|token|sig|signature)=)[^&\s\"'<>]+"), rf"\1{HIDDEN}"),
    (re.compile(r"((?:AccountKey|SharedAccessSignature)=)[^;\s\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"://[^\s/:@\"']*:[^\s@\"']+@"), f"://{HIDDEN}@"),
    (re.compile(r"[\w.!#$%*+^`{|}~-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"), "[e-mail]"),
]


class PlainLines(logging.Formatter):
    """`2026-11-21 20:41:03,120 WARNING payments.webhook Webhook refused: …`"""

    def format(self, record: logging.LogRecord) -> str:
        return self.without_secrets(super().format(record))

    def without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for pattern, instead in PATTERNS:
            text = pattern.sub(instead, text)
        return text

    @cached_property
    def _secrets(self) -> list[str]:
        """Of the settings, longest first: one may be a part of another."""
        try:
            key = settings.SECRET_KEY
        except ImproperlyConfigured:  # none is set: the start is refused, in words
            key = ""
        named = [
            *(key, settings.STRIPE_SECRET_KEY, settings.METRICS_TOKEN, *settings.STRIPE_WEBHOOK_SECRETS),
            *(
                settings.AZURE_STORAGE_CONNECTION_STRING,
                settings.EMAIL_HOST_PASSWORD,
                settings.DATABASES["default"].get("PASSWORD"),
            ),
        ]
        return sorted({text for text in named if text and len(text) >= SHORTEST_SECRET}, key=len, reverse=True)


class JsonLines(PlainLines):
    """One object per line: time, level, logger, message, pid, the fields of accounts/log_fields.py, and a traceback if any."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": self.without_secrets(record.getMessage()),
            **current_fields(),
            "pid": os.getpid(),
        }
        if hasattr(record, "status_code"):
            line["status"] = record.status_code
        if record.exc_info or record.exc_text:
            told = self.formatException(record.exc_info) if record.exc_info else str(record.exc_text)
            line["traceback"] = self.without_secrets(told)
        if record.stack_info:
            line["stack"] = self.without_secrets(record.stack_info)
        return json.dumps(line, ensure_ascii=False, default=str)
