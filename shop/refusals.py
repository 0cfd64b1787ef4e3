"""Requests that nothing in the shop can read are refused at the door, in words, and without a traceback in the log."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import DataError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.template.loader import render_to_string

log = logging.getLogger(__name__)


class Refusals:
    """Middleware: 400 for what no database can look for and for bodies cut off, 411 for those without a length; words for 405.

    The pages need no session and no database.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _has_nul_in_cookie(request) or _is_in_another_charset(request) or _asks_the_impossible(request):
            return _unreadable()
        if "HTTP_TRANSFER_ENCODING" in request.META:  # Django would take the body for empty
            return HttpResponse("Send the body with its Content-Length\n", status=411, content_type="text/plain")
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            response.content = render_to_string("405.html")
            response["Content-Length"] = str(len(response.content))
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The admin makes conditions out of whatever it is sent: no such field, or no such value in any database."""
        if not (_is_admin(request) and _is_about_a_value(exception)) and not isinstance(exception, UnreadablePostError):
            return None
        log.warning("Refused %s: %s", ascii(request.path), ascii(str(exception)))
        return _unreadable()


class WholeBody:
    """A request's body of `length` bytes. Raises ConnectionError where it ends before: the rest of it is not known.

    Without this a form that was cut off on its way, "quantity=1" of "quantity=12", would be taken for whole.
    """

    def __init__(self, stream: Any, length: int) -> None:
        self._stream, self._left = stream, length

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        return self._checked(data, short=len(data) < size)

    def readline(self, size: int) -> bytes:
        line = self._stream.readline(size)
        return self._checked(line, short=len(line) < size and not line.endswith(b"\n"))

    def _checked(self, data: bytes, *, short: bool) -> bytes:
        self._left -= len(data)
        if short and self._left > 0:
            raise ConnectionError("The body ended before its length")
        return data


class WithoutTraceback(logging.Filter):
    """Where a 4xx was answered, one line in the log says it. Anyone can cause it, as often as they like."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True


def _has_nul_in_cookie(request: HttpRequest) -> bool:
    return any("\0" in cookie for cookie in request.COOKIES.values())


def _is_in_another_charset(request: HttpRequest) -> bool:
    """Django 5.2 refuses it as well, but fails over its own page for that: a 500."""
    is_form = request.content_type == "application/x-www-form-urlencoded"
    return is_form and (request.encoding or "utf-8").lower() != "utf-8"


def _asks_the_impossible(request: HttpRequest) -> bool:
    """NUL, or a regular expression in a list's filter: it may be none, or take for ever. No page of the admin offers them."""
    patterns = (name.endswith(("__regex", "__iregex")) for name in request.GET)
    return _is_admin(request) and ("%00" in request.META.get("QUERY_STRING", "") or any(patterns))


def _is_admin(request: HttpRequest) -> bool:
    return request.path_info.startswith("/admin/")


def _is_about_a_value(exception: Exception) -> bool:
    """No number where one belongs, one that is too large, a text that is too long, NUL; or a field that is none."""
    about = isinstance(exception, ValueError) and re.search("expected a number but got|NUL", str(exception))
    return bool(about) or isinstance(exception, FieldDoesNotExist | DataError | OverflowError)


def _unreadable() -> HttpResponse:
    return HttpResponse(render_to_string("400.html"), status=400)
