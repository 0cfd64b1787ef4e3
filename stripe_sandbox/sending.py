"""One webhook request: signed as Stripe signs, sent once, never following a redirect."""

import hashlib
import hmac
import http.client
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

EXCERPT = 500
AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"


@dataclass(frozen=True)
class Answer:
    """What the endpoint said. `status` is None when there was no answer."""

    status: int | None
    duration_ms: int
    excerpt: str

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def signature(body: bytes, secrets: Iterable[str], *, timestamp: int | None = None) -> str:
    """The `Stripe-Signature` header: one v1 per secret over `timestamp.body`, keyed with the whole `whsec_...` text."""
    at = int(time.time()) if timestamp is None else timestamp
    signed = str(at).encode() + b"." + body
    sums = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at}", *(f"v1={value}" for value in sums)])


def send(url: str, body: bytes, header: str | None, *, timeout: float) -> Answer:
    """POST the body once. Never raises: a failure is an Answer without status."""
    started = time.monotonic()
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": AGENT, "Accept": "*/*; q=0.5, application/xml"}
    if header is not None:
        headers["Stripe-Signature"] = header
    try:
        status, text = exchange(url, body, headers, timeout)
    except (OSError, http.client.HTTPException, ValueError) as error:
        status, text = None, f"{type(error).__name__}: {error}"
    return Answer(status, round((time.monotonic() - started) * 1000), text[:EXCERPT])


def exchange(url: str, body: bytes, headers: dict[str, str], timeout: float) -> tuple[int, str]:
    """Status and beginning of the answer's text."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    link = kind(parts.hostname or "", parts.port, timeout=timeout)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        link.request("POST", target, body=body, headers=headers)
        answer = link.getresponse()
        return answer.status, answer.read(EXCERPT).decode("utf-8", "replace")
    finally:
        link.close()
