"""Finding in a browser: suggestions by keyboard and pointer, filters on a phone, and both without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests import factories


@pytest.fixture
def shop(open_page):
    home = factories.category(name="Flow fields", slug="flow")
    for number, (size, price) in enumerate([("A4", 2000), ("A3", 3000), ("A3", 4000)]):
        made = factories.product(title=f"Slow Weather {number}", slug=f"slow-{number}", categories=[home], position=number)
        factories.variant(product=made, option_values={"Size": size}, price_minor=price)


def test_it_suggests_by_keyboard(page, shop, look_over):
    page.goto("/")
    field = page.get_by_role("combobox", name="Search the prints").first
    field.press_sequentially("slow we")
    options = page.get_by_role("option")
    options.nth(2).wait_for()
    look_over(page)
    field.press("ArrowDown")
    field.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", options.nth(1).get_attribute("id"))
    field.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    field.press_sequentially("a")
    options.nth(2).wait_for()
    field.press("ArrowUp")
    with page.expect_navigation(url="**/products/slow-2/"):
        field.press("Enter")


def test_it_filters_on_a_phone(phone, shop, look_over):
    phone.goto("/categories/flow/")
    phone.get_by_text("Filter and sort").click()
    phone.get_by_label("A3 (2)").check()
    phone.get_by_label("Order").select_option("price-down")
    look_over(phone)
    phone.get_by_role("button", name="Show").click()
    expect(phone.locator(".product-card__title")).to_have_text(["Slow Weather 2", "Slow Weather 1"])
    look_over(phone)
    phone.get_by_role("link", name="Size: A3").click()
    expect(phone.locator(".product-card__title")).to_have_count(3)


def test_it_filters_without_scripts(without_scripts, shop):
    page = without_scripts
    page.goto("/search/?q=slow")
    page.get_by_text("Filter and sort").click()
    page.get_by_label("A4 (1)").check()
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".product-card__title")).to_have_text(["Slow Weather 0"])
    assert "q=slow" in page.url
