"""Requests of nonsense, many at a time, and what is a good answer to them."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.trust.raw_http import RawAnswer, RawClient


@dataclass(frozen=True)
class Request:
    visitor: RawClient
    target: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def send(self) -> RawAnswer:
        return self.visitor.send(self.method, self.target, self.headers, self.body)

    def __str__(self) -> str:
        return f"{self.method} {self.target[:150]} {ascii(self.headers)[:150]} {self.body[:80]!r}"


def wrong(method: str, answer: RawAnswer) -> str:
    """What is wrong with an answer to nonsense; empty if nothing is."""
    if not 200 <= answer.status < 500:
        return f"answered {answer.status}"
    if answer.status == 405 and not answer.headers.get("Allow"):
        return "405 without Allow"
    if answer.status >= 400 and method != "HEAD" and len(answer.words) < 15:
        return f"{answer.status} without words"
    return ""


def send_all(requests: Iterable[Request]) -> list[tuple[Request, RawAnswer]]:
    """Several at a time, and each answer is a refusal or harmless."""
    asked = list(requests)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(Request.send, asked))
    found = list(zip(asked, answers, strict=True))
    problems = [f"{request}: {problem}" for request, answer in found if (problem := wrong(request.method, answer))]
    assert not problems, "\n".join(problems)
    return found
