"""A shop's page under a strict Content-Security-Policy, with the stand-in's Stripe.js and a script of its own."""

from __future__ import annotations

import http.server
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pay</title>
<link rel="icon" href="data:,"></head><body><main><h1>Pay</h1><div id="place"></div>
<button id="pay">Pay now</button><p id="said" role="status"></p></main>
<script src="{stand_in}/stripe.js"></script><script src="/shop.js" type="module"></script></body></html>"""
DONE = "<!doctype html><html lang='en'><head><title>Thanks</title></head><body>Thanks</body></html>"
PLUMBING = """
const say = (what) => { document.querySelector("#said").textContent = JSON.stringify(what); };
const stripe = window.Stripe("pk_test_of_the_tests");
"""


class ShopPage:
    """Serves it on another site than the stand-in, whose address is 127.0.0.1. `script` is what the page does."""

    def __init__(self, stand_in: str) -> None:
        self.stand_in, self.script = stand_in, ""
        page = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                kind, body = page.answer(self.path)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Security-Policy", page.policy)
                self.send_header("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
                self.send_header("Referrer-Policy", "same-origin")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def policy(self) -> str:
        there = self.stand_in
        return (
            f"default-src 'none'; script-src 'self' {there}; frame-src {there}; connect-src {there}; style-src 'self'; "
            "img-src data:; base-uri 'none'; frame-ancestors 'none'"
        )

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server.server_port}"

    def answer(self, path: str) -> tuple[str, str]:
        if path == "/shop.js":
            return "text/javascript", PLUMBING + self.script
        return "text/html; charset=utf-8", DONE if path.startswith("/return") else PAGE.format(stand_in=self.stand_in)


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
