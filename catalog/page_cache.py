"""Pages of the catalogue that are kept for some seconds, in the memory of each process, for visitors nothing is known of.

Who has a session (an account, a cart) or a message waiting is never shown a kept page, nor is what they see ever kept. All
other middleware runs as ever, so a kept page has the headers of any answer. Why it is so: docs/adr/0010-page-cache.md.
"""

from __future__ import annotations

import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import Event, Lock
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language

from catalog.filters import OPTION
from catalog.head import is_campaign

View = Callable[..., HttpResponse]
Key = tuple[Any, ...]

MOST_BYTES = 8 * 2**20  # of a process: about two hundred pages
MOST_WAIT = 2  # seconds for a page that somebody else is making
PERSONAL = (settings.SESSION_COOKIE_NAME, CookieStorage.cookie_name)
KNOWN = {"q", "category", "price_from", "price_to", "in_stock", "sort", "after", "before", "variant"}
# Views write these where the visitor's CSRF token and the answer's nonce belong. Nobody can guess them and put them into a text
# of the shop.
_SECRET = f"place-{secrets.token_hex(16)}"
TOKEN_PLACE, NONCE_PLACE = f"{_SECRET}-token", f"{_SECRET}-nonce"
_PLACES = re.compile(f"({_SECRET}-(?:token|nonce))".encode())


class Kept(NamedTuple):
    """`parts`: of the page; each second one is a place. `begun`: nothing in it was read before, by the store's clock."""

    parts: list[bytes]
    headers: dict[str, str]
    begun: float


class PageStore:
    """Pages of this process, at most `most` bytes of those asked for last. Safe for threads. `clock` counts seconds."""

    def __init__(self, *, most: int = MOST_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self._most = clock, most
        self._pages: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0
        self._making: dict[Key, Event] = {}
        self._lock = Lock()

    def get(self, key: Key, seconds: float) -> Kept | None:
        """The page, unless it is `seconds` old."""
        with self._lock:
            page = self._pages.get(key)
            if page is None or self.clock() - page.begun >= seconds:
                return None
            self._pages.move_to_end(key)
        return page

    def put(self, key: Key, page: Kept) -> None:
        """Keep a page; those go that nobody has asked for the longest."""
        with self._lock:
            if key in self._pages:
                self._bytes -= _size(key, self._pages.pop(key))
            self._pages[key] = page
            self._bytes += _size(key, page)
            while self._bytes > self._most:
                self._bytes -= _size(*self._pages.popitem(last=False))

    @contextmanager
    def turn(self, key: Key) -> Iterator[None]:
        """Make a page while nobody else does: who comes meanwhile waits, as long as it may be worth it."""
        with self._lock:
            other = self._making.get(key)
            mine = None if other else self._making.setdefault(key, Event())
        if other:
            other.wait(MOST_WAIT)
        try:
            yield
        finally:
            if mine:
                with self._lock:
                    del self._making[key]
                mine.set()

    def __len__(self) -> int:
        return len(self._pages)


PAGES = PageStore()


def cached_page(view: View) -> View:
    """Answer from the store while a page is younger than settings.PAGE_CACHE_SECONDS, for visitors nothing is known of.

    Whatever else the view reads of a request than its address must be added to `_key`.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        def page() -> HttpResponse:
            with _place_for_nonce(request):
                return view(request, *args, **kwargs)

        seconds = settings.PAGE_CACHE_SECONDS
        key = _key(request) if seconds else None
        if key is None:
            return _filled(request, page())
        kept = PAGES.get(key, seconds)
        if kept is None:
            with PAGES.turn(key):
                kept = PAGES.get(key, seconds)
                if kept is None:
                    return _filled(request, _made(key, request, page))
        return HttpResponse(_joined(request, kept.parts), headers=kept.headers)

    return answer


@contextmanager
def _place_for_nonce(request: HttpRequest) -> Iterator[None]:
    """Who asks for the nonce meanwhile gets its place."""
    nonce, request.csp_nonce = request.csp_nonce, NONCE_PLACE  # type: ignore[attr-defined]
    try:
        yield
    finally:
        request.csp_nonce = nonce  # type: ignore[attr-defined]


def _made(key: Key, request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    begun = PAGES.clock()
    response = view()
    patch_vary_headers(response, ["Cookie"])  # whoever stands between must not show it to those who have a session
    if _is_for_all(request, response):
        PAGES.put(key, Kept(_PLACES.split(response.content), dict(response.headers), begun))
    return response


def _key(request: HttpRequest) -> Key | None:
    """What the page depends on; None for visitors of whom something is known, and for what no page of the shop asks."""
    if any(name in request.COOKIES for name in PERSONAL):
        return None
    asked = {name: tuple(values) for name, values in request.GET.lists() if not is_campaign(name)}
    if not all(name in KNOWN or name.startswith(OPTION) for name in asked):
        return None
    return request.scheme, request.get_host(), request.path, get_language(), tuple(sorted(asked.items()))


def _is_for_all(request: HttpRequest, response: HttpResponse) -> bool:
    """A page that was found, with nothing in it or beside it that is this visitor's own."""
    if "CSRF_COOKIE_NEEDS_UPDATE" in request.META or response.cookies or request.session.modified:
        return False
    return response.status_code == 200 and not response.streaming and not response.has_header("Cache-Control")


def _filled(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if not response.streaming:
        response.content = _joined(request, _PLACES.split(response.content))
    return response


def _joined(request: HttpRequest, parts: list[bytes]) -> bytes:
    """The page with a nonce of its own and the visitor's own token, whose cookie goes beside it, where they belong."""
    whole = parts.copy()
    for at in range(1, len(parts), 2):
        word = request.csp_nonce if parts[at] == NONCE_PLACE.encode() else get_token(request)  # type: ignore[attr-defined]
        whole[at] = str(word).encode()
    return b"".join(whole)


def _size(key: Key, page: Kept) -> int:
    return sum(map(len, page.parts)) + len(repr(key)) + 1000  # about what Python needs beside
