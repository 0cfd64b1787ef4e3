"""`check_images` and `refresh_image_urls` against a running Azurite."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from catalog import picture_check
from catalog.images import store_image
from catalog.models import ProductImage
from catalog.picture_store import delete, renew, stored_files
from catalog.picture_work import make_due_renditions
from orders.models import OrderLine
from tests import factories
from tests.catalog import files
from tools.processes import free_port
from tools.services import azurite_connection_string

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(seconds=-5)  # whatever was stored up to now is old


@pytest.fixture
def container(in_azure: Any, azurite: str) -> str:
    name = in_azure(azurite)
    call_command("prepare_storage")
    return name


@pytest.fixture
def old(monkeypatch: Any) -> None:
    monkeypatch.setattr(picture_check, "YOUNG", LONG_AGO)


@pytest.fixture
def image(container: str) -> ProductImage:
    """Stored, with its four copies."""
    made = store_image(factories.product(), files.encoded(files.scene((400, 300))), alt="")
    make_due_renditions()
    made.refresh_from_db()
    assert len(made.renditions) == 4
    return made


def checked(capsys: Any, *options: str) -> dict[str, Any]:
    """What the command says, and its exit code as "code"."""
    capsys.readouterr()
    try:
        call_command("check_images", "--json", *options)
        code = 0
    except SystemExit as ended:
        code = ended.code
    return {**json.loads(capsys.readouterr().out), "code": code}


def names() -> set[str]:
    return {file.name for file in stored_files()}


def test_it_is_content_where_all_is_there(image, old, capsys):
    assert checked(capsys) == {"pictures": 1, "files": 5, "lost": [], "forgotten": [], "orphans": [], "code": 0}


def test_it_makes_lost_copies_anew(image, capsys):
    gone = image.renditions[0]["name"]
    default_storage.delete(gone)
    told = checked(capsys)
    assert told["lost"] == [{"picture": image.pk, "product": image.product_id, "files": [gone]}]
    assert told["code"] == 1
    assert checked(capsys, "--mend")["mended"]["copies_due"] == 1
    image.refresh_from_db()
    assert len(image.renditions) == 3
    make_due_renditions()
    assert checked(capsys)["code"] == 0
    assert gone in names()


def test_it_puts_the_widest_copy_in_the_place_of_a_lost_original(image, capsys):
    default_storage.delete(image.name)
    assert checked(capsys, "--mend")["mended"]["replaced"] == 1
    image.refresh_from_db()
    assert (image.name.rpartition(".")[2], image.width, image.height) == ("webp", 400, 300)
    make_due_renditions()
    assert checked(capsys)["code"] == 0


def test_it_marks_what_is_gone_for_good_and_finds_it_again(client, image, capsys):
    original = default_storage.open(image.name).read()
    for name in names():
        default_storage.delete(name)
    assert checked(capsys, "--mend")["mended"]["forgotten"] == 1
    image.refresh_from_db()
    assert image.is_lost
    factories.variant(product=image.product)
    page = client.get(image.product.get_absolute_url())
    assert "no-picture" in page.content.decode()
    assert "<picture>" not in page.content.decode()
    told = checked(capsys)
    assert (told["code"], told["lost"]) == (1, [])
    assert told["forgotten"] == [{"picture": image.pk, "product": image.product_id, "file": image.name}]
    default_storage.save(image.name, ContentFile(original))
    assert checked(capsys, "--mend")["mended"]["found_again"] == 1
    make_due_renditions()
    assert checked(capsys)["code"] == 0


def test_it_deletes_what_nobody_shows_and_keeps_what_an_order_shows(image, old, capsys):
    factories.order()
    OrderLine.objects.update(image_url=f"https://old-cdn.shop.test/media/{image.renditions[0]['name']}")
    kept = image.renditions[0]["name"]
    all_names = names()
    image.delete()
    told = checked(capsys)
    assert {one["file"] for one in told["orphans"]} == all_names - {kept}
    assert names() == all_names
    assert checked(capsys, "--delete-orphans")["code"] == 0
    assert names() == {kept}


def test_it_calls_nothing_an_orphan_that_is_younger_than_a_day(image, capsys):
    """The control of the one before: an upload stores its file before its row."""
    image.delete()
    assert checked(capsys)["orphans"] == []


@pytest.mark.parametrize("where", ["azure", "disk"])
def test_it_does_not_delete_what_came_into_use_since_it_was_listed(where, request, media):
    if where == "azure":
        request.getfixturevalue("container")
    for name in ("pictures/aa/used.jpg", "pictures/aa/unused.jpg"):
        default_storage.save(name, ContentFile(b"bytes"))
    listed = list(stored_files())
    assert renew("pictures/aa/used.jpg")  # as an upload of the same picture does
    assert {file.name: delete(file) for file in listed} == {"pictures/aa/used.jpg": False, "pictures/aa/unused.jpg": True}
    assert names() == {"pictures/aa/used.jpg"}
    assert not renew("pictures/aa/unused.jpg")


def test_it_makes_a_stored_picture_young_when_it_is_uploaded_again(image, old, capsys):
    picture = files.encoded(files.scene((400, 300)))
    image.delete()
    orphan = next(file for file in stored_files() if file.name.endswith(".jpg"))
    again = store_image(factories.product(), picture, alt="")
    assert again.name == orphan.name
    assert not delete(orphan)


def test_it_says_that_the_storage_cannot_be_asked(in_azure):
    in_azure(azurite_connection_string(free_port()))
    with pytest.raises(CommandError, match="cannot be asked"):
        call_command("check_images")


def test_it_speaks_to_people_too(image, capsys):
    default_storage.delete(image.renditions[0]["name"])
    call_command("check_images", "--mend")
    said = capsys.readouterr().out
    assert "1 pictures, 4 files." in said
    assert f"lost: {image.renditions[0]['name']}" in said
    assert "1  copies due" in said


# -- refresh_image_urls -----------------------------------------------------------------------------------------------


def test_it_follows_the_cdn_to_another_host(image, settings, capsys):
    factories.order(variants=[(factories.variant(), 1), (factories.variant(), 1)])
    mine, foreign = OrderLine.objects.order_by("pk")
    OrderLine.objects.filter(pk=mine.pk).update(image_url=image.thumbnail_url)
    OrderLine.objects.filter(pk=foreign.pk).update(image_url="https://elsewhere.test/pictures/1.jpg")
    settings.AZURE_CDN_BASE_URL = "https://cdn.shop.test/m"
    call_command("refresh_image_urls", "--dry-run")
    assert "1 pictures and 1 addresses on orders would be rewritten" in capsys.readouterr().out
    before = image.url
    image.refresh_from_db()
    assert image.url == before
    for told in ("1 pictures and 1 addresses", "0 pictures and 0 addresses"):
        call_command("refresh_image_urls")
        assert told in capsys.readouterr().out
    image.refresh_from_db()
    mine.refresh_from_db()
    foreign.refresh_from_db()
    assert image.url == f"https://cdn.shop.test/m/{image.name}"
    assert [one["url"] for one in image.renditions] == [f"https://cdn.shop.test/m/{one['name']}" for one in image.renditions]
    assert (mine.image_url, foreign.image_url) == (image.thumbnail_url, "https://elsewhere.test/pictures/1.jpg")


def test_it_gives_a_lost_picture_no_address(image, settings):
    ProductImage.objects.update(url="", renditions=[])
    settings.AZURE_CDN_BASE_URL = "https://cdn.shop.test/m"
    call_command("refresh_image_urls")
    image.refresh_from_db()
    assert image.is_lost
