"""Grace brings products by file: she chooses one, sees what it would change and what is wrong, and applies it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.admin_pages import Staff
from tests.browser.conftest import PHONE
from tests.catalog.product_files import LINE, written

LONG = "ftp://pictures.test/" + "LongWithoutAnyBlank" * 6 + ".jpg"
POT = LINE | {"Handle": "clay-pot", "Vendor": "Kiln"}
WRONG = LINE | {"Handle": "clay-pan", "Title": "Clay Pan", "Variant Price": "€9.99", "Image Src": LONG}


def choose(staff, data):
    field = staff.page.get_by_label("CSV file")
    field.set_input_files({"name": f"{'LongWithoutAnyBlank' * 6}.csv", "mimeType": "text/csv", "buffer": data})
    staff.press("Look through the file")


def on_a_phone_in_the_dark(staff, visit):
    """The same page, as Grace has it in her pocket."""
    state = staff.page.context.storage_state()
    other = visit(**PHONE, color_scheme="dark", storage_state=state)
    other.page.goto(staff.page.url)
    pocket = Staff(other.page, other.look_over)
    pocket.look()
    return pocket


def test_it_shows_what_a_file_would_change_and_applies_it(staff, visit, visitor, gallery, allow):
    staff.open_list("Imports")
    staff.page.get_by_role("link", name="Add import").click()
    on_a_phone_in_the_dark(staff, visit)
    allow("422")
    staff.press("Look through the file")
    expect(staff.page.get_by_text("This field is required.")).to_be_visible()
    staff.look()

    variant = gallery.print.variants.first()
    dearer = {"Handle": gallery.print.slug, "Variant SKU": variant.sku, "Variant Price": "61.00", "Title": gallery.print.title}
    choose(staff, written(POT, WRONG, dearer))
    expect(staff.page.get_by_role("heading", name="Refused: 1")).to_be_visible()
    staff.reads("line 3, Variant Price")
    staff.look()
    pocket = on_a_phone_in_the_dark(staff, visit)

    pocket.press("Apply: 1 new, 1 changed")
    expect(pocket.page.get_by_role("status")).to_have_text("Applied")
    pocket.look()
    visitor.go("/products/clay-pot/")
    visitor.sees("Clay Pot")
    visitor.reads("€9.99")
