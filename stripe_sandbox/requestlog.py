"""The log of API calls, without anything secret."""

import json
import time
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from .errors import ApiError
from .form import decode
from .runtime import Sandbox

SECRET = ("card", "number", "cvc", "iban", "client_secret")


def note(
    box: Sandbox, request: HttpRequest, *, request_id: str, key: str | None, status: int | None, replayed: bool = False
) -> None:
    """Write one call down. `status` is None for one that was never answered."""
    try:
        params = without_secrets(decode(request.body if request.method == "POST" else request.META.get("QUERY_STRING", "")))
    except (ApiError, RequestDataTooBig):
        params = {}
    box.store.change(
        "INSERT INTO requests (at, method, path, params, idempotency_key, status, request_id, replayed) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (time.time(), request.method, request.path, json.dumps(params), key, status, request_id, replayed),
    )


def without_secrets(value: Any) -> Any:
    """The parameters with card data and secrets blanked."""
    if isinstance(value, list):
        return [without_secrets(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {key: "***" if key in SECRET else without_secrets(entry) for key, entry in value.items()}
