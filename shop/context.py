"""What every page may use: `{{ shop.name }}`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def shop(request: HttpRequest) -> dict[str, Any]:
    return {"shop": {"name": settings.SHOP_NAME, "currency": settings.SHOP_CURRENCY, "url": settings.SITE_URL}}
