"""Pictures of products: cleaned, stored, and written down with their final addresses.

Stored names are made from the content, so the same picture is stored once however often it is used. Deleting a
`ProductImage` therefore leaves its files: another product may show them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from catalog.models import Product, ProductImage
from catalog.picture_store import renew, stored_size
from catalog.renditions import ImageRefused, Picture, Rendition, prepare

__all__ = ["ImageRefused", "StorageDown", "StoredPicture", "attach", "discard", "fill", "put", "store_image", "upload"]

logger = logging.getLogger(__name__)


class StorageDown(Exception):
    """Pictures cannot be stored now. The text is for the person who is waiting; the cause is in the log."""


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture that is in the storage and not yet in the database. `created`: the names that were not there before."""

    name: str
    url: str
    width: int
    height: int
    renditions: list[dict[str, Any]]
    colour: str
    created: tuple[str, ...]


def store_image(product: Product, file: BinaryIO, *, alt: str, position: int | None = None) -> ProductImage:
    """Publish an uploaded picture for a product, last in its row unless `position` says otherwise.

    Raises ImageRefused or StorageDown (both with a sentence for staff) and then leaves nothing behind. Giving a product
    the same picture again returns the row it has. Call it outside a transaction: it talks to the storage.
    """
    stored = upload(prepare(file))
    try:
        return attach(product, stored, alt=alt, position=position)
    except Exception:
        discard(stored)
        raise


def upload(picture: Picture) -> StoredPicture:
    """Put a picture into the storage, and the copies it comes with. Raises StorageDown after taking back what was put there."""
    created: list[str] = []
    try:
        original = put(picture.original, created)
        smaller = [put(rendition, created) for rendition in picture.smaller]
    except OSError as error:
        logger.error("Storing a picture failed: %s", error)
        _delete(created)
        raise StorageDown(_why(error)) from error
    size = {"width": original["width"], "height": original["height"]}
    return StoredPicture(
        original["name"], original["url"], **size, renditions=smaller, colour=picture.colour, created=tuple(created)
    )


def attach(product: Product, stored: StoredPicture, *, alt: str, position: int | None = None) -> ProductImage:
    """Write a stored picture down as one of the product's. Twice the same picture, also at the same moment: one row."""
    with transaction.atomic():
        images = Product.objects.select_for_update().get(pk=product.pk).images
        known = images.filter(name=stored.name).first()
        if known is not None:
            if known.is_lost:  # and here it is again
                fill(known, stored)
                known.save()
            return known
        if position is None:
            last = images.aggregate(last=Max("position"))["last"]
            position = 0 if last is None else last + 1
        image = ProductImage(product=product, alt=alt, position=position)
        fill(image, stored)
        image.save()
        return image


def fill(image: ProductImage, stored: StoredPicture) -> None:
    """Make a row show this stored picture. The caller saves it."""
    image.name, image.url = stored.name, stored.url
    image.width, image.height = stored.width, stored.height
    image.renditions, image.colour = stored.renditions, stored.colour
    image.due_at, image.tries, image.error = None, 0, ""
    if not stored.renditions:
        image.ask_for_renditions()


def discard(stored: StoredPicture) -> None:
    """Take back a picture that was stored in vain. Keeps what was there before, and what a product shows by now.

    Whoever stores the very same picture for the first time between the look and the deletion loses the file.
    """
    if not ProductImage.objects.filter(name=stored.name).exists():
        _delete(stored.created)


def put(rendition: Rendition, created: list[str]) -> dict[str, Any]:
    """Store one file unless it is there, whole. Writes its name to `created` first, so that a half-written one is found.

    One that is there is made young again, or whoever clears away what nobody shows could take it before its row is written.
    """
    try:
        _store(rendition, created)
    except FileNotFoundError:  # on the local disk: another writer of the same took it for half of one
        _store(rendition, created)
    return {
        "name": rendition.name,
        "url": default_storage.url(rendition.name),
        "width": rendition.width,
        "height": rendition.height,
        "type": rendition.type,
    }


def _store(rendition: Rendition, created: list[str]) -> None:
    name = rendition.name
    size = stored_size(name)
    if size != len(rendition.data) or not renew(name):
        created.append(name)
        if size is not None:
            default_storage.delete(name)  # half of it, from a writer that was killed
        content = ContentFile(rendition.data)
        content.content_type = rendition.type  # type: ignore[attr-defined]  # or Azure guesses by the machine's own table
        default_storage.save(name, content)


def _delete(names: list[str] | tuple[str, ...]) -> None:
    """Best effort, and no longer than one time-out: whoever waits has waited enough."""
    try:
        for name in names:
            default_storage.delete(name)
    except OSError as error:
        logger.error("Left in the storage, used by nobody: %s (%s)", ", ".join(names), error)


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return _("The picture storage refuses us: its key or its permissions are wrong. Nothing was saved.")
    if isinstance(error, FileNotFoundError):
        return _("The picture storage has no container yet: run “manage.py prepare_storage”. Nothing was saved.")
    return _("The picture storage does not answer. Nothing was saved: try again in a few minutes.")
