"""Fixtures of the trust tests: the real shop with several processes, over real HTTP, on either database.

    def test_it_...(world):
        ada = world.shopper().put(variant)     # factories write straight into the shop's database
        payment = ada.checkout()               # over HTTP, at one of four worker processes
        with world.shop.stops.at(r"after COMMIT") as stop: ...     # tests/trust/stops.py: hold a process at a place
        world.quiesce()                        # everything calms down
        world.check()                          # every invariant

Mark each test with the cases of docs/trust.md that it is about: `@pytest.mark.case("F1", "A4")`. Rounds that take long
run with `make test-long` (`--long`): `rounds(5, long=50)`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any

import pytest

from tests.mail_server import ACCEPT, MailServer
from tests.payments.shopping import Shopper
from tests.sandbox_process import Sandbox
from tests.stripe_fixtures import checked_webhooks
from tests.trust.furnished import FurnishedShop, rows
from tests.trust.programs import ShopProgram
from tests.trust.world import World


@pytest.fixture(scope="session")
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture(scope="session")
def shop_program(django_db_setup: None, django_db_blocker: Any, mail_server: MailServer) -> Iterator[ShopProgram]:
    with ShopProgram(EMAIL_URL=f"smtp://127.0.0.1:{mail_server.port}") as shop:
        yield shop


@pytest.fixture(scope="session")
def program_webhook_url(
    contract_is_checked: bool, shop_program: ShopProgram, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with checked_webhooks(contract_is_checked, shop_program.url, tmp_path_factory.mktemp("webhooks")) as url:
        yield url


@pytest.fixture
def world(
    transactional_db: None,
    settings: Any,
    sandbox: Sandbox,
    shop_program: ShopProgram,
    mail_server: MailServer,
    program_webhook_url: str,
) -> Iterator[World]:
    """The shop with nothing in it, at the stand-in with nothing in it; webhooks go nowhere until `world.listen()`."""
    settings.SITE_URL = shop_program.url
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1"
    settings.EMAIL_PORT = mail_server.port
    mail_server.mode, mail_server.refused, mail_server.hanging = ACCEPT, set(), 0
    mail_server.accepted.clear()
    shop_program.forget()
    yield World(shop_program, sandbox, mail_server, program_webhook_url)
    shop_program.end_workers()
    shop_program.stops.clear()
    sandbox.reset()


@pytest.fixture
def broken(world: World, mail_server: MailServer) -> Callable[..., Any]:
    """`with broken("claim", "move") as shop:` serves the same database by a shop without these guards."""

    @contextlib.contextmanager
    def serve(*guards: str, **environment: str) -> Iterator[ShopProgram]:
        environment.setdefault("EMAIL_URL", f"smtp://127.0.0.1:{mail_server.port}")
        with ShopProgram(broken=",".join(guards), **environment) as shop:
            yield shop

    return serve


@pytest.fixture
def ada(world: World) -> Shopper:
    """Ada, with a browser and an address of her own."""
    return world.shopper()


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> Callable[..., range]:
    """`for _round in rounds(5, long=50)`: few in CI, many with --long."""
    return lambda few, *, long: range(long if request.config.getoption("long") else few)


@pytest.fixture
def furnished(world: World) -> Iterator[FurnishedShop]:
    """One of everything; at the end nothing of it has changed, every invariant holds, and the log has no new traceback."""
    shop = FurnishedShop.of(world)
    before, said = rows(), len(world.shop.text)
    yield shop
    assert rows() == before
    assert "Traceback" not in world.shop.text[said:]
    world.check()


@pytest.fixture
def some(request: pytest.FixtureRequest) -> Callable[[Iterable[Any], int], list[Any]]:
    """`some(requests, 100)`: so many of them, the same every time; ten times as many with --long."""
    times = 10 if request.config.getoption("long") else 1

    def choose(everything: Iterable[Any], most: int) -> list[Any]:
        found = list(everything)
        return Random(most).sample(found, min(times * most, len(found)))

    return choose
