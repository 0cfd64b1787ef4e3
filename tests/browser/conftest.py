"""A real browser, which fails the test when a page misbehaves out of sight.

`page` is a desktop; `phone`, `dark` and `without_scripts` are what they say; `open_page(**options)` makes any other. All start
with the live shop as their base address, so `page.goto("/cart/")` does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests import people
from tests.browser.admin_pages import Staff
from tests.browser.gallery import Gallery, open_gallery
from tests.browser.looks import LookOver, does_not_scroll_sideways
from tests.browser.shop_pages import Visitor
from tests.browser.watch import Watch
from tests.sandbox_process import Sandbox
from tools.needed import chromium

DESKTOP = {"width": 1280, "height": 900}
PATIENCE = 15_000  # ms, until a page shows what is expected: several browsers share two cores
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    found = chromium()
    assert found, "Chromium is missing: python -m tools.needed says how to get it"
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": found, "args": ["--disable-dev-shm-usage", *as_root]}


@pytest.fixture(scope="session")
def base_url(live_server: Any) -> str:
    return live_server.url


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], base_url: str) -> dict[str, Any]:
    return {**browser_context_args, "base_url": base_url, "locale": "en-GB"}


@pytest.fixture
def watches() -> dict[Page, Watch]:
    return {}


@pytest.fixture
def open_page(
    transactional_db: None, new_context: Callable[..., BrowserContext], watches: dict[Page, Watch]
) -> Iterator[Callable[..., Page]]:
    """`open_page(**options)`: a page in a new browser context (cookies of its own), watched until the test ends.

    So are all tabs that are opened beside it.
    """

    def watch(page: Page) -> None:
        watches[page] = Watch(page)

    def open_one(**options: Any) -> Page:
        context = new_context(**{"viewport": DESKTOP, **options})
        context.set_default_timeout(15_000)
        context.on("page", watch)
        return context.new_page()

    yield open_one
    problems = [problem for watch in watches.values() for problem in watch.problems]
    assert not problems, "out of sight of the shopper:\n" + "\n".join(problems)


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


@pytest.fixture
def phone(open_page: Callable[..., Page]) -> Page:
    return open_page(**PHONE)


@pytest.fixture
def dark(open_page: Callable[..., Page]) -> Page:
    return open_page(color_scheme="dark")


@pytest.fixture
def without_scripts(open_page: Callable[..., Page]) -> Page:
    return open_page(java_script_enabled=False)


@pytest.fixture
def allow(watches: dict[Page, Watch]) -> Callable[[str], None]:
    """`allow("404")`: problems matching this are what the test is about, on the pages opened so far."""

    def allow_everywhere(pattern: str) -> None:
        for watch in watches.values():
            watch.allow(pattern)

    return allow_everywhere


@pytest.fixture(scope="session")
def axe() -> Callable[..., None]:
    """`axe(page)` fails with what the accessibility rules find on the page as it is now; `without` names rules to leave out."""
    rules = Axe()
    # Loading style sheets a second time, for one rule about turned phones, breaks our policy against inline styles.
    options = {"resultTypes": ["violations"], "preload": False}

    def check(page: Page, *, without: Collection[str] = ()) -> None:
        violations = rules.run(page, options=options).response["violations"]
        found = [
            f"{each['id']} ({each['impact']}): {each['help']}\n{_places(each)}"
            for each in violations
            if each["id"] not in without
        ]
        assert not found, f"{page.url} is not accessible:\n" + "\n".join(found)

    return check


@pytest.fixture(scope="session")
def look_over(axe: Callable[..., None]) -> LookOver:
    return LookOver(axe)


@pytest.fixture
def gallery(transactional_db: None) -> Gallery:
    """Something to sell."""
    return open_gallery()


@pytest.fixture
def visit(
    open_page: Callable[..., Page], look_over: LookOver, gallery: Gallery, live_sandbox: Sandbox
) -> Callable[..., Visitor]:
    """`visit(**options)`: somebody comes into the gallery, with a browser of their own. Stripe's webhooks arrive."""

    def visit_one(**options: Any) -> Visitor:
        scripts = options.get("java_script_enabled", True)
        return Visitor(open_page(**options), look_over if scripts else does_not_scroll_sideways)  # axe is a script

    return visit_one


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    return visit()


@pytest.fixture
def staff(visit: Callable[..., Visitor]) -> Staff:
    """Grace, logged in, in a browser of her own."""
    somebody = visit()
    grace = Staff(somebody.page, somebody.look_over)
    grace.log_in(people.grace().email, people.PASSWORD)
    expect(grace.page.get_by_role("button", name="Log out")).to_be_visible()
    return grace


def _places(violation: dict[str, Any]) -> str:
    return "\n".join(f"    {node['target']}  {node['html'][:160]}" for node in violation["nodes"][:5])
