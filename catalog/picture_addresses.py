"""Addresses of pictures, rewritten when the storage or the CDN in front of it has got another name."""

from __future__ import annotations

from collections.abc import Callable

from django.core.files.storage import default_storage

from catalog.models import ProductImage

BATCH = 500


def refresh_pictures(*, write: bool, progress: Callable[[int], object] = lambda _count: None) -> int:
    """Rewrite the addresses of all pictures to what the storage says now. Returns how many pictures differ.

    No network. A row is written only as it was read, else it is read again: nothing is undone that a worker or an upload wrote
    meanwhile. Safe to repeat and to break off.
    """
    differ, last = 0, 0
    while batch := list(ProductImage.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        differ += sum(_refresh(image, write=write) for image in batch)
        progress(len(batch))
        last = batch[-1].pk
    return differ


def _refresh(image: ProductImage, *, write: bool) -> bool:
    """Does it differ? A lost picture has no address."""
    if image.is_lost:
        return False
    url = default_storage.url(image.name)
    renditions = [{**one, "url": default_storage.url(one["name"])} for one in image.renditions]
    if (url, renditions) == (image.url, image.renditions):
        return False
    same = ProductImage.objects.filter(pk=image.pk, name=image.name, url=image.url, due_at=image.due_at)
    if write and not same.update(url=url, renditions=renditions):
        changed = ProductImage.objects.filter(pk=image.pk).first()
        return changed is not None and _refresh(changed, write=True)
    return True
