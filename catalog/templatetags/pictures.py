"""`{% picture image sizes="50vw" %}`: a stored picture with its copies in other sizes and formats; asks no storage.

While it loads, its place shows its colour. The policy of our pages allows no style attributes, and an <img> has no size
before its file is there; so an SVG of the same proportions lies behind it, which may say its colour in an attribute.
"""

from __future__ import annotations

import re

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.cards import Cover
from catalog.models import ProductImage

register = template.Library()

PICTURE = '<span class="picture">{}<picture>{}<img src="{}" width="{}" height="{}" alt="{}"{}></picture></span>'
SOURCE = '<source type="{}" srcset="{}" sizes="{}">'
BEHIND = '<svg width="{0}" height="{1}" viewBox="0 0 {0} {1}" fill="{2}" aria-hidden="true"><path d="M0 0h{0}v{1}H0z"/></svg>'
COLOUR = re.compile(r"#[0-9a-f]{6}\Z")
AT_ONCE = format_html(' fetchpriority="{}"', "high")
LATER = format_html(' loading="{}" decoding="{}"', "lazy", "async")
NO_PICTURE = format_html('<span class="{}"></span>', "no-picture")


@register.simple_tag
def picture(
    image: ProductImage | Cover | None, *, sizes: str = "100vw", priority: bool = False, alt: str | None = None
) -> SafeString:
    """Show `image`, or a plain placeholder for None and for one that is lost. `priority` is for what a page opens with."""
    if not image or not image.url:
        return NO_PICTURE
    width, height = image.width, image.height
    behind = format_html(BEHIND, width, height, image.colour) if COLOUR.match(image.colour) else ""
    sources = format_html_join("", SOURCE, ((kind, srcset, sizes) for kind, srcset in _sources(image)))
    words = image.alt if alt is None else alt
    return format_html(PICTURE, behind, sources, image.url, width, height, words, AT_ONCE if priority else LATER)


def _sources(image: ProductImage | Cover) -> list[tuple[str, str]]:
    """(MIME type, srcset) of each format, AVIF before others because it is the smallest."""
    by_type: dict[str, list[str]] = {}
    for copy in sorted(image.renditions, key=lambda copy: (copy["type"] != "image/avif", copy["width"])):
        by_type.setdefault(copy["type"], []).append(f"{copy['url']} {copy['width']}w")
    return [(kind, ", ".join(copies)) for kind, copies in by_type.items()]
