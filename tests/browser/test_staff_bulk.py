"""Grace changes many products at once, is shown what would change before, and sends a preview to Ada."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests import factories


def test_it_changes_many_at_once_and_shows_a_preview(staff, visitor, gallery, allow):
    allow("422")
    draft = factories.product(title="Not Yet", is_published=False)
    factories.variant(product=draft, price_minor=1905, on_hand=3)
    page = staff.page

    def begin(action: str) -> None:
        page.goto("/admin/catalog/product/")
        page.get_by_role("row").filter(has=page.get_by_role("link", name="Not Yet")).get_by_role("checkbox").check()
        page.get_by_role("combobox", name="Action").select_option(action)
        page.get_by_role("button", name="Go", exact=True).click()
        staff.look()

    def confirm(now: str, then: str) -> None:
        row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Not Yet"))
        expect(row.get_by_role("cell").nth(0)).to_have_text(now)
        expect(row.get_by_role("cell").nth(1)).to_have_text(then)
        staff.look()
        staff.press("Confirm")

    begin("Change prices…")
    page.get_by_label("Percent").fill("12,5")
    staff.press("Show what would change")
    expect(page.get_by_label("Percent")).to_have_accessible_description(re.compile("Type a percentage such as 10"))
    staff.look()
    page.get_by_label("Percent").fill("-10")
    page.get_by_label("Price before").select_option("old")
    staff.press("Show what would change")
    confirm("€19.05", "€17.15, before €19.05")
    staff.is_told("1 price was changed.")

    begin("Change stock…")
    page.get_by_label("Add or take away").fill("12")
    page.get_by_label("Reason").fill("delivery 7")
    staff.press("Show what would change")
    confirm("3", "15")
    staff.is_told("The stock of 1 variant was changed.")

    page.get_by_role("link", name="Not Yet").click()
    link = page.get_by_role("link", name="Preview").get_attribute("href")
    visitor.go(link)
    visitor.sees("Not Yet")
    visitor.reads("Preview: not published, only people with this link see it.")
    visitor.reads("€17.15")

    begin("Publish…")
    confirm("not in the shop", "in the shop")
    staff.is_told("1 product is in the shop now.")
    visitor.go(link)
    visitor.press("Add to cart")
    visitor.sees("Your cart")
