"""Pictures that come with an admin form: stored before the form's transaction begins, taken back if it saves nothing.

A storage that is slow or down must not hold the database's locks, and staff want the reason beside the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile

from catalog.images import ImageRefused, StorageDown, StoredPicture, discard, upload
from catalog.renditions import prepare

Outcome = StoredPicture | ImageRefused | StorageDown
Uploads = dict[str, Outcome]  # by the name of the form field


@contextmanager
def stored_uploads(files: Iterable[tuple[str, Any]], *, prefix: str) -> Iterator[Uploads]:
    """Store the files whose field begins with `prefix`. At the end whatever no product shows is removed again."""
    outcomes: Uploads = {}
    try:
        for name, file in files:
            if name.startswith(prefix):
                outcomes[name] = _store(file, outcomes)
        yield outcomes
    finally:
        for outcome in outcomes.values():
            if isinstance(outcome, StoredPicture):
                discard(outcome)


def _store(file: UploadedFile, before: Uploads) -> Outcome:
    down = next((outcome for outcome in before.values() if isinstance(outcome, StorageDown)), None)
    if down is not None:  # one time-out is enough to wait for
        return down
    try:
        return upload(prepare(cast("BinaryIO", file)))
    except (ImageRefused, StorageDown) as error:
        return error
