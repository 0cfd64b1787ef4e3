"""Fetching the pictures that product files named by address, by whoever has time: the worker, or a command.

A row that is due is taken by moving its time: of two workers one moves it. A worker that is killed leaves it due again after
LEASE. Whatever goes wrong is written on the row; the product is not touched. No transaction is open while we wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from catalog.exchange.fetch import FetchFailed, fetch
from catalog.exchange.models import PictureToFetch
from catalog.images import ImageRefused, StorageDown, StoredPicture, attach, discard, upload
from catalog.listing import refresh_listings
from catalog.models import Product, Variant
from catalog.renditions import prepare
from catalog.tries import next_try, soon, take


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one picture; `error` is empty if it is there now. `no_storage`: others would fare no better."""

    url: str
    error: str = ""
    no_storage: bool = False


def due() -> QuerySet[PictureToFetch]:
    return PictureToFetch.objects.filter(due_at__lte=timezone.now()).order_by("due_at", "id")


def missing() -> QuerySet[PictureToFetch]:
    """What was not fetched yet, or given up."""
    return PictureToFetch.objects.filter(image=None)


def fetch_due_pictures() -> int:
    """Fetch every picture that is due. Returns how many were tried."""
    return sum(1 for _outcome in each_due())


def each_due() -> Iterator[Outcome]:
    """Work through what is due, also what becomes due meanwhile, until the storage fails. Several may do so at once."""
    while (picture := due().select_related("product").first()) is not None:
        until = take(picture)
        if until is None:
            continue
        outcome = _fetch(picture, until)
        yield outcome
        if outcome.no_storage:
            return


def try_again(pictures: QuerySet[PictureToFetch]) -> int:
    return pictures.filter(image=None).update(due_at=timezone.now(), tries=0, error="")


def _fetch(picture: PictureToFetch, until: datetime) -> Outcome:
    try:
        stored = upload(prepare(BytesIO(fetch(picture.url))))
    except FetchFailed as error:
        return _failed(picture, until, str(error), again=error.again)
    except ImageRefused as error:
        return _failed(picture, until, str(error), again=False)
    except StorageDown as error:
        _book(picture, until, due_at=soon(), error=str(error)[:300])
        return Outcome(picture.url, str(error), no_storage=True)
    try:
        kept = _show(picture, stored, until)
    except Exception:
        discard(stored)
        raise
    if not kept:
        discard(stored)
    return Outcome(picture.url)


@transaction.atomic
def _show(picture: PictureToFetch, stored: StoredPicture, until: datetime) -> bool:
    """Give the product its picture. False if product or row are gone, or another worker was quicker."""
    if not Product.objects.select_for_update(no_key=True).filter(pk=picture.product_id).exists():
        return False
    mine = PictureToFetch.objects.select_for_update().filter(pk=picture.pk, due_at=until).first()
    if mine is None:
        return False
    image = attach(picture.product, stored, alt=mine.alt, position=mine.position)
    PictureToFetch.objects.filter(pk=mine.pk).update(image=image, due_at=None, error="", tries=mine.tries + 1)
    variants = Variant.objects.filter(pk__in=mine.for_variants, product=mine.product_id)
    for variant_id in variants.order_by("pk").values_list("pk", flat=True):
        Variant.objects.filter(pk=variant_id).update(image=image)
    refresh_listings([mine.product_id])
    return True


def _failed(picture: PictureToFetch, until: datetime, error: str, *, again: bool) -> Outcome:
    later = next_try(picture.tries) if again else None
    _book(picture, until, due_at=later, tries=picture.tries + 1, error=error[:300])
    return Outcome(picture.url, error)


def _book(picture: PictureToFetch, until: datetime, **fields: object) -> None:
    PictureToFetch.objects.filter(pk=picture.pk, due_at=until).update(**fields)
