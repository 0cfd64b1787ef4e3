"""Grace puts pictures in order, with the mouse and with the keyboard."""

from __future__ import annotations

from playwright.sync_api import expect

from tests import factories


def test_it_puts_pictures_in_order_by_dragging_and_by_buttons(staff):
    product = factories.product()
    for at, name in enumerate(("One", "Two", "Three")):
        factories.picture(product=product, position=at, alt=name, url="")
    staff.page.goto(f"/admin/catalog/product/{product.pk}/change/")
    rows = staff.page.locator("#images-group tr.has_original")
    described = rows.get_by_label("Description for those who cannot see it")

    def shown() -> list[str]:
        return [field.input_value() for field in described.all()]

    assert shown() == ["One", "Two", "Three"]
    later = rows.nth(0).get_by_role("button", name="Later")
    later.press("Enter")
    assert shown() == ["Two", "One", "Three"]
    expect(rows.nth(1).get_by_role("button", name="Later")).to_be_focused()
    rows.nth(2).locator(".picture-handle").hover()
    above = rows.nth(1).bounding_box()
    staff.page.mouse.down()
    for y in (8, 6, 4):  # the first movement over a row is not reported as one
        staff.page.mouse.move(above["x"] + 60, above["y"] + y)
    staff.page.mouse.up()
    expect(described.nth(1)).to_have_value("Three")
    assert shown() == ["Two", "Three", "One"]
    staff.look()
    staff.page.get_by_role("button", name="Save", exact=True).click()
    staff.is_told("was changed successfully")
    assert [image.alt for image in product.images.all()] == ["Two", "Three", "One"]
