"""Watches a page for what a shopper does not see and must not happen: script errors, failed requests, blocked resources."""

from __future__ import annotations

import re

from playwright.sync_api import ConsoleMessage, Page, Request, Response


class Watch:
    """Collects the problems of a page from now on, on every site it visits."""

    def __init__(self, page: Page) -> None:
        self._seen: list[str] = []
        self._allowed: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self._seen.append(f"script error: {error}"))
        page.on("requestfailed", self._on_failed_request)
        page.on("response", self._on_response)

    def allow(self, pattern: str) -> None:
        """Expect problems whose text matches: `allow("404")` for a test that visits a missing page."""
        self._allowed.append(pattern)

    @property
    def problems(self) -> list[str]:
        return [text for text in self._seen if not any(re.search(pattern, text) for pattern in self._allowed)]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._seen.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _on_failed_request(self, request: Request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):  # left behind by going to another page
            self._seen.append(f"request failed: {request.method} {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self._seen.append(f"answer {response.status}: {response.request.method} {response.url}")
