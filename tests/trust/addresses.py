"""Every address of the shop, filled in with something: a new one is tested without anybody thinking of it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tests.trust.every_page import places

FILLED = {
    "object_id": "1",
    "app_label": "orders",
    "uidb64": "MQ",
    "token": "x",
    "number": "AAAA-AAAA",
    "slug": "x",
    "path": "x",
}


def addresses(**parts: Any) -> dict[str, str]:
    """Paths by their pattern. `parts`: what to put into `%(number)s`, `%(slug)s` and so on."""
    filled = defaultdict(lambda: "1", {**FILLED, "name": f"pictures/ab/{'ab' * 32}.webp", "url": "nowhere/"})
    filled.update({name: str(value) for name, value in parts.items()})
    return {place.pattern: place.at(**{name: filled[name] for name in place.parts}) for place in places()}
