"""A person's browser: asks again when the connection breaks or the shop says that it is busy, as people do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import requests

from chaos.diary import Diary
from tests.trust.http_client import Answer, HttpClient

PATIENCE = 60  # tries: a restart of everything takes seconds
PAUSE = 0.25
TIMEOUT = 30


class GaveUp(Exception):
    """The shop did not answer for so long that nobody would go on."""


class Browser:
    """Its methods answer what came at last; a page that failed (5xx but 503) stands in the diary as a problem."""

    def __init__(self, url: str, diary: Diary, *, address: str) -> None:
        self.client, self.diary = HttpClient(url, address=address), diary
        self.client.cookies.set("csrftoken", "c" * 32, domain="127.0.0.1", path="/")

    def tab(self) -> Browser:
        """Another tab of the same browser, to be used at the same time."""
        other = Browser(self.client.url, self.diary, address=self.client.address)
        other.client.cookies.update(self.client.cookies)
        return other

    def get(self, path: str) -> Answer:
        return self._patiently(f"GET {path.partition('?')[0]}", lambda: self.client.get(path, timeout=TIMEOUT))

    def post(self, path: str, data: dict[str, Any]) -> Answer:
        return self._patiently(f"POST {path}", lambda: self.client.post(path, data, timeout=TIMEOUT))

    def follow(self, answer: Answer, path: str) -> Answer:
        """The page that an answer of the shop redirects to; itself if it does not. `path`: where it came from."""
        for _each in range(5):
            if answer.status_code not in (301, 302, 303):
                break
            path = answer["Location"].removeprefix(self.client.url)
            answer = self.get(path)
        return answer

    def _patiently(self, what: str, ask: Callable[[], Answer]) -> Answer:
        for _try in range(PATIENCE):
            if self.diary.problems:
                break  # the run is about to end
            try:
                answer = ask()
            except requests.RequestException:
                self.diary.count("requests cut off")
            else:
                if answer.status_code < 500:
                    return answer
                self.diary.count(f"answers {answer.status_code}")
                if answer.status_code != 503:
                    self.diary.complain(f"I20: {what} answered {answer.status_code}: {answer.content[:120]!r}")
            time.sleep(PAUSE)
        raise GaveUp(what)
