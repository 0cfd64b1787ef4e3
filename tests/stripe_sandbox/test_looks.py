"""The pages in a real browser: accessible, without console errors, no wider than a phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.stripe_sandbox.conftest import SHIPPED

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def paths(new_session, box) -> list[str]:
    """Every kind of page, each with something on it."""
    opened, paid, expired = (new_session(allow_promotion_codes=True, **SHIPPED) for _ in range(3))
    intent = box.pay(paid.id)["payment_intent"]
    refund = box.refund(intent, amount=100)["id"]
    box.expire(expired.id)
    disputed = box.dispute(intent, inquiry=True)["id"]
    asked = box.pay(new_session().id, card="4000002760003184")["payment_intent"]
    box.fault(path="^/v1/charges", action="slow", seconds=1)
    sections = ["sessions", "payments", "refunds", "disputes", "events", "deliveries", "requests"]
    sections += ["switches/settings", "switches/faults"]
    shown = [opened.id, intent, refund, disputed, box.events()[0]["id"]]
    inside = new_session(ui_mode="embedded_page", success_url=None, cancel_url=None, return_url="https://shop.test/", **SHIPPED)
    pages = [f"/c/pay/{session.id}" for session in (opened, paid, expired)] + [f"/c/authenticate/{asked}", "/"]
    pages += [f"/c/embedded/{inside.client_secret}", "/c/fields"]
    return pages + [f"/dashboard/{name}" for name in sections] + [f"/dashboard/objects/{one}" for one in shown]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_and_fits_a_phone(chrome, box, paths, scheme):
    context = chrome.new_context(viewport=PHONE, color_scheme=scheme)
    page, problems = context.new_page(), []
    page.on("console", lambda message: problems.append(message.text))
    page.on("requestfailed", lambda request: problems.append(request.url))
    for path in paths:
        page.goto(box.url + path)
        found = Axe().run(page).response["violations"]
        problems += [f"{path}: {entry['id']} {[node['target'] for node in entry['nodes']]}" for entry in found]
        if page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:
            problems.append(f"{path} is too wide")
    context.close()
    assert problems == []


def test_it_shows_the_total_of_the_chosen_shipping_without_scripts(chrome, new_session):
    context = chrome.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(new_session(**SHIPPED).url)
    pay = page.locator("button.pay")
    assert pay.inner_text() == "Pay 29.90 EUR"
    page.get_by_label("Courier").check()
    assert pay.inner_text() == "Pay 37.90 EUR"
    page.get_by_label("Bank debit").check()
    assert not page.get_by_label("Card number").is_visible()
    assert page.get_by_label("IBAN").is_visible()
    page.get_by_label("E-mail").press("Enter")  # as Pay does, not as the first button of the form
    assert page.locator("#iban-error").is_visible()
    context.close()
