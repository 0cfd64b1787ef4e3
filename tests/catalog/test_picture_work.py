"""The worker's part of a picture: copies in other sizes and formats, made once, whatever happens meanwhile."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from catalog import picture_work
from catalog.images import store_image, upload
from catalog.models import ProductImage
from catalog.picture_work import ask_for_missing, due, each_due, is_complete, make_due_renditions
from catalog.renditions import prepare
from catalog.tries import LEASE, PAUSES
from tests import factories
from tests.catalog import files
from tools.processes import free_port
from tools.services import azurite_connection_string


def stored(seed: int = 1, size: tuple[int, int] = (400, 300)) -> ProductImage:
    """A picture whose copies are due."""
    return store_image(factories.product(), files.encoded(files.scene(size, seed=seed)), alt="")


def is_soon(moment: Any, pause: timedelta) -> bool:
    return timezone.now() + pause * 0.9 < moment <= timezone.now() + pause


def test_it_makes_the_copies_that_browsers_choose_from(db, media):
    image = stored()
    assert make_due_renditions() == 1
    image.refresh_from_db()
    assert [(one["width"], one["type"]) for one in image.renditions] == [
        (320, "image/webp"),
        (320, "image/avif"),
        (400, "image/webp"),
        (400, "image/avif"),
    ]
    assert all((media / one["name"]).stat().st_size > 100 for one in image.renditions)
    assert (image.due_at, image.error, is_complete(image)) == (None, "", True)
    assert image.thumbnail_url.endswith(".webp")
    assert make_due_renditions() == 0


def test_it_makes_them_in_azure(db, in_azure, azurite):
    in_azure(azurite)
    call_command("prepare_storage")
    image = stored()
    make_due_renditions()
    image.refresh_from_db()
    assert len(image.renditions) == 4
    assert all(default_storage.size(one["name"]) for one in image.renditions)


def taken_by_anybody(image: ProductImage) -> Any:
    """As picture_work.take, but for the look whether somebody else was quicker."""
    until = timezone.now() + LEASE
    ProductImage.objects.filter(pk=image.pk).update(due_at=until)
    return until


@pytest.mark.parametrize(("take", "made"), [(picture_work.take, 1), (taken_by_anybody, 2)], ids=["guarded", "control"])
def test_it_makes_a_picture_once_when_two_workers_saw_it(race, media, monkeypatch, take, made):
    stored(size=(64, 64))
    both_saw_it = Barrier(2, timeout=30)

    def meet_and_take(image: ProductImage) -> Any:
        both_saw_it.wait()
        return take(image)

    monkeypatch.setattr(picture_work, "take", meet_and_take)
    outcomes = race(*[lambda: len(list(each_due()))] * 2)
    assert sum(outcomes) == made
    assert is_complete(ProductImage.objects.get())


def test_it_lets_one_of_two_take_a_picture_that_both_saw(db, media):
    stored()
    seen = [due().get(), due().get()]
    assert [picture_work.take(image) is not None for image in seen] == [True, False]


def test_it_begins_again_when_a_worker_was_killed(db, media):
    image = stored()
    assert picture_work.take(due().get())  # and here it dies
    assert make_due_renditions() == 0
    image.refresh_from_db()
    assert is_soon(image.due_at, LEASE)
    ProductImage.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert make_due_renditions() == 1
    image.refresh_from_db()
    assert is_complete(image)


def test_it_keeps_its_hands_off_a_picture_that_was_replaced_meanwhile(db, media):
    image = stored()
    until = picture_work.take(due().get())
    new = upload(prepare(files.encoded(files.scene((300, 300), seed=2))))
    ProductImage.objects.filter(pk=image.pk).update(name=new.name, url=new.url, width=300, height=300, due_at=timezone.now())
    picture_work._make(image, until)
    image.refresh_from_db()
    assert image.renditions == []
    assert make_due_renditions() == 1
    image.refresh_from_db()
    assert is_complete(image)


def test_it_tries_a_picture_that_cannot_be_made_a_few_times_and_says_why(db, media):
    image = stored()
    (media / image.name).write_bytes(b"no picture any more")
    for number, pause in enumerate([*PAUSES, None], start=1):
        ProductImage.objects.update(due_at=timezone.now())
        assert [bool(outcome.error) for outcome in each_due()] == [True]
        image.refresh_from_db()
        assert image.tries == number
        assert image.due_at is None if pause is None else is_soon(image.due_at, pause)
    assert "not a JPEG" in image.error
    assert image.url


def test_it_goes_on_with_the_others_when_one_cannot_be_made(db, media):
    broken, whole = stored(seed=1), stored(seed=2)
    (media / broken.name).unlink()
    assert [bool(outcome.error) for outcome in each_due()] == [True, False]
    whole.refresh_from_db()
    assert is_complete(whole)


def test_it_does_not_blame_a_picture_for_a_storage_that_is_down(db, in_azure):
    in_azure(azurite_connection_string(free_port()))
    for _each in range(2):
        factories.picture(product=factories.product(), due_at=timezone.now())
    assert [outcome.no_storage for outcome in each_due()] == [True]  # one is enough to know
    assert sorted(ProductImage.objects.values_list("tries", flat=True)) == [0, 0]
    assert due().count() == 1


def test_it_finds_what_an_update_left_without_new_formats(db, media):
    image = stored()
    make_due_renditions()
    assert ask_for_missing(ProductImage.objects.all()) == 0
    image.refresh_from_db()
    image.renditions = [one for one in image.renditions if one["type"] == "image/webp"]
    image.save()
    assert ask_for_missing(ProductImage.objects.all()) == 1
    assert due().get() == image


def test_the_command_makes_what_is_due_and_says_what_it_could_not(db, media, capsys):
    stored(seed=1)
    broken = stored(seed=2)
    Path(media / broken.name).unlink()
    with pytest.raises(SystemExit) as ended:
        call_command("make_renditions")
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert "1 picture" in said.out
    assert broken.name in said.err
    call_command("make_renditions")


def test_the_command_tries_again_what_was_given_up(db, media, capsys):
    image = stored()
    ProductImage.objects.update(due_at=None, tries=5, error="ImageRefused: This file is damaged")
    call_command("make_renditions")
    image.refresh_from_db()
    assert image.renditions == []
    call_command("make_renditions", all=True)
    image.refresh_from_db()
    assert (is_complete(image), image.error, image.tries) == (True, "", 0)
