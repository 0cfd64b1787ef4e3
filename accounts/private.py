"""Pages that are one person's: never stored by a cache, and their address (it may hold a key) is told to no other site."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
GetResponse = Callable[[HttpRequest], HttpResponse]


def private_page(view: View) -> View:
    """Mark a view as private: whatever it answers, errors included, `private_pages` keeps out of every cache."""
    view.is_private = True  # type: ignore[attr-defined]
    return view


def private_pages(get_response: GetResponse) -> GetResponse:
    """Middleware: marked views are `no-store`; any other answer to a visitor with a cookie is `private`.

    The referrer policy is same-origin, not no-referrer: under the latter browsers post forms with "Origin: null", which
    the CSRF check refuses (https://fetch.spec.whatwg.org/#append-a-request-origin-header, autumn 2026).
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if _is_private(request):
            patch_cache_control(response, private=True, no_store=True)
            patch_vary_headers(response, ["Cookie"])
            response["Referrer-Policy"] = "same-origin"
            response["X-Robots-Tag"] = "noindex"
        elif request.COOKIES and not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True)
        return response

    return middleware


def _is_private(request: HttpRequest) -> bool:
    """Read from the view that was found, so that an error page in its place is private too."""
    match = request.resolver_match
    return match is not None and getattr(match.func, "is_private", False)
