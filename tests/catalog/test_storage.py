"""Pictures in a running Azurite, and in one that is not running; and on the local disk."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from catalog.images import StorageDown, store_image
from catalog.models import ProductImage
from catalog.picture_work import make_due_renditions
from shop.storage import AzureMediaStorage
from tests import factories
from tests.catalog import files
from tools.services import Azurite, azurite_connection_string

FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture
def container(in_azure: Any, azurite: str) -> str:
    name = in_azure(azurite)
    call_command("prepare_storage")
    return name


def with_copies(image: ProductImage) -> ProductImage:
    """The same picture after the worker saw it."""
    make_due_renditions()
    image.refresh_from_db()
    assert image.renditions, image.error
    return image


def fetched(url: str) -> Any:
    return urllib.request.urlopen(url, timeout=10)


# -- Azure ------------------------------------------------------------------------------------------------------------


def test_it_publishes_pictures_that_a_browser_may_keep_for_ever(db, container):
    image = with_copies(store_image(factories.product(), files.encoded(files.scene((400, 300))), alt=""))
    assert len(image.renditions) == 4
    for url, kind in [(image.url, "image/jpeg"), *((one["url"], one["type"]) for one in image.renditions)]:
        with fetched(url) as answer:
            assert answer.status == 200
            assert answer.headers["Content-Type"] == kind
            assert answer.headers["Cache-Control"] == FOR_EVER
            assert "sig=" not in url
            assert len(answer.read()) > 500


def test_it_lets_nobody_list_the_pictures(db, container):
    image = store_image(factories.product(), files.encoded(), alt="")
    address = image.url.partition("/pictures/")[0]
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetched(f"{address}?restype=container&comp=list")
    assert refused.value.code in (403, 404)


def test_it_lets_nobody_overwrite_a_picture(db, container):
    url = store_image(factories.product(), files.encoded(), alt="").url
    attempt = urllib.request.Request(url, data=b"<script>", method="PUT", headers={"x-ms-blob-type": "BlockBlob"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(attempt, timeout=10)
    assert refused.value.code in (401, 403, 404)


def test_it_stores_the_same_picture_once_in_azure(db, container, azurite):
    for _time in range(2):
        store_image(factories.product(), files.encoded(), alt="")
    blobs = BlobServiceClient.from_connection_string(azurite).get_container_client(container).list_blobs()
    assert len(list(blobs)) == 1


def test_it_reads_deletes_and_misses_like_any_storage_of_django(container):
    name = default_storage.save("pictures/aa/a.webp", ContentFile(b"bytes"))
    assert default_storage.exists(name)
    assert default_storage.size(name) == 5
    default_storage.delete(name)
    default_storage.delete(name)
    assert not default_storage.exists(name)
    with pytest.raises(FileNotFoundError):
        default_storage.size(name)


def test_it_prepares_the_container_twice(in_azure, azurite, capsys):
    in_azure(azurite)
    call_command("prepare_storage")
    call_command("prepare_storage")
    assert "created" in (said := capsys.readouterr()).out
    assert "is there" in said.out
    assert said.err == ""


def test_it_says_that_a_container_is_private(in_azure, azurite, capsys):
    name = in_azure(azurite)
    BlobServiceClient.from_connection_string(azurite).create_container(name)
    call_command("prepare_storage")
    assert "is private" in capsys.readouterr().err


def test_it_puts_the_cdn_in_front(db, settings, container):
    settings.AZURE_CDN_BASE_URL = "https://cdn.shop.test/media"
    image = with_copies(store_image(factories.product(), files.encoded(files.scene((200, 200))), alt=""))
    assert image.url == f"https://cdn.shop.test/media/{image.name}"
    assert all(one["url"].startswith("https://cdn.shop.test/media/pictures/") for one in image.renditions)


def test_it_signs_in_without_a_key_when_only_the_account_is_named():
    storage = AzureMediaStorage(account_name="strata", azure_container="media", client_options={})
    assert storage.url("pictures/aa/a.webp") == "https://strata.blob.core.windows.net/media/pictures/aa/a.webp"
    assert type(storage.service_client.credential).__name__ == "DefaultAzureCredential"


# -- Azure is not there -----------------------------------------------------------------------------------------------


def refused_within(seconds: float) -> str:
    """What staff are told, after checking that it came quickly and nothing was saved."""
    start = time.monotonic()
    with pytest.raises(StorageDown) as told:
        store_image(factories.product(), files.encoded(files.scene((400, 400))), alt="")
    assert time.monotonic() - start < seconds
    assert not ProductImage.objects.exists()
    return str(told.value)


def test_it_says_within_seconds_that_storage_was_stopped(db, in_azure):
    with Azurite() as service:
        in_azure(service.connection_string)
        call_command("prepare_storage")
        store_image(factories.product(), files.encoded(files.scene((400, 400), seed=2)), alt="")
        ProductImage.objects.all().delete()
    assert "does not answer" in refused_within(10)
    with pytest.raises(CommandError, match="cannot be prepared"):
        call_command("prepare_storage")


def test_it_does_not_wait_for_a_silent_storage(db, in_azure, silent):
    in_azure(azurite_connection_string(silent.getsockname()[1]))
    assert "does not answer" in refused_within(15)


def test_it_says_that_the_container_is_missing(db, in_azure, azurite):
    in_azure(azurite)
    assert "prepare_storage" in refused_within(10)


def test_it_says_that_the_key_is_wrong(db, in_azure, azurite):
    key = azurite.partition("AccountKey=")[2].partition(";")[0]
    in_azure(azurite.replace(key, "A" * 86 + "=="))
    assert "key or its permissions" in refused_within(10)


def test_it_shows_products_while_storage_is_down(client, db, in_azure):
    with Azurite() as service:
        in_azure(service.connection_string)
        call_command("prepare_storage")
        variant = factories.variant()
        image = with_copies(store_image(variant.product, files.encoded(files.scene((200, 200))), alt="Red and quiet"))
    start = time.monotonic()
    page = client.get(variant.product.get_absolute_url())
    assert page.status_code == 200
    assert image.renditions[0]["url"] in page.content.decode()
    assert time.monotonic() - start < 5


# -- The local disk ---------------------------------------------------------------------------------------------------


@pytest.fixture
def local_image(db: None, settings: Any, tmp_path: Path) -> ProductImage:
    settings.MEDIA_ROOT = str(tmp_path)
    return with_copies(store_image(factories.product(), files.encoded(files.scene((200, 200))), alt=""))


def test_it_serves_pictures_from_the_disk(client, local_image):
    for url, kind in [(local_image.url, "image/jpeg"), *((one["url"], one["type"]) for one in local_image.renditions)]:
        answer = client.get(url)
        assert answer.status_code == 200
        assert answer["Content-Type"] == kind
        assert answer["Cache-Control"] == FOR_EVER
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert not answer.cookies
        assert len(b"".join(answer.streaming_content)) == int(answer["Content-Length"])


def test_it_only_shows_pictures_and_never_takes_any(client, local_image):
    assert client.head(local_image.url).status_code == 200
    assert client.post(local_image.url).status_code == 405


@pytest.mark.parametrize(
    "name",
    ["", "secret.txt", "../settings.py", "pictures/aa/../../secret.txt", "pictures/aa/x.html", "pictures%00", "x" * 5000],
)
def test_it_serves_nothing_else_from_the_disk(client, local_image, settings, name):
    (Path(settings.MEDIA_ROOT) / "secret.txt").write_text("secret")
    assert client.get(f"/media/{name}").status_code == 404
    assert client.get(f"/media/pictures/aa/{'a' * 64}.jpg").status_code == 404


def test_it_serves_nothing_from_the_disk_when_pictures_are_in_azure(client, local_image, settings):
    settings.PICTURES_IN_AZURE = True
    assert client.get(local_image.url).status_code == 404


def test_it_makes_the_folder_for_pictures(settings, tmp_path, capsys):
    settings.MEDIA_ROOT = str(tmp_path / "new" / "media")
    call_command("prepare_storage")
    assert Path(settings.MEDIA_ROOT).is_dir()
    assert settings.MEDIA_ROOT in capsys.readouterr().out
