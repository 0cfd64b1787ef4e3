"""What a visitor sees when a page breaks."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.views import defaults

AWAY = (OperationalError, InterfaceError)  # locked for too long, stopped, cut off: the same request may work in a moment
RETRY_SECONDS = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After if the database could not be used just now, else 500. Needs no database itself.

    Not a middleware: this is called for whatever broke anywhere, also in one or while the session is stored.
    """
    if not isinstance(sys.exc_info()[1], AWAY):
        return defaults.server_error(request)
    headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
    return HttpResponse(get_template("503.html").render(), status=503, headers=headers)
