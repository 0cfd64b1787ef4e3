"""Looks a page over as a careful visitor would: by the accessibility rules, and whether it scrolls sideways."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from hashlib import sha256

from playwright.sync_api import Page

# Colours on their way to others, after the pointer or the theme moved, are nobody's choice.
SETTLED = """Promise.allSettled(
    document.getAnimations().filter(each => each instanceof CSSTransition).map(each => each.finished)
).then(() => true)"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_CHANGES_EACH_TIME = [
    r'value="[\w-]{20,}"',
    r"(cs|pi)_test_\w+",
    r"(?<=key=)[\w-]+",
    r"(?<=/orders/)[\w-]+",
    r"Order [A-Z0-9-]+",
    r"\d+",
]


class LookOver:
    """`look_over(page)` fails with what is wrong. A page with the same markup, size and colours is looked at only once.

    `without` names rules that this page cannot keep; say why where you name them.
    """

    def __init__(self, axe: Callable[..., None]) -> None:
        self._axe = axe
        self._seen: set[str] = set()

    def __call__(self, page: Page, *, without: Collection[str] = ()) -> None:
        does_not_scroll_sideways(page)
        page.evaluate(SETTLED)
        known = _fingerprint(page)
        if known not in self._seen:
            self._axe(page, without=without)
            self._seen.add(known)


def does_not_scroll_sideways(page: Page) -> None:
    page.wait_for_load_state("load")
    assert page.evaluate(SIDEWAYS) <= 0, f"{page.url} scrolls sideways by {page.evaluate(SIDEWAYS)} pixels"


def _fingerprint(page: Page) -> str:
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    text = page.content()
    for pattern in _CHANGES_EACH_TIME:
        text = re.sub(pattern, "", text)
    return sha256(f"{dark} {page.viewport_size} {text}".encode()).hexdigest()
