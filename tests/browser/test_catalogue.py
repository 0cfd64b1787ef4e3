"""The catalogue in a browser: by keyboard, without scripts, with a lost picture. What it looks like: test_looks.py."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from PIL import Image
from playwright.sync_api import expect

from catalog.images import store_image
from catalog.models import Option
from tests import factories


def png(width, height, colour):
    file = BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return ContentFile(file.getvalue(), name="print.png")


@pytest.fixture
def shop(open_page):
    """A category with a product of three pictures and two editions, one without a picture and one sold out."""
    home = factories.category(name="Flow fields", slug="flow", description="Lines that follow a wind.")
    factories.category(name="Curl noise", slug="curl", parent=home)
    made = factories.product(title="Slow Weather", slug="slow-weather", categories=[home], description="<p>How.</p>")
    pictures = [
        store_image(made, png(*size, "teal"), alt=f"Teal lines {place}")
        for place, size in enumerate([(600, 800), (800, 600), (700, 700)])
    ]
    Option.objects.create(product=made, name="Size")
    factories.variant(product=made, option_values={"Size": "A4"}, on_hand=2)
    factories.variant(product=made, option_values={"Size": "A2"}, image=pictures[2])
    factories.variant(product=factories.product(title="Bare", slug="bare"))
    factories.variant(product=factories.product(title="Gone", slug="gone"), on_hand=0)
    return made


def test_it_is_used_by_keyboard(page, shop):
    page.goto("/products/slow-weather/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_it_finds_and_puts_in_the_cart_without_scripts(without_scripts, shop):
    page = without_scripts
    page.goto("/")
    page.get_by_role("search", name="Site").get_by_label("Search the prints").fill("weather")
    page.get_by_role("search", name="Site").get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Slow Weather").click()
    page.get_by_label("A2").check()
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url("**/cart/")
    expect(page.get_by_label("Quantity of Slow Weather · A2")).to_have_value("2")


def test_it_brings_the_picture_of_the_chosen_edition_into_view(phone, shop):
    phone.goto("/products/slow-weather/")
    gallery = phone.get_by_role("list", name="Pictures")
    phone.get_by_label("A2").check()
    phone.wait_for_function("gallery => gallery.scrollLeft > 100", arg=gallery.element_handle())


def test_it_follows_the_chosen_edition(phone, shop):
    """Its words, its address and its picture; the keyboard steps through the pictures, and small ones lead to them."""
    large = shop.variants.get(option_values={"Size": "A2"})
    phone.goto("/products/slow-weather/")
    expect(phone.locator("[data-chosen]")).to_contain_text("Only 2 left")
    phone.get_by_label("A2").check()
    expect(phone.locator("[data-chosen]")).to_have_text(f"A2 {large.price}")
    assert phone.url.endswith(f"/products/slow-weather/?variant={large.pk}")
    phone.reload()
    expect(phone.get_by_label("A2")).to_be_checked()
    expect(phone.get_by_role("list", name="Pictures").get_by_role("img").first).to_have_attribute("alt", "Teal lines 2")
    phone.get_by_role("list", name="Pictures").focus()
    for key, now in [("ArrowRight", 2), ("End", 3), ("ArrowLeft", 2), ("Home", 1)]:
        phone.keyboard.press(key)
        expect(phone.get_by_role("link", name=f"Picture {now} of 3")).to_have_attribute("aria-current", "true")
    phone.get_by_role("link", name="Picture 3 of 3").click()
    expect(phone.get_by_role("img", name="Teal lines 1")).to_be_in_viewport()


def test_it_lets_a_sold_out_edition_be_looked_at(phone, shop):
    """By its address or by choosing it: its words, its address, and no way to buy it until another is chosen."""
    gone = factories.variant(product=shop, option_values={"Size": "A1"}, on_hand=0, price_minor=9900)
    chosen, buy = phone.locator("[data-chosen]"), phone.locator("[data-add]")
    phone.goto(f"/products/slow-weather/?variant={gone.pk}")
    expect(phone.get_by_label("A1")).to_be_checked()
    expect(chosen).to_have_text("A1 €99.00 Sold out")
    expect(buy).to_be_disabled()
    expect(buy).to_have_text("Sold out")
    phone.get_by_label("A4").check()
    expect(buy).to_be_enabled()
    expect(buy).to_have_text("Add to cart")
    phone.get_by_label("A1").check()
    expect(buy).to_be_disabled()
    assert phone.url.endswith(f"?variant={gone.pk}")


def test_it_says_without_scripts_that_an_edition_is_sold_out(without_scripts, shop):
    page, gone = without_scripts, factories.variant(product=shop, option_values={"Size": "A1"}, on_hand=0)
    page.goto(f"/products/slow-weather/?variant={gone.pk}")
    page.get_by_role("button", name="Add to cart").click()
    page.wait_for_url("**/cart/")
    expect(page.get_by_text("“Slow Weather · A1” is sold out")).to_be_visible()


def test_it_remembers_in_the_browser_alone_what_was_looked_at(page, shop):
    page.goto("/products/slow-weather/")
    expect(page.get_by_role("heading", name="You looked at")).to_be_hidden()
    page.goto("/products/bare/")
    looked_at = page.locator("[data-viewed]")
    expect(looked_at.get_by_role("link", name="Slow Weather")).to_be_visible()
    page.goto("/products/gone/")
    expect(looked_at.get_by_role("link")).to_have_text(["Bare", "Slow Weather"])
    assert {cookie["name"] for cookie in page.context.cookies()} == {"csrftoken"}  # of the form


def test_it_keeps_its_shape_when_a_picture_is_lost(page, axe, shop, allow):
    allow("404")
    lost = factories.product(title="Lost", slug="lost", position=0)
    factories.variant(product=lost)
    factories.picture(product=lost, url=f"/media/pictures/00/{'0' * 64}.webp")
    page.goto("/products/")
    card = page.get_by_role("article").filter(has_text="Lost").bounding_box()
    other = page.get_by_role("article").filter(has_text="Slow Weather").bounding_box()
    assert (card["width"], card["height"]) == (other["width"], other["height"])
    axe(page)
