"""A browser without JavaScript: it reads pages, fills in forms and does not follow redirects."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from typing import Any

CARD = {"method": "card", "number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123", "card_name": "Ada Lovelace"}


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class _Form(HTMLParser):
    """Values of all inputs and selects as a browser would send them, and the errors shown beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.errors: dict[str, str] = {}
        self._error = self._select = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attributes}
        if tag == "input" and (given.get("type") != "radio" or "checked" in given):
            self.values[given["name"]] = given.get("value", "")
        if tag == "select":
            self._select = given["name"]
        if tag == "option" and self._select and ("selected" in given or self._select not in self.values):
            self.values[self._select] = given["value"]
        if given.get("id", "").endswith("-error"):
            self._error = given["id"].removesuffix("-error")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._error:
            self.errors[self._error], self._error = data, ""


class Page:
    def __init__(self, url: str, status: int, headers: Any, text: str) -> None:
        self.url, self.status, self.headers, self.text = url, status, headers, text
        form = _Form()
        form.feed(text)
        self.values, self.errors = form.values, form.errors

    @property
    def location(self) -> str:
        return urllib.parse.urljoin(self.url, self.headers["Location"])


class Browser:
    def __init__(self) -> None:
        self._opener = urllib.request.build_opener(_Stay)

    def get(self, url: str) -> Page:
        return self._open(urllib.request.Request(url))

    def post(self, url: str, fields: dict[str, str], **headers: str) -> Page:
        return self._open(urllib.request.Request(url, urllib.parse.urlencode(fields).encode(), headers))

    def submit(self, page: Page, url: str = "", **fields: str) -> Page:
        """Send the page's form with some fields filled in."""
        return self.post(url or page.url.split("?")[0], page.values | fields)

    def _open(self, request: urllib.request.Request) -> Page:
        try:
            answer = self._opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return Page(request.full_url, answer.status, answer.headers, answer.read().decode())
