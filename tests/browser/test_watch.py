"""The watch itself: if it saw nothing, every browser test would pass too easily."""

from __future__ import annotations

import pytest


@pytest.fixture
def problems(page, watches):
    page.goto("/healthz")
    page.wait_for_load_state("networkidle")
    yield watches[page]
    watches[page].allow("")  # they were provoked here


def test_it_sees_an_error_in_the_console(page, problems):
    page.evaluate("console.error('broken')")
    assert "console error: broken" in problems.problems[0]


def test_it_sees_an_exception_in_a_script(page, problems):
    with page.expect_event("pageerror"):
        page.evaluate("setTimeout(() => { throw new Error('broken') }, 0)")
    assert "script error" in problems.problems[0]


def test_it_sees_a_missing_resource(page, problems):
    page.evaluate("fetch('/static/missing.css')")
    with page.expect_event("console"):
        page.evaluate("fetch('/static/missing.js')")
    assert any(problem.startswith("answer 404") for problem in problems.problems)


def test_it_sees_nothing_on_a_page_in_order(page, watches):
    page.goto("/healthz")
    assert watches[page].problems == []


def test_it_passes_what_the_test_is_about(page, problems, allow):
    page.evaluate("console.error('broken')")
    allow("broken")
    assert problems.problems == []


def test_it_finds_what_is_not_accessible(page, axe):
    page.goto("/healthz")
    page.evaluate("document.body.innerHTML = '<img src=\"data:,\">'")
    with pytest.raises(AssertionError, match="image-alt"):
        axe(page)
