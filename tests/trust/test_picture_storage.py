"""Pictures in Azure Blob Storage: who may do what with it, and what happens to the shop while it fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest
import requests
from azure.storage.blob import ContainerClient

from catalog.models import Product, ProductImage
from tests import factories, people
from tests.catalog import files
from tests.sandbox_process import wait_for
from tests.trust.at_once import Calls
from tests.trust.blob_proxy import FORBIDDEN, FULL, PASS, REFUSED, SILENT, STUCK, BlobProxy
from tests.trust.furnished import visitor
from tests.trust.programs import ROOT, ShopProgram
from tests.trust.raw_http import RawAnswer
from tests.trust.upload import upload
from tests.trust.world import World
from tools.services import azurite_connection_string

pytestmark = pytest.mark.same_on_both

LONGEST = 20  # seconds; it is ten, and this machine may be busy
_seeds = count(100)


@dataclass
class Storage:
    """The container of these tests, the way to it, and a shop that keeps its pictures there."""

    shop: ShopProgram
    proxy: BlobProxy
    container: ContainerClient

    def names(self) -> set[str]:
        return {blob.name for blob in self.container.list_blobs()}


@pytest.fixture(scope="module")
def azure(django_db_setup: None, django_db_blocker: Any, mail_server: Any) -> Iterator[Storage]:
    connection, name = os.environ["SHOP_TEST_AZURITE"], f"trust-{uuid.uuid4()}"
    with BlobProxy(int(re.search(r"127.0.0.1:(\d+)", connection)[1])) as proxy:
        environment = {
            "AZURE_STORAGE_CONNECTION_STRING": azurite_connection_string(proxy.port),
            "AZURE_STORAGE_CONTAINER": name,
        }
        with ShopProgram(EMAIL_URL=f"smtp://127.0.0.1:{mail_server.port}", **environment) as shop:
            prepare = [sys.executable, "-m", "tests.trust.served", "prepare_storage"]
            subprocess.run(prepare, env=shop.environment, cwd=ROOT, check=True, capture_output=True)
            yield Storage(shop, proxy, ContainerClient.from_connection_string(connection, name))


@pytest.fixture
def storage(azure: Storage) -> Iterator[Storage]:
    said = len(azure.shop.text)
    yield azure
    azure.proxy.mode = PASS
    assert "Traceback" not in azure.shop.text[said:]


@pytest.fixture
def there(world: World, storage: Storage) -> World:
    """The world with the shop whose pictures are in Azure."""
    return replace(world, shop=storage.shop)


@pytest.fixture
def product(there: World) -> Any:
    return factories.variant(product=factories.product(summary="As it was."), on_hand=10).product


def picture() -> bytes:
    """One that was never there before: a photograph and a smaller copy."""
    return files.encoded(files.scene((400, 300), seed=next(_seeds))).getvalue()


@pytest.mark.case("A59")
def test_anybody_may_look_at_a_picture_and_do_nothing_else(there, storage, product):
    assert upload(visitor(there, people.grace()), product, picture()).status == 302
    image, before = ProductImage.objects.get(), storage.names()
    container = image.url.partition("/pictures/")[0]
    assert requests.get(image.url, timeout=10).status_code == 200
    attempts = {
        "list": requests.get(f"{container}?restype=container&comp=list", timeout=10),
        "list the account": requests.get(f"{container.rpartition('/')[0]}?comp=list", timeout=10),
        "overwrite": requests.put(image.url, b"<script>", headers={"x-ms-blob-type": "BlockBlob"}, timeout=10),
        "add": requests.put(f"{container}/evil.html", b"<script>", headers={"x-ms-blob-type": "BlockBlob"}, timeout=10),
        "change": requests.put(f"{image.url}?comp=metadata", headers={"x-ms-meta-a": "b"}, timeout=10),
        "delete": requests.delete(image.url, timeout=10),
        "delete the container": requests.delete(f"{container}?restype=container", timeout=10),
    }
    assert {name: answer.status_code for name, answer in attempts.items() if answer.status_code not in (401, 403, 404)} == {}
    assert storage.names() == before
    assert requests.get(image.url, timeout=10).content != b"<script>"


@pytest.mark.case("A59")
def test_no_page_holds_a_key_to_the_storage(there, storage, product):
    staff = visitor(there, people.grace())
    assert upload(staff, product, picture()).status == 302
    url, name = ProductImage.objects.get().url, ProductImage.objects.get().name
    pages = ["/", "/products/", product.get_absolute_url(), "/cart/", "/admin/catalog/product/"]
    bodies = [staff.send("GET", page).body.decode() for page in [*pages, f"/admin/catalog/product/{product.pk}/change/"]]
    assert any(name in body for body in bodies)
    key = os.environ["SHOP_TEST_AZURITE"].partition("AccountKey=")[2].partition(";")[0]
    for body in [*bodies, url]:
        assert key not in body
        assert not re.search(r"[?&;](sig|sv|se|sp)=", body)


@pytest.mark.case("F48")
@pytest.mark.parametrize(("mode", "why"), [(REFUSED, "does not answer"), (FORBIDDEN, "refuses us"), (FULL, "does not answer")])
def test_an_upload_fails_clean_while_the_storage_fails(there, storage, product, mode, why):
    before, staff, pictures = storage.names(), visitor(there, people.grace()), [picture(), picture()]
    storage.proxy.mode = mode
    start = time.monotonic()
    assert_nothing_saved(upload(staff, product, *pictures), product, why)
    assert time.monotonic() - start < LONGEST
    assert storage.names() == before
    storage.proxy.mode = PASS
    assert upload(staff, product, *pictures).status == 302
    assert len(storage.names() - before) == 2


@pytest.mark.case("F48")
@pytest.mark.long
def test_what_a_storage_that_fell_silent_kept_is_used_by_the_next_try(there, storage, product):
    """It cannot be asked to delete it either; the log says so. The same picture has the same name."""
    before, staff, drawn = storage.names(), visitor(there, people.grace()), picture()
    storage.proxy.mode = STUCK
    assert_nothing_saved(upload(staff, product, drawn), product, "does not answer")
    (left,) = storage.names() - before
    assert f"Left in the storage, used by nobody: {left}" in storage.shop.text
    storage.proxy.mode = PASS
    assert upload(staff, product, drawn).status == 302
    image = product.images.get()
    assert storage.names() - before == {left, *(one["name"] for one in image.renditions)}
    assert image.name == left


def assert_nothing_saved(answer: RawAnswer, product: Product, why: str) -> None:
    assert (answer.status, why in answer.words, "Nothing was saved" in answer.words) == (200, True, True)
    product.refresh_from_db()
    assert (product.summary, product.images.count()) == ("As it was.", 0)


@pytest.mark.case("F48")
def test_the_shop_sells_while_an_upload_waits_for_a_silent_storage(there, storage, product):
    factories.shipping_rate()
    other = factories.variant()
    staff, start = visitor(there, people.grace()), time.monotonic()
    assert upload(staff, other.product, picture()).status == 302
    before, storage.proxy.mode = storage.names(), SILENT
    with Calls(lambda: upload(staff, product, picture(), picture())) as waiting:
        wait_for(lambda: storage.proxy.requests, seconds=10, what="the upload at the storage")
        for page in ("/", "/products/", other.product.get_absolute_url(), "/admin/catalog/product/"):
            assert staff.send("GET", page).status == 200
        payment = there.shopper().put(other).checkout()
        assert len(storage.proxy.requests) == 1, "a page asked the storage"
        assert waiting.outcomes == [None], "the storage was given up too early for this test"
    assert_nothing_saved(waiting.outcomes[0], product, "does not answer")
    assert time.monotonic() - start < LONGEST
    assert (storage.names(), payment.order.is_open) == (before, True)
    there.quiesce()
    there.check()
