"""Grace adds to the catalogue in the admin, and a visitor sees it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from catalog.models import Product
from tests import factories
from tests.browser.gallery import picture

PICTURE = {"name": "tide.png", "mimeType": "image/png", "buffer": picture(600, 800, "seagreen").read()}
NO_PICTURE = {"name": "tide.png", "mimeType": "image/png", "buffer": b"These are words."}
LOADED = "picture => picture.complete && picture.naturalWidth"


@pytest.fixture
def form(staff):
    """The page for a new product, filled in but for the picture and the switch that publishes it."""
    staff.open_list("Products")
    staff.page.get_by_role("link", name="Add product").click()
    expect(staff.page.get_by_role("heading", name="Add product")).to_be_visible()
    staff.look()
    staff.page.get_by_role("textbox", name="Title:", exact=True).press_sequentially("Tidal Study")
    staff.page.get_by_label("Summary").fill("Green bands.")
    variant = staff.page.get_by_role("group", name="Variants")
    variant.get_by_label("SKU").first.fill("TS-A4")
    variant.get_by_label("Price (EUR)").first.fill("59.00")
    variant.get_by_label("Add or take away").first.fill("4")
    staff.page.get_by_label("Description for those who cannot see it").first.fill("Green bands, wider below")
    return staff


def save(staff):
    staff.page.get_by_role("button", name="Save", exact=True).click()


def test_it_publishes_a_product_with_a_picture_in_a_category(form, visitor):
    factories.category(slug="below")
    form.page.get_by_label("File").first.set_input_files(PICTURE)
    form.page.get_by_label("Published").check()
    form.page.get_by_role("searchbox", name="Categories").press_sequentially("below")
    found = form.page.get_by_role("listbox", name="Categories").get_by_role("option")
    expect(found).to_have_text("Prints")
    form.page.keyboard.press("Enter")
    form.look()
    save(form)
    form.is_told("was added successfully")
    assert [each.slug for each in Product.objects.get(title="Tidal Study").categories.all()] == ["below"]
    form.look()
    visitor.go("/products/")
    visitor.sees("All prints")
    visitor.follow("Tidal Study")
    visitor.sees("Tidal Study")
    visitor.reads("€59.00")
    visitor.reads("Only 4 left")
    shown = visitor.page.get_by_role("img", name="Green bands, wider below")
    visitor.page.wait_for_function(LOADED, arg=shown.element_handle())
    visitor.press("Add to cart")
    visitor.sees("Your cart")


def test_it_keeps_a_product_out_of_the_shop_until_it_is_published(form, visitor, allow):
    form.page.get_by_label("File").first.set_input_files(PICTURE)
    save(form)
    form.is_told("was added successfully")
    address = Product.objects.get(title="Tidal Study").get_absolute_url()
    allow("404")
    visitor.go(address)
    visitor.sees("Nothing hangs here")
    form.page.get_by_role("link", name="Tidal Study").first.click()
    form.page.get_by_label("Published").check()
    form.look()
    save(form)
    form.is_told("was changed successfully")
    visitor.go(address)
    visitor.sees("Tidal Study")


def test_it_says_beside_the_field_that_a_file_is_no_picture(form):
    form.page.get_by_label("File").first.set_input_files(NO_PICTURE)
    save(form)
    expect(form.page.get_by_text("Please correct the error below.")).to_be_visible()
    beside = form.page.get_by_role("cell").filter(has=form.page.get_by_label("File"))
    expect(beside.get_by_role("list").first).to_contain_text("JPEG, PNG")
    form.look()
    assert not Product.objects.filter(title="Tidal Study").exists()


def test_it_shows_a_new_price_to_the_next_visitor(staff, visitor, gallery):
    staff.open_list("Products")
    staff.page.get_by_role("link", name=gallery.print.title).first.click()
    staff.page.get_by_label("Price (EUR)").first.fill("55.50")
    save(staff)
    staff.is_told("was changed successfully")
    visitor.go("/products/slow-weather/")
    visitor.sees(gallery.print.title)
    visitor.reads("€55.50")
