"""`{% picture image sizes="50vw" %}`: a stored picture with its smaller copies; asks no storage."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.cards import Cover
from catalog.models import ProductImage

register = template.Library()

PICTURE = '<picture class="picture">{}<img src="{}" width="{}" height="{}" alt="{}"{}></picture>'
SOURCE = '<source type="{}" srcset="{}" sizes="{}">'
AT_ONCE = format_html(' fetchpriority="{}"', "high")
LATER = format_html(' loading="{}" decoding="{}"', "lazy", "async")
NO_PICTURE = format_html('<span class="{}"></span>', "no-picture")


@register.simple_tag
def picture(
    image: ProductImage | Cover | None, *, sizes: str = "100vw", priority: bool = False, alt: str | None = None
) -> SafeString:
    """Show `image`, or a plain placeholder for None. `priority` is for the one picture that a page opens with."""
    if not image:
        return NO_PICTURE
    sources = format_html_join("", SOURCE, ((kind, srcset, sizes) for kind, srcset in _sources(image)))
    words = image.alt if alt is None else alt
    return format_html(PICTURE, sources, image.url, image.width, image.height, words, AT_ONCE if priority else LATER)


def _sources(image: ProductImage | Cover) -> list[tuple[str, str]]:
    """(MIME type, srcset) of each format, AVIF before others because it is the smallest."""
    by_type: dict[str, list[str]] = {}
    for copy in sorted(image.renditions, key=lambda copy: (copy["type"] != "image/avif", copy["width"])):
        by_type.setdefault(copy["type"], []).append(f"{copy['url']} {copy['width']}w")
    return [(kind, ", ".join(copies)) for kind, copies in by_type.items()]
