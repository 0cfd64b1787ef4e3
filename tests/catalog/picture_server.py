"""A real HTTP server with pictures, which misbehaves in as many ways as it has paths."""

from __future__ import annotations

import io
import ssl
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

from PIL import Image


def png(colour: str = "teal", size: int = 40) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(out, "PNG")
    return out.getvalue()


class PictureServer:
    """`with PictureServer() as server:` answers at `server.address`; `server.asked` counts the paths."""

    def __init__(self, *, certificate: Path | None = None, key: Path | None = None) -> None:
        self.certificate, self.key = certificate, key
        self.asked: Counter[str] = Counter()
        self.healed = False  # from then on /broken works
        self.closing = threading.Event()

    def __enter__(self) -> PictureServer:
        outer = self

        class Handler(_Handler):
            rules = outer

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, self.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def address(self) -> str:
        return f"http://{self.host}"


class _Handler(BaseHTTPRequestHandler):
    rules: PictureServer

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.rules.asked[path] += 1
        try:
            getattr(self, "at_" + path.strip("/").split(".")[0].replace("-", "_"), self.at_missing)()
        except OSError:  # whoever asked has gone
            self.close_connection = True

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def at_teal(self) -> None:
        self.answer(png("teal"))

    def at_red(self) -> None:
        self.answer(png("red"))

    def at_page(self) -> None:
        self.answer(b"<html>No picture</html>", Content_Type="image/png")

    def at_missing(self) -> None:
        self.answer(b"", 404)

    def at_broken(self) -> None:
        self.answer(png()) if self.rules.healed else self.answer(b"", 503)

    def at_short(self) -> None:
        self.answer(png()[:20], Content_Length="5000")

    def at_to(self) -> None:
        """Redirects wherever the query says."""
        self.answer(b"", 302, Location=parse_qs(urlsplit(self.path).query)["place"][0])

    def at_round(self) -> None:
        self.answer(b"", 302, Location="/round")

    def at_promises_much(self) -> None:
        self.answer(b"", Content_Length=str(10**12))

    def at_endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.rules.closing.is_set():
            self.wfile.write(b"x" * 1_000_000)

    def at_drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.rules.closing.wait(0.05):
            self.wfile.write(b"x")

    def at_dripping_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not self.rules.closing.wait(0.05):
            self.wfile.write(b"x")
