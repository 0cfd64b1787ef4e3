"""What a file's pictures change: those that are there are compared, the others are written down to be fetched later."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.utils.translation import gettext as _

from catalog.exchange.models import PictureToFetch
from catalog.exchange.parse import PictureRecord
from catalog.exchange.picture_address import why_never
from catalog.exchange.shelf import Known, full_address
from catalog.models import ProductImage, Variant

if TYPE_CHECKING:
    from catalog.exchange.plan import Plan

Row = TypeVar("Row", ProductImage, PictureToFetch)


def plan_pictures(plan: Plan, known: Known, records: list[PictureRecord]) -> None:
    """Pictures that the file does not name stay; so does whatever it leaves empty."""
    images = {full_address(image.url): image for image in known.images if image.url}
    waiting = {picture.url: picture for picture in known.pictures}
    by_id = {image.pk: image for image in known.images}
    new: dict[str, PictureToFetch] = {}
    met: set[int] = set()
    for record in records:
        origin = waiting.get(record.url)
        image = images.get(record.url) or (by_id.get(origin.image_id) if origin and origin.image_id else None)
        if image is not None:
            if image.pk not in met:  # the same picture under two addresses is one: the first says where it stands
                _compare(plan, image, record, plan.images)
            met.add(image.pk)
        elif origin is not None:
            _compare(plan, origin, record, plan.pictures)
        elif record.url not in new:
            new[record.url] = _to_fetch(plan, record)
    plan.pictures += new.values()
    if new and not plan.is_new:
        to_fetch = sum(1 for picture in new.values() if picture.due_at)
        plan.change("Image Src", "", _("%d to fetch") % to_fetch if to_fetch else _("%d that cannot be fetched") % len(new))
    for variant, url in plan.shown_by:
        origin = waiting.get(url)
        image = images.get(url) or (by_id.get(origin.image_id) if origin and origin.image_id else None)
        if image is not None:
            _show(plan, variant, image)
        elif variant.pk and (origin is None or variant.pk not in origin.for_variants):
            before = by_id.get(variant.image_id or 0)
            plan.change("Variant Image", full_address(before.url) if before else "", url, variant.options_text or variant.sku)
    plan.shown_by = [(variant, url) for variant, url in plan.shown_by if url in new or url in waiting]


def _to_fetch(plan: Plan, record: PictureRecord) -> PictureToFetch:
    """One that cannot be fetched is given up at once: staff see why it is missing."""
    picture = PictureToFetch(product=plan.product, url=record.url, position=record.position, alt=record.alt or "")
    if why := why_never(record.url):
        picture.error, picture.due_at = why, None
    return picture


def _compare(plan: Plan, row: Row, record: PictureRecord, changed: list[Row]) -> None:
    before = (row.position, row.alt)
    if record.position is not None and record.position != row.position:
        plan.change("Image Position", "" if row.position is None else row.position + 1, record.position + 1)
        row.position = record.position
    if record.alt is not None and record.alt != row.alt:
        plan.change("Image Alt Text", row.alt, record.alt)
        row.alt = record.alt
    if before != (row.position, row.alt) and row not in changed:
        changed.append(row)


def _show(plan: Plan, variant: Variant, image: ProductImage) -> None:
    if variant.image_id == image.pk:
        return
    if not plan.is_new and variant.pk:
        plan.change("Variant Image", "", full_address(image.url), variant.options_text or variant.sku)
    variant.image = image
    if variant.pk and variant not in plan.changed_variants:
        plan.changed_variants.append(variant)
