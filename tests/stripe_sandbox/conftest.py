"""The real program, the real SDK, a real webhook endpoint; every answer and event is checked against Stripe's description."""

from __future__ import annotations

import http.server
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe

from tests.contract_proxy import ContractProxy
from tests.sandbox_process import Sandbox, wait_for
from tools.needed import chromium

SECRET = "whsec_of_the_tests"
KEY = "sk_test_of_the_tests"
OURS = ("response", "event")  # what the stand-in says; many tests ask it nonsense on purpose


class Endpoint:
    """A webhook endpoint that remembers what came and answers as told."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, dict[str, str]]] = []
        self.answers: list[int] = []  # taken one by one; 200 when there is none left
        self.gate = threading.Event()
        self.gate.set()
        self.round = 0  # tests so far: what was on its way when the last one ended is not this one's
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not endpoint.is_late(self.path):
                    endpoint.received.append((body, dict(self.headers)))
                endpoint.gate.wait(20)
                self.send_response(endpoint.answers.pop(0) if endpoint.answers else 200)
                self.send_header("Location", "http://127.0.0.1:9/")
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"heard")

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def next_round(self) -> str:
        """Forget everything; answers the path to which this test's events go."""
        self.forget()
        self.round += 1
        return f"/round-{self.round}/webhooks/stripe/"

    def is_late(self, path: str) -> bool:
        named = re.match(r"/round-(\d+)/", path)
        return named is not None and int(named[1]) != self.round

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body, _headers in list(self.received)]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events()]

    def wait(self, type: str) -> dict[str, Any]:
        """The first event of a type that arrives."""
        return wait_for(lambda: next((e for e in self.events() if e["type"] == type), None), what=type)

    def forget(self) -> None:
        self.received.clear()
        self.answers.clear()
        self.gate.set()


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Endpoint]:
    listening = Endpoint()
    yield listening
    listening.server.shutdown()


@pytest.fixture(scope="session")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """`checked(url)` is the address of a proxy before it. At the end there must be no difference, and something checked."""
    proxies: list[ContractProxy] = []

    def before(upstream: str, **options: Any) -> str:
        if not ContractProxy.is_available():
            return upstream
        report = tmp_path_factory.mktemp("contract") / "report.jsonl"
        proxies.append(ContractProxy(upstream=upstream, report=report, **options))
        return proxies[-1].start()

    yield before
    for proxy in proxies:
        proxy.stop()
    for proxy in proxies:
        assert sorted(set(proxy.errors(OURS) + proxy.warnings(OURS))) == []
    assert not proxies or sum(proxy.exchanges() for proxy in proxies), "nothing was compared with the description"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, endpoint: Endpoint, checked: Callable[..., str]) -> Iterator[Sandbox]:
    webhook = checked(endpoint.url, secret=SECRET) + "/webhooks/stripe/"
    db = tmp_path_factory.mktemp("sandbox") / "sandbox.sqlite3"
    with Sandbox(webhook=webhook, secret=SECRET, db=db).running() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def api_url(running: Sandbox, checked: Callable[..., str]) -> str:
    return checked(running.url)


@pytest.fixture
def box(running: Sandbox, endpoint: Endpoint) -> Sandbox:
    """The stand-in as at its start, delivering to `endpoint`."""
    endpoint.gate.set()
    running.reset()
    parts = urlsplit(running.webhook)
    running.configure(webhook_url=f"{parts.scheme}://{parts.netloc}{endpoint.next_round()}")
    return running


@pytest.fixture
def client(box: Sandbox, api_url: str) -> stripe.StripeClient:
    return sdk(api_url)


def sdk(url: str, key: str = KEY, **options: Any) -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": url}, **options)


@pytest.fixture
def new_session(client: stripe.StripeClient) -> Callable[..., stripe.checkout.Session]:
    return lambda **params: client.v1.checkout.sessions.create(params=session_params(**params))


@pytest.fixture(scope="session")
def chrome(playwright: Any) -> Iterator[Any]:
    found = chromium()
    assert found, "Chromium is missing: python -m tools.needed says how to get it"
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = playwright.chromium.launch(executable_path=found, args=["--disable-dev-shm-usage", *as_root])
    yield browser
    browser.close()


@pytest.fixture
def tmp_db(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.sqlite3"


def line(
    name: str = "Flow Field No. 7", *, unit_amount: int = 1250, quantity: int = 1, currency: str = "eur"
) -> dict[str, Any]:
    price = {"currency": currency, "unit_amount": unit_amount, "product_data": {"name": name}}
    return {"price_data": price, "quantity": quantity}


def session_params(**changes: Any) -> Any:
    params = {
        "mode": "payment",
        "success_url": "https://shop.test/return/?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.test/cart/",
        "line_items": [line(quantity=2)],
    } | changes
    return {key: value for key, value in params.items() if value is not None}


POST = {"display_name": "Post", "type": "fixed_amount", "fixed_amount": {"amount": 490, "currency": "eur"}}
COURIER = {
    "display_name": "Courier",
    "type": "fixed_amount",
    "fixed_amount": {"amount": 1290, "currency": "eur"},
    "delivery_estimate": {
        "minimum": {"unit": "business_day", "value": 1},
        "maximum": {"unit": "business_day", "value": 2},
    },
}
SHIPPED = {
    "shipping_address_collection": {"allowed_countries": ["AT", "DE"]},
    "shipping_options": [{"shipping_rate_data": POST}, {"shipping_rate_data": COURIER}],
}
