"""`{% picture image sizes="50vw" %}`: a stored picture with its smaller copies; asks no storage."""

from __future__ import annotations

from typing import Any

from django import template

from catalog.models import ProductImage

register = template.Library()


@register.inclusion_tag("_partials/picture.html")
def picture(
    image: ProductImage | None, *, sizes: str = "100vw", priority: bool = False, alt: str | None = None
) -> dict[str, Any]:
    """Show `image`, or a plain placeholder for None. `priority` is for the one picture that a page opens with."""
    return {
        "image": image,
        "sources": _sources(image) if image else [],
        "alt": image.alt if image and alt is None else alt or "",
        "sizes": sizes,
        "priority": priority,
    }


def _sources(image: ProductImage) -> list[dict[str, str]]:
    """One entry per format, AVIF before others because it is the smallest: {"type", "srcset"}."""
    by_type: dict[str, list[str]] = {}
    for copy in sorted(image.renditions, key=lambda copy: (copy["type"] != "image/avif", copy["width"])):
        by_type.setdefault(copy["type"], []).append(f"{copy['url']} {copy['width']}w")
    return [{"type": kind, "srcset": ", ".join(copies)} for kind, copies in by_type.items()]
