"""How often something may be tried: log-ins that fail, mails that anyone may ask for. Counted once, for all processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import Tally

KEPT = timedelta(hours=1)  # after its end: nobody who is counting right now loses the row


class TooOften(Exception):
    """The limit is reached for so many `seconds` more. Nothing was done."""

    def __init__(self, name: str, *, seconds: int) -> None:
        super().__init__(name)
        self.seconds = seconds


@dataclass(frozen=True)
class Limit:
    """At most `times` in `seconds`, for each value that is counted, from the first time on."""

    name: str
    times: int
    seconds: int

    def count(self, value: str) -> None:
        """Count one try, before it is made. Raises TooOften.

        Safe under concurrent calls, in whatever process: of racing tries `times` pass, by one conditional UPDATE each.
        """
        key, now = self._key(value), timezone.now()
        row = Tally.objects.filter(key=key)
        full = row.filter(ends_at__gt=now, times__gte=self.times).first()  # read first: a flood writes nothing
        if full:
            raise self._too_often(full.ends_at - now)
        if self._add_one(key, now):
            return
        ends_at = now + timedelta(seconds=self.seconds)
        row.filter(ends_at__lte=now).update(times=0, ends_at=ends_at)
        Tally.objects.bulk_create([Tally(key=key, ends_at=ends_at)], ignore_conflicts=True)
        if not self._add_one(key, now):
            raise self._too_often(ends_at - now)

    def take_back(self, value: str) -> None:
        """Uncount a try that turned out to be a good one."""
        Tally.objects.filter(key=self._key(value), times__gt=0).update(times=F("times") - 1)

    def _add_one(self, key: str, now: datetime) -> int:
        return Tally.objects.filter(key=key, ends_at__gt=now, times__lt=self.times).update(times=F("times") + 1)

    def _too_often(self, left: timedelta) -> TooOften:
        return TooOften(self.name, seconds=max(1, round(left.total_seconds())))

    def _key(self, value: str) -> str:
        return salted_hmac(f"accounts.throttle:{self.name}", value.encode(errors="replace"), algorithm="sha256").hexdigest()


def forget_old_tallies() -> int:
    """Delete what is of no use any more; answers how many rows."""
    return Tally.objects.filter(ends_at__lt=timezone.now() - KEPT).delete()[0]


def too_often_page(request: HttpRequest, error: TooOften) -> HttpResponse:
    """The plain page for a request that was refused."""
    return tell_when(render(request, "429.html", status=429), error)


def tell_when(response: HttpResponse, error: TooOften) -> HttpResponse:
    response["Retry-After"] = str(error.seconds)
    return response


def client_address(request: HttpRequest | None) -> str:
    """Where a request came from. Only a proxy of ours is believed, and only the address that it added itself: the last.

    A home has a whole /64 of IPv6, so that is what it counts as. What is no address gives the proxy's own.
    """
    if request is None:
        return ""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.TRUSTED_PROXY else ""
    return _network(forwarded.rpartition(",")[2]) or _network(request.META.get("REMOTE_ADDR", ""))


def _network(text: str) -> str:
    """An IPv4 address or an IPv6 /64 in one spelling, without the port that some proxies add; empty for anything else."""
    text = text.strip()
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    host = host.partition(":")[0] if host.count(":") == 1 else host
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or f"{int(address) >> 64:x}/64")
