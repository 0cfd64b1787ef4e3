"""What can be set at the start and changed while running (`/_sandbox/config`)."""

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any
from urllib.parse import urlsplit

from . import API_VERSION

DELIVERY_MODES = ("auto", "hold", "drop")


class BadSetting(ValueError):
    """A setting has an unknown name or an impossible value; the message says which."""


@dataclass
class Config:
    """Settings of the webhooks and of everything that happens later. Times in seconds."""

    webhook_url: str = ""
    webhook_secrets: list[str] = field(default_factory=list)
    webhook_api_version: str = API_VERSION  # in which events are said to be written; "": the account's default
    webhook_events: list[str] = field(default_factory=lambda: ["*"])  # what /v1/webhook_endpoints says; all are sent
    clock_skew_seconds: float = 0.0  # Stripe's clock before ours: Date headers and signatures
    delivery: str = "auto"  # auto, hold (until flushed) or drop (never sent)
    duplicate: int = 0  # further deliveries of each event
    delay_seconds: float = 0.0
    shuffle: bool = False  # each delivery waits a random moment, so that they overtake each other
    retry_base_seconds: float = 1.0
    max_attempts: int = 16
    timeout_seconds: float = 10.0
    redirect_wait_seconds: float = 10.0
    delayed_payment_seconds: float | None = 5.0  # None: bank debits and slow refunds wait to be finished by hand

    def changed(self, values: dict[str, Any]) -> "Config":
        """A copy with other values. Raises BadSetting."""
        known = {entry.name for entry in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise BadSetting(f"{name}: there is no such setting; there are {', '.join(sorted(known))}")
            check(name, value)
        return replace(self, **values)

    def shown(self) -> dict[str, Any]:
        """All settings as JSON."""
        return asdict(self)


def check(name: str, value: Any) -> None:
    """Refuse a value of the wrong kind. Raises BadSetting."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1_000_000
    if name == "webhook_url":
        good = isinstance(value, str) and (value == "" or is_url(value))
    elif name in ("webhook_secrets", "webhook_events"):
        good = isinstance(value, list) and all(isinstance(entry, str) and entry for entry in value)
    elif name == "webhook_api_version":
        good = isinstance(value, str) and len(value) < 60
    elif name == "clock_skew_seconds":
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= 1_000_000
    elif name == "delivery":
        good = value in DELIVERY_MODES
    elif name == "shuffle":
        good = isinstance(value, bool)
    elif name == "delayed_payment_seconds":
        good = value is None or number
    elif name in ("duplicate", "max_attempts"):
        good = number and isinstance(value, int)
    else:
        good = number
    if not good:
        raise BadSetting(f"{name}: {value!r} is not possible")


def is_url(value: str) -> bool:
    """Whether it is an absolute http(s) address."""
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
