"""The copies of pictures in other sizes and formats, made after the upload by whoever has time: the worker, or a command.

A row that is due is taken by moving its time: of two workers one moves it. A worker that is killed leaves the row due again
after LEASE; what it had stored is found there, for stored names are made from the content.
No network call is made in a transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from catalog.images import put
from catalog.models import ProductImage
from catalog.picture_store import read
from catalog.renditions import COPIES, copies, widths_for
from catalog.tries import next_try, soon, take

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one picture. `error` is empty if its copies are there; `no_storage`: others would fare no better."""

    image: ProductImage
    error: str = ""
    no_storage: bool = False


def due() -> QuerySet[ProductImage]:
    """Pictures whose copies are to be made now, those that wait longest first."""
    return ProductImage.objects.filter(due_at__lte=timezone.now()).exclude(url="").order_by("due_at", "id")


def make_due_renditions() -> int:
    """Make the copies of every picture that is due. Returns how many pictures were seen to."""
    return sum(1 for _outcome in each_due())


def each_due() -> Iterator[Outcome]:
    """Work through what is due, also what becomes due meanwhile, until the storage fails.

    Several may do so at once; each row is worked on by one.
    """
    while (image := due().first()) is not None:
        until = take(image)
        if until is None:
            continue
        outcome = _make(image, until)
        yield outcome
        if outcome.no_storage:
            return


def ask_for_missing(images: QuerySet[ProductImage]) -> int:
    """Make due what has not all copies that would be made today, after an update for instance. Returns how many."""
    asked = 0
    for image in images.exclude(url="").filter(due_at=None).order_by("pk").iterator():
        if not is_complete(image):
            asked += ProductImage.objects.filter(pk=image.pk, name=image.name, due_at=None).update(
                due_at=timezone.now(), tries=0, error=""
            )
    return asked


def is_complete(image: ProductImage) -> bool:
    there = {(one["width"], one["type"]) for one in image.renditions}
    return there >= {(width, kind) for width in widths_for(image.width) for kind in COPIES}


def _make(image: ProductImage, until: datetime) -> Outcome:
    # Written only if the row is still held, and still shows what was read: it may have got another file meanwhile.
    held = ProductImage.objects.filter(pk=image.pk, name=image.name, due_at=until)
    try:
        made = [put(copy, []) for copy in copies(read(image.name))]
    except (ConnectionError, PermissionError) as error:  # not the picture's fault: this is no try
        log.warning("The copies of picture %s were not made: %s", image.name, error)
        held.update(error=str(error)[:300], due_at=soon())
        return Outcome(image, str(error), no_storage=True)
    except Exception as error:  # whatever it is: the other pictures wait
        log.exception("The copies of picture %s were not made", image.name)
        words = f"{type(error).__name__}: {error}"[:300]
        held.update(tries=image.tries + 1, error=words, due_at=next_try(image.tries))
        return Outcome(image, words)
    made.sort(key=lambda one: one["width"])
    held.update(renditions=made, due_at=None, tries=0, error="")
    return Outcome(image)
