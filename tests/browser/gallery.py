"""A small shop to look at: two categories, a print in two sizes with pictures, two ways to send it."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from django.core.files.base import ContentFile
from PIL import Image

from catalog.images import store_image
from catalog.models import Category, Option, Product, Variant
from orders.models import ShippingRate
from tests import factories

TITLE = "Slow Weather"


@dataclass
class Gallery:
    category: Category
    print: Product
    a4: Variant  # €49.00, ten of them
    a2: Variant  # €89.00, three of them
    tracked: ShippingRate  # €5.90, ticked at first
    express: ShippingRate  # €12.90

    @property
    def free(self) -> int:
        """Units of the A4 that others may still buy, read now."""
        self.a4.refresh_from_db()
        return self.a4.available or 0


def open_gallery() -> Gallery:
    category = factories.category(name="Flow fields", slug="flow", description="Lines that follow a wind.")
    factories.category(name="Tilings", slug="tilings", position=1)
    made = factories.product(
        title=TITLE, slug="slow-weather", categories=[category], description="<p>Ten thousand short lines.</p>"
    )
    blue = store_image(made, picture(480, 640, "steelblue"), alt="Blue lines on cream paper")
    red = store_image(made, picture(640, 480, "firebrick"), alt="Red lines on cream paper")
    Option.objects.create(product=made, name="Size")
    size = {"product": made, "position": 0}
    return Gallery(
        category=category,
        print=made,
        a4=factories.variant(**size, option_values={"Size": "A4"}, price_minor=4900, on_hand=10, image=blue),
        a2=factories.variant(**size, option_values={"Size": "A2"}, price_minor=8900, on_hand=3, image=red),
        tracked=factories.shipping_rate(position=0),
        express=factories.shipping_rate(name="Express", price_minor=1290, position=1),
    )


def picture(width: int, height: int, colour: str) -> ContentFile:
    """A PNG of one colour, as a file that was uploaded."""
    file = BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return ContentFile(file.getvalue(), name="print.png")
