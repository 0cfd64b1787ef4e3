from __future__ import annotations

import errno
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.utils import timezone

from catalog.images import ImageRefused, StorageDown, attach, store_image, upload
from catalog.models import Product, ProductImage
from catalog.renditions import prepare, render
from tests import factories
from tests.catalog import files


@pytest.fixture
def stored(settings: Any, tmp_path: Path) -> Any:
    """What is in the storage: a folder of this test's own."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    return lambda: {str(path.relative_to(settings.MEDIA_ROOT)) for path in Path(settings.MEDIA_ROOT).rglob("*.*")}


class DiskThatFills(FileSystemStorage):
    """Takes one file, and half of the second."""

    left = 1

    def _save(self, name: str, content: Any) -> str:
        if self.left == 0:
            super()._save(name, ContentFile(content.read(100)))
            raise OSError(errno.ENOSPC, "No space left on device")
        self.left -= 1
        return super()._save(name, content)


@pytest.fixture
def filling_disk(settings: Any, stored: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": f"{__name__}.DiskThatFills"}}


def test_it_writes_addresses_and_sizes_down(db, stored):
    image = store_image(factories.product(), files.encoded(), alt="Red and quiet")
    assert (image.width, image.height, image.alt) == (1600, 1200, "Red and quiet")
    assert image.url == f"/media/{image.name}"
    assert stored() == {image.name}
    assert default_storage.size(image.name)


def test_it_leaves_the_copies_to_the_worker(db, stored):
    image = store_image(factories.product(), files.encoded(), alt="")
    assert image.renditions == []
    assert image.due_at <= timezone.now()
    assert image.thumbnail_url == image.url


def test_it_keeps_the_copies_that_come_with_a_picture(db, stored):
    drawn = upload(render(files.scene((700, 500))))
    image = attach(factories.product(), drawn, alt="")
    assert [(one["width"], one["height"], one["type"]) for one in image.renditions] == [
        (320, 228, "image/webp"),
        (640, 457, "image/webp"),
    ]
    assert (image.due_at, image.thumbnail_url) == (None, image.renditions[0]["url"])
    assert stored() == {image.name, *(one["name"] for one in image.renditions)}


def test_it_takes_a_lost_picture_back_when_it_is_stored_again(db, stored):
    product = factories.product()
    image = store_image(product, files.encoded(), alt="Red")
    ProductImage.objects.update(url="", due_at=None)
    again = store_image(product, files.encoded(), alt="")
    assert (again.pk, again.url, again.alt) == (image.pk, image.url, "Red")
    assert again.due_at


def test_it_puts_pictures_in_a_row(db, stored):
    product = factories.product()
    made = [store_image(product, files.encoded(files.scene((400, 400), seed=seed)), alt=str(seed)) for seed in (1, 2)]
    first = store_image(product, files.encoded(files.scene((400, 400), seed=3)), alt="3", position=0)
    assert [one.position for one in made] == [0, 1]
    assert first.position == 0


def test_it_stores_the_same_picture_once(db, stored):
    one, other = factories.product(), factories.product()
    images = [store_image(product, files.encoded(), alt="") for product in (one, one, other)]
    assert images[0] == images[1] != images[2]
    assert len(stored()) == 1
    assert ProductImage.objects.count() == 2


def test_it_writes_one_row_when_two_store_the_same_picture_at_once(race, stored):
    product = factories.product()
    image, again = race(*[lambda: store_image(product, files.encoded(), alt="")] * 2)
    assert image == again == ProductImage.objects.get()
    assert stored() >= {image.name}


def test_it_stores_nothing_of_a_refused_file(db, stored):
    product = factories.product()
    with pytest.raises(ImageRefused):
        store_image(product, BytesIO(b"<svg/>"), alt="")
    assert stored() == set()
    assert not product.images.exists()


def test_it_takes_back_what_it_stored_when_the_disk_fills(db, filling_disk, stored):
    with pytest.raises(StorageDown, match="Nothing was saved"):
        upload(render(files.scene((400, 400))))
    assert stored() == set()


def test_it_leaves_what_another_product_shows_when_the_disk_fills(db, settings, filling_disk, stored):
    shown = upload(prepare(files.encoded(files.scene((400, 400)))))  # one file, and the disk is full
    attach(factories.product(), shown, alt="")
    with pytest.raises(StorageDown):
        store_image(factories.product(), files.encoded(files.scene((400, 400), seed=2)), alt="")
    assert stored() == {shown.name}


def test_it_takes_back_what_it_stored_when_the_product_is_gone(db, stored):
    product = factories.product()
    Product.objects.all().delete()
    with pytest.raises(Product.DoesNotExist):
        store_image(product, files.encoded(), alt="")
    assert stored() == set()


def test_it_writes_a_file_anew_that_a_killed_writer_left_half_done(db, stored, settings):
    image = store_image(factories.product(), files.encoded(), alt="")
    path = Path(settings.MEDIA_ROOT) / image.name
    whole = path.read_bytes()
    path.write_bytes(whole[:500])
    store_image(factories.product(), files.encoded(), alt="")
    assert path.read_bytes() == whole
    assert len(stored()) == 1


class DiskWithAnotherWriter(FileSystemStorage):
    """Another writer of the same picture takes the first file for half of one, and away."""

    was_here = False

    def _save(self, name: str, content: Any) -> str:
        saved = super()._save(name, content)
        if not self.was_here:
            self.was_here = True
            self.delete(saved)
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", saved)  # as chmod says it
        return saved


def test_it_writes_a_file_again_that_another_writer_took_away(db, stored, settings):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": f"{__name__}.DiskWithAnotherWriter"}}
    image = store_image(factories.product(), files.encoded(), alt="")
    assert stored() == {image.name}


def test_it_ignores_the_name_of_the_file(db, stored):
    for name in ("../../evil.php", "a\0b.jpg", "\u202egpj.exe", "x" * 5000, "CON"):
        file = files.encoded(files.scene((400, 400)))
        file.name = name
        image = store_image(factories.product(), file, alt="")
        assert image.name in stored()
    assert len(stored()) == 1
