"""A way to Azurite that can be made to fail as a storage far away does."""

from __future__ import annotations

import contextlib
import re
import socket
import threading

PASS = "pass"
REFUSED = "refused"  # nobody listens
SILENT = "silent"  # takes connections and requests, and never says a word
FORBIDDEN = "forbidden"  # 403 to everything
FULL = "full"  # 503 to the second file and those after it; looks and deletions pass
STUCK = "stuck"  # silent from the second file on, for good

ANSWERS = {FORBIDDEN: b"403 Server failed to authenticate the request", FULL: b"503 Server is busy"}


class BlobProxy:
    """`with BlobProxy(azurite_port) as proxy:` listens on `proxy.port`; `proxy.mode` may change at any time."""

    def __init__(self, upstream: int) -> None:
        self._upstream, self._mode, self.port = upstream, REFUSED, 0
        self.requests: list[str] = []

    @property
    def mode(self) -> str:
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        """Begin anew: `requests` are those from now on."""
        was, self._mode, self.requests = self._mode, mode, []
        if mode == REFUSED != was:
            self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
        elif was == REFUSED != mode:
            self._server = socket.create_server(("127.0.0.1", self.port))
            self.port = self._server.getsockname()[1]
            threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def __enter__(self) -> BlobProxy:
        self.mode = PASS
        return self

    def __exit__(self, *_failure: object) -> None:
        self.mode = REFUSED

    def _accept(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = server.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = _whole(connection)
            self.requests.append(request.partition(b" ")[0].decode())
            if self._fails():
                self._fail(connection)
            else:
                self._pass_on(connection, request)

    def _fails(self) -> bool:
        is_second = self.requests.count("PUT") > 1
        if self._mode == FULL:
            return is_second and self.requests[-1] == "PUT"
        return is_second if self._mode == STUCK else self._mode != PASS

    def _fail(self, connection: socket.socket) -> None:
        if self._mode in ANSWERS:
            connection.sendall(b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % ANSWERS[self._mode])
        else:
            while connection.recv(65536):  # until the client has had enough
                pass

    def _pass_on(self, connection: socket.socket, request: bytes) -> None:
        """One request to a connection, so that nothing is kept alive past a change of mode."""
        alone = re.sub(rb"(?i)\r\nconnection: [^\r]*", b"", request).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        with socket.create_connection(("127.0.0.1", self._upstream)) as there:
            there.sendall(alone)
            while part := there.recv(65536):
                connection.sendall(part)


def _whole(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _end, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        body += _some(connection)
    return head + b"\r\n\r\n" + body


def _some(connection: socket.socket) -> bytes:
    """What has come. Raises ConnectionError where nothing comes any more."""
    if not (part := connection.recv(65536)):
        raise ConnectionError("The client is gone")
    return part
