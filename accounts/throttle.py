"""How often something may be tried: failed log-ins, mails that anyone may ask for. Counted in the cache.

With a cache per process (locmemcache) every process counts for itself; CACHE_URL names a shared one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest


class TooOften(Exception):
    """The limit is reached. Nothing was done."""


@dataclass(frozen=True)
class Limit:
    """At most `times` in `seconds`, for each value that is counted, from the first time on."""

    name: str
    times: int
    seconds: int

    def count(self, value: str) -> None:
        """Count one try, before it is made: racing tries cannot all pass. Raises TooOften."""
        key = self._key(value)
        cache.add(key, 0, self.seconds)
        try:
            tries = cache.incr(key)
        except ValueError:  # it ran out this moment
            return
        if tries > self.times:
            raise TooOften(self.name)

    def take_back(self, value: str) -> None:
        """Uncount a try that turned out to be a good one."""
        try:
            cache.decr(self._key(value))
        except ValueError:
            return

    def _key(self, value: str) -> str:
        return f"limit:{self.name}:{hashlib.sha256(value.encode(errors='replace')).hexdigest()}"


def client_address(request: HttpRequest | None) -> str:
    """Where a request came from. Only a proxy of ours is believed, and only the address that it added itself: the last."""
    if request is None:
        return ""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.TRUSTED_PROXY else ""
    return forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
