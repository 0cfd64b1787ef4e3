"""A lean client: raw sockets kept alive, one loop, every answer's status checked. It must cost less than any server."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

CONNECTIONS = 4
CSRF = "c" * 32  # the same in the cookie and in the form: what Django's check wants
PATIENCE = 30  # seconds without any answer


class WrongAnswer(Exception):
    """A page answered otherwise than it should; measuring it would be worth nothing."""


@dataclass
class Slice:
    """What one stretch of load gave. `cpu` is the client's own processor time in seconds."""

    seconds: float = 0.0
    cpu: float = 0.0
    ms: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.ms) / self.seconds


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\nAccept-Language: en\r\n\r\n".encode()


def form(path: str, fields: dict[str, object], *, cookies: str = "", address: str = "") -> bytes:
    """A form posted by a visitor who has the CSRF cookie. `address`: where the proxy in front says it comes from."""
    body = urlencode({"csrfmiddlewaretoken": CSRF, **fields}).encode()
    headers = {"Cookie": "; ".join(filter(None, [f"csrftoken={CSRF}", cookies]))}
    headers |= {"X-Forwarded-For": address} if address else {}
    return post(path, body, content_type="application/x-www-form-urlencoded", **headers)


def post(path: str, body: bytes, *, content_type: str, **headers: str) -> bytes:
    lines = {"Host": "127.0.0.1", "Content-Type": content_type, "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def run(
    port: int,
    requests: Iterable[bytes],
    *,
    expect: int,
    seconds: float = float("inf"),
    connections: int = CONNECTIONS,
    keep: Callable[[bytes], None] | None = None,
) -> Slice:
    """Send requests over a few connections, each as soon as the last was answered, until they or the seconds run out.

    `keep` is given every answer's head. Raises WrongAnswer for any other status than `expect`, or for silence.
    """
    waiting, taken, poll = iter(requests), Slice(), select.poll()
    talks: dict[int, _Talk] = {}
    cpu, start = time.thread_time(), time.perf_counter()
    try:
        for _ in range(connections):
            talk = _Talk(port)
            if talk.ask(waiting):
                talks[talk.socket.fileno()] = talk
                poll.register(talk.socket, select.POLLIN)
        while talks:
            ready = poll.poll(PATIENCE * 1000)
            if not ready:
                raise WrongAnswer(f"No answer within {PATIENCE} s")
            for number, _event in ready:
                talk = talks[number]
                if not talk.hear():
                    continue
                now = time.perf_counter()
                taken.ms.append((now - talk.since) * 1000)
                talk.check(expect)
                if keep:
                    keep(talk.head)
                if now - start >= seconds or not talk.ask(waiting):
                    poll.unregister(talk.socket)
                    talks.pop(number).socket.close()
    finally:
        for talk in talks.values():
            talk.socket.close()
    taken.seconds, taken.cpu = time.perf_counter() - start, time.thread_time() - cpu
    return taken


class _Talk:
    """One connection: a request, its answer, the next request."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, waiting: Iterator[bytes]) -> bool:
        """Send the next request; False if there is none."""
        request = next(waiting, None)
        if request is None:
            return False
        self.got, self.head, self.length, self.since = b"", b"", -1, time.perf_counter()
        self.socket.sendall(request)
        return True

    def hear(self) -> bool:
        """Read what is there; True once the answer is whole."""
        piece = self.socket.recv(262_144)
        if not piece:
            raise WrongAnswer(f"The connection was closed within an answer: {self.got[:300]!r}")
        self.got += piece
        if self.length < 0:
            self.head, end, _body = self.got.partition(b"\r\n\r\n")
            if not end:
                return False
            self.length = len(self.head) + 4 + _content_length(self.head)
        return len(self.got) >= self.length

    def check(self, expect: int) -> None:
        if int(self.got[9:12]) != expect:
            raise WrongAnswer(f"{self.got[9:12].decode()} where {expect} should be: {self.got[:2000]!r}")


def header(head: bytes, name: str) -> list[str]:
    """All values of a header in an answer's head."""
    wanted = name.lower() + ":"
    lines = head.decode("latin-1").split("\r\n")
    return [line[len(wanted) :].strip() for line in lines if line.lower().startswith(wanted)]


def _content_length(head: bytes) -> int:
    found = header(head, "Content-Length")
    if not found:
        raise WrongAnswer(f"An answer without its length: {head!r}")
    return int(found[0])
