"""What a visitor sees when a page breaks."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from accounts.log_fields import current_fields

AWAY = (OperationalError, InterfaceError)  # locked for too long, stopped, cut off: the same request may work in a moment
RETRY_SECONDS = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After if the database could not be used just now, else 500. Needs no database itself.

    Not a middleware: this is called for whatever broke anywhere, also in one or while the session is stored.
    """
    context = {"request_id": current_fields().get("request_id", "")}
    if not isinstance(sys.exc_info()[1], AWAY):
        return HttpResponse(render_to_string("500.html", context), status=500)
    headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
    return HttpResponse(render_to_string("503.html", context), status=503, headers=headers)
