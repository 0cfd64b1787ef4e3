"""Every request has an id: in each line of the log that it causes, in the header of its answer, on the page of an error."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from django.conf import settings
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse

from accounts.log_fields import begin_log_fields, end_log_fields

HEADER = "X-Request-ID"
GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")


def request_id(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, the outermost: the proxy's id if there is a proxy of ours (TRUSTED_PROXY) and it gave one, else a new one.

    The fields end when the answer is sent: Django logs a 404 after all middleware.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        name = _given(request) or secrets.token_hex(8)
        begin_log_fields(request_id=name)
        response = get_response(request)
        response.headers[HEADER] = name
        return response

    return middleware


request_finished.connect(end_log_fields, dispatch_uid="shop.request_id")


def _given(request: HttpRequest) -> str:
    text = request.headers.get(HEADER, "") if settings.TRUSTED_PROXY else ""
    return text if GIVEN.fullmatch(text) else ""
