"""A server that is there and never says a word, in the place of a part of the shop that hangs."""

from __future__ import annotations

import socket
import socketserver
from threading import Thread
from typing import Any, Self


class SilentServer(socketserver.ThreadingTCPServer):
    """`with SilentServer() as server:` takes connections at `server.port` and keeps them in `server.asked`."""

    def __init__(self) -> None:
        self.asked: list[socket.socket] = []
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self.port: int = self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self.asked.append(request)

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_failure: Any) -> None:
        self.shutdown()
        self.server_close()
