"""Fixtures around the stand-in for Stripe. On every exchange, Stripe's own description of its API is checked.

    the shop ──▶ contract proxy (settings.STRIPE_API_BASE) ──▶ stand-in
    the shop ◀── contract proxy ◀── webhooks of the stand-in

Without ../shared/stripe the proxies are left out (never in CI), and where another database says it all again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from pytest_django.live_server_helper import LiveServer

from tests.contract_proxy import ContractProxy
from tests.sandbox_process import Sandbox
from tests.services_plugin import compares, count_contract_checks
from tools.processes import free_port


@pytest.fixture(scope="session")
def contract_is_checked(pytestconfig: pytest.Config) -> bool:
    if not compares(pytestconfig):
        return False
    here = ContractProxy.is_available()
    assert here or not os.environ.get("CI"), "../shared/stripe is missing in CI: the contract would go unchecked"
    return here


@pytest.fixture(scope="session")
def stripe_api(contract_is_checked: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The stand-in, started once per worker; the shop reaches it at settings.STRIPE_API_BASE."""
    folder, public = tmp_path_factory.mktemp("sandbox"), urlsplit(settings.STRIPE_API_BASE).port
    port = free_port() if contract_is_checked else public
    sandbox = Sandbox(
        port=port,
        secret=settings.STRIPE_WEBHOOK_SECRETS[0],
        db=folder / "sandbox.sqlite3",
        public_url=settings.STRIPE_API_BASE,
    )
    sandbox.start()
    try:
        with _checking(contract_is_checked, port=public, upstream=f"http://127.0.0.1:{port}", folder=folder, name="api"):
            yield sandbox
    finally:
        sandbox.stop()


@pytest.fixture
def sandbox(stripe_api: Sandbox) -> Sandbox:
    """The stand-in for Stripe as at its start: nothing stored, no faults, webhooks going nowhere."""
    stripe_api.reset()
    return stripe_api


@pytest.fixture(scope="session")
def webhook_url(contract_is_checked: bool, live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the stand-in delivers its events so that they reach the live shop, checked on the way."""
    with checked_webhooks(contract_is_checked, live_server.url, tmp_path_factory.mktemp("webhooks")) as url:
        yield url


@contextlib.contextmanager
def checked_webhooks(wanted: bool, shop_url: str, folder: Path) -> Iterator[str]:
    """An address in front of a shop's webhook, with a contract proxy behind it."""
    port = free_port()
    with _checking(wanted, port=port, upstream=shop_url, folder=folder, name="webhooks"):
        yield f"http://127.0.0.1:{port}/webhooks/stripe/" if wanted else f"{shop_url}/webhooks/stripe/"


@pytest.fixture
def live_sandbox(sandbox: Sandbox, live_server: LiveServer, webhook_url: str) -> Sandbox:
    """The stand-in, delivering its events to the live shop. Together with `live_server` this is the whole thing."""
    sandbox.configure(webhook_url=webhook_url)
    return sandbox


@contextlib.contextmanager
def _checking(wanted: bool, *, port: int | None, upstream: str, folder: Path, name: str) -> Iterator[None]:
    """A contract proxy before `upstream`. Fails at the end if anything disagreed; what was seen is counted for the summary."""
    if not wanted:
        yield
        return
    secret = settings.STRIPE_WEBHOOK_SECRETS[0]
    proxy = ContractProxy(upstream=upstream, port=port, report=folder / f"{name}.jsonl", secret=secret)
    proxy.start()
    try:
        yield
    finally:
        proxy.stop()
    errors = proxy.errors()
    count_contract_checks(name, seen=proxy.exchanges(), errors=len(errors))
    assert not errors, "\n".join([f"{name}: {len(errors)} disagreements with Stripe's API description", *errors[:20]])
