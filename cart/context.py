"""`{{ cart_count }}` for the header: read from the session alone, no query of its own."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from cart.cart import current_cart


def cart(request: HttpRequest) -> dict[str, Any]:
    return {"cart_count": SimpleLazyObject(lambda: current_cart(request).count) if hasattr(request, "session") else 0}
