"""What Django's storage API does not offer: to list stored pictures, and to delete one only if it is still as it was listed.

In Azure by its own means (shop/storage.py), else in the folder on the local disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage, default_storage

FOLDER = "pictures/"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file below FOLDER. `version` changes whenever it is stored or renewed."""

    name: str
    size: int
    changed: datetime
    version: str


def stored_size(name: str) -> int | None:
    """In bytes; None if it is not there. Raises OSError if the storage cannot say."""
    try:
        return default_storage.size(name)
    except FileNotFoundError:
        return None


def read(name: str) -> bytes:
    """Raises FileNotFoundError, or another OSError if the storage cannot say."""
    if isinstance(default_storage, FileSystemStorage):
        return Path(default_storage.path(name)).read_bytes()
    return _azure().read(name)


def renew(name: str) -> bool:
    """Make a stored file young again. False: it is gone."""
    try:
        if isinstance(default_storage, FileSystemStorage):
            os.utime(default_storage.path(name))
        else:
            _azure().renew(name)
    except FileNotFoundError:
        return False
    return True


def stored_files() -> Iterator[StoredFile]:
    """Every stored picture, also those that no row knows."""
    if not isinstance(default_storage, FileSystemStorage):
        yield from (StoredFile(*each) for each in _azure().listed(FOLDER))
        return
    root = Path(default_storage.path(""))
    for path in sorted((root / FOLDER).rglob("*")):
        if path.is_file():
            about = path.stat()
            changed = datetime.fromtimestamp(about.st_mtime, UTC)
            yield StoredFile(path.relative_to(root).as_posix(), about.st_size, changed, str(about.st_mtime_ns))


def delete(file: StoredFile) -> bool:
    """Delete a listed file unless it was stored or renewed since. On the local disk there is a moment between look and deed."""
    if not isinstance(default_storage, FileSystemStorage):
        return _azure().delete_version(file.name, file.version)
    path = Path(default_storage.path(file.name))
    if not path.exists() or str(path.stat().st_mtime_ns) != file.version:
        return False
    path.unlink()
    return True


def _azure() -> Any:
    """The storage itself: its type belongs to a layer above."""
    return default_storage
