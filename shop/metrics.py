"""/metrics: how the shop does, for Prometheus. Only for whoever has METRICS_TOKEN; without one there is no such page."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from threading import Lock

import django
from django.conf import settings
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from accounts.counts import write_counts
from payments.metrics import MoneySignals

KEPT_SECONDS = 5  # however many ask, a process asks the database once in this time

_lock = Lock()
_kept: tuple[float, bytes] | None = None


class Build(Collector):
    def collect(self) -> Iterator[Metric]:
        about = {"python": platform.python_version(), "django": django.get_version(), "database": connection.vendor}
        yield InfoMetricFamily("shop_build", "What the shop runs on.", value=about)


registry = CollectorRegistry(auto_describe=False)
registry.register(MoneySignals())
registry.register(Build())


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The text that Prometheus reads. 401 for another token; 404 where none is set."""
    if not settings.METRICS_TOKEN:
        raise Http404
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
        return HttpResponse("Not for you\n", status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(_text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _text() -> bytes:
    global _kept
    with _lock:
        if _kept is None or time.monotonic() - _kept[0] >= KEPT_SECONDS:
            write_counts()
            _kept = time.monotonic(), generate_latest(registry)
        return _kept[1]
