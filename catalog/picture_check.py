"""Do the rows of pictures and the files in the storage agree? What is lost is mended or forgotten; what nobody shows, deleted.

The storage is listed once, which is a request for thousands of files. What the list lacks is asked for one by one before it
is called lost: it may have come meanwhile. What no row shows is called an orphan when it is older than a day, for an upload
stores its file before its row; one that is used again is made young first, and an orphan is deleted only as it was listed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.utils import timezone

from catalog.models import ProductImage
from catalog.picture_store import FOLDER, StoredFile, delete, stored_files, stored_size

OUR_NAME = re.compile(rf"/({FOLDER}[0-9a-f]{{2}}/[0-9a-f]{{64}}\.[a-z]+)\Z")  # as catalog/renditions.py makes it
AT_ONCE = 8  # requests to the storage
YOUNG = timedelta(days=1)
Progress = Callable[[int], object]


@dataclass
class Findings:
    """`lost`: (row, names of its files that are not there). `orphans`: files that nobody shows."""

    pictures: int = 0
    files: int = 0
    lost: list[tuple[ProductImage, list[str]]] = field(default_factory=list)
    forgotten: list[ProductImage] = field(default_factory=list)
    orphans: list[StoredFile] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        return len(self.lost) + len(self.forgotten) + len(self.orphans)


def look(also_shown: Callable[[], Iterable[str]], *, progress: Progress = lambda _count: None) -> Findings:
    """Compare rows and files. `also_shown` gives the addresses of pictures that something else still shows.

    Raises OSError if the storage cannot be asked. `progress` is told of each file listed and each row compared.
    """
    files: dict[str, StoredFile] = {}
    for file in stored_files():
        files[file.name] = file
        progress(1)
    found, shown, suspects = Findings(files=len(files)), set(), []
    for image in ProductImage.objects.order_by("pk").iterator():  # after the list: what is listed and shown has its row by now
        found.pictures += 1
        names = names_of(image)
        shown |= names
        if image.is_lost:
            found.forgotten.append(image)
        elif missing := [name for name in sorted(names) if name not in files or not files[name].size]:
            suspects.append((image, missing))
        progress(1)
    found.lost = _really_lost(suspects)
    shown |= {name for url in also_shown() if (name := name_in(url))}
    young = timezone.now() - YOUNG
    found.orphans = [file for file in files.values() if file.name not in shown and file.changed < young]
    return found


def names_of(image: ProductImage) -> set[str]:
    return {image.name, *(one["name"] for one in image.renditions)}


def name_in(url: str) -> str:
    """The stored name in an address, whatever host it is on; empty if it is no name that we make."""
    found = OUR_NAME.search(url)
    return found[1] if found else ""


def mend(found: Findings, *, progress: Progress = lambda _count: None) -> dict[str, int]:
    """Mend what can be mended. Says how many pictures get new copies, got a copy for an original, were forgotten, were found.

    Copies are made anew from the original by the worker or `make_renditions`; until then the original serves. An original
    that is gone is replaced by the widest copy that is there. Where nothing is left the row stays, without an address.
    """
    done = {"copies_due": 0, "replaced": 0, "forgotten": 0, "found_again": 0}
    for image, missing in found.lost:
        done[_mend_one(image, missing)] += 1
        progress(1)
    for image in found.forgotten:
        if stored_size(image.name):
            _save(image, url=default_storage.url(image.name), renditions=[])
            done["found_again"] += 1
        progress(1)
    return done


def delete_orphans(found: Findings, *, progress: Progress = lambda _count: None) -> int:
    """Delete what nobody shows, but nothing that was stored again since it was listed. Returns how many."""
    count = 0
    for file in found.orphans:
        count += delete(file)
        progress(1)
    return count


def _really_lost(suspects: list[tuple[ProductImage, list[str]]]) -> list[tuple[ProductImage, list[str]]]:
    names = sorted({name for _image, missing in suspects for name in missing})
    with ThreadPoolExecutor(AT_ONCE) as pool:
        gone = {name for name, size in zip(names, pool.map(stored_size, names), strict=True) if not size}
    lost = [(image, [name for name in missing if name in gone]) for image, missing in suspects]
    return [(image, missing) for image, missing in lost if missing]


def _mend_one(image: ProductImage, missing: list[str]) -> str:
    left = [one for one in image.renditions if one["name"] not in missing]
    if image.name not in missing:
        _save(image, renditions=left)
        return "copies_due"
    if left:
        widest = max(left, key=lambda one: (one["type"] == "image/webp", one["width"]))
        if widest["type"] == "image/webp":  # AVIF is not shown everywhere, so it cannot stand for the original
            _save(image, **{key: widest[key] for key in ("name", "url", "width", "height")}, renditions=[])
            return "replaced"
    ProductImage.objects.filter(pk=image.pk, name=image.name).update(url="", renditions=[], due_at=None, error="")
    return "forgotten"


def _save(image: ProductImage, **changes: Any) -> None:
    """Change the row unless it shows another file by now; its copies are due."""
    ProductImage.objects.filter(pk=image.pk, name=image.name).update(**changes, due_at=timezone.now(), tries=0, error="")
