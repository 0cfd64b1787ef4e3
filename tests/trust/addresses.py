"""Every address of the shop, walked off its URL resolver: a new one is tested without anybody thinking of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

HOLE = re.compile(r"<(?:\w+:)?(\w+)>")
# What stands for the holes of regular expressions, and for those of routes that a test does not fill.
REGEX = {
    r"^(?P<app_label>auth|orders|catalog|accounts|payments)/$": "orders/",
    r"(?P<url>.*)$": "nowhere/",
    r"^media/": "media/pictures/ab/" + "ab" * 32 + ".webp",
}
FILLED = {"object_id": "1", "content_type_id": "1", "app_label": "orders", "uidb64": "MQ", "token": "x", "number": "AAAA-AAAA"}


def addresses(**holes: Any) -> dict[str, str]:
    """Paths by the name of their view. `holes`: what to put into `<number>`, `<slug>` and so on."""
    filled = {**FILLED, **{name: str(value) for name, value in holes.items()}}
    return {
        name: HOLE.sub(lambda hole: filled.get(hole[1], "1"), f"/{route}") for name, route in _routes(get_resolver(), "", "")
    }


def _routes(resolver: URLResolver, before: str, space: str) -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        route = before + _route(pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _routes(pattern, route, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name or route}", route


def _route(pattern: URLPattern | URLResolver) -> str:
    if isinstance(pattern.pattern, RoutePattern):
        return str(pattern.pattern)
    regex = str(pattern.pattern)
    return next((path for start, path in REGEX.items() if regex.startswith(start)), "")
