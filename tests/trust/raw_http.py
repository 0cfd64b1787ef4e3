"""Requests as they are written, byte by byte: what no browser and no library would send."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from itertools import count
from urllib.parse import urlsplit

SECONDS = 30  # for one answer
_addresses = count(1)


@dataclass(frozen=True)
class RawAnswer:
    """`status` 0: the connection was closed without an answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def words(self) -> str:
        """What a person reads of it."""
        text = re.sub(r"<(style|script|title)\b.*?</\1>|<[^>]*>", " ", self.body.decode(errors="replace"), flags=re.DOTALL)
        return " ".join(text.split())


@dataclass
class RawClient:
    """A visitor with the cookies of somebody else's browser, and a network address that is new each time."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def send(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"", *, half: bool = False
    ) -> RawAnswer:
        """One request on a connection of its own. `target` and header values may hold any character up to U+00FF.

        With `half` the client closes its side right after the body, as one does that has gone away.
        """
        return self.write(self.request(method, target, headers or {}, body), half=half)

    def write(self, request: bytes, *, half: bool = False) -> RawAnswer:
        where = urlsplit(self.url)
        with socket.create_connection((where.hostname, where.port), SECONDS) as connection:
            try:
                connection.sendall(request)
                if half:
                    connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):  # refused before all of it was sent; the answer may be there
                pass
            return _answer(connection, request.partition(b" ")[0].decode("latin-1"))

    def request(self, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
        number = next(_addresses)
        known = {
            "Host": urlsplit(self.url).netloc,
            "Connection": "close",
            "X-Forwarded-For": f"10.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "X-CSRFToken": self.cookies.get("csrftoken", ""),
            "Content-Length": str(len(body)) if body else "",
        }
        lines = [f"{name}: {value}" for name, value in {**known, **headers}.items() if value]
        return "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""]).encode("latin-1") + body


def _answer(connection: socket.socket, method: str) -> RawAnswer:
    response = HTTPResponse(connection, method=method)
    try:
        response.begin()
        return RawAnswer(response.status, dict(response.getheaders()), response.read())
    except (HTTPException, ConnectionResetError):
        return RawAnswer(0, {}, b"")
