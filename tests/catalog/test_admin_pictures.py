"""Pictures in the admin: refused beside the field, stored outside the transaction, nothing half-saved."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

from catalog.models import Product
from tests import factories
from tests.catalog import files
from tests.catalog.admin_forms import errors_of, filled_in, page_of, submit
from tests.shelf import reserve
from tools.services import Azurite, azurite_connection_string


def with_picture(client: Client, product: Product, file: Any, **more: Any) -> Any:
    return submit(client, page_of(product), images__0__alt="Red", images__0__file=file, **more)


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (lambda: files.encoded(files.scene((64, 64)), "GIF"), "not a JPEG, PNG or WebP"),
        (lambda: files.bomb(10_000), "40 million pixels"),
        (lambda: files.png((b"IDAT", b"broken"), size=(40, 40)), "damaged or incomplete"),
    ],
)
def test_it_says_beside_the_file_why_a_picture_is_refused(grace_client, media, file, why):
    product = factories.product()
    upload = file()
    upload.name = "innocent.jpg"
    told = errors_of(with_picture(grace_client, product, upload, title="Changed"))
    assert why in told["images-0-file"][0]
    assert not product.images.exists()
    assert list(media.rglob("*.*")) == []
    assert Product.objects.get().title != "Changed"


def test_it_keeps_no_file_of_a_form_that_was_wrong_elsewhere(grace_client, media):
    product = factories.variant().product
    told = errors_of(with_picture(grace_client, product, files.encoded(), variants__0__price_minor="x"))
    assert list(told) == ["variants-0-price_minor"]
    assert list(media.rglob("*.*")) == []


def test_it_replaces_a_picture_in_its_place(grace_client, media):
    product = factories.product()
    old = factories.picture(product=product, position=3)
    assert submit(grace_client, page_of(product), images__0__file=files.encoded()).status_code == 302
    old.refresh_from_db()
    assert (old.position, old.width, old.alt) == (3, 1600, "Blue lines on cream paper")
    assert (media / old.name).exists()


def test_it_asks_for_a_file(grace_client, media):
    product = factories.product()
    told = errors_of(submit(grace_client, page_of(product), images__0__alt="Red"))
    assert told == {"images-0-file": ["Choose a file."]}


def test_it_saves_nothing_while_storage_is_down(grace_client, in_azure):
    with Azurite() as service:
        in_azure(service.connection_string)
    product = factories.product(title="As it was")
    told = errors_of(with_picture(grace_client, product, files.encoded(), title="Changed"))
    assert "does not answer" in told["images-0-file"][0]
    assert Product.objects.get().title == "As it was"
    assert not product.images.exists()
    assert grace_client.get(page_of(product)).status_code == 200


def test_it_waits_once_for_a_silent_storage_and_locks_nothing_meanwhile(grace_client, in_azure, silent, race):
    in_azure(azurite_connection_string(silent.getsockname()[1]))
    product, wanted = factories.product(), factories.variant(on_hand=1)
    two = {"images__TOTAL_FORMS": "2", "images__1__alt": "Two", "images__1__file": files.encoded()}
    form = filled_in(grace_client, page_of(product), images__0__file=files.encoded(), images__0__alt="One", **two)

    def promise_while_it_waits() -> float:
        connection = silent.accept()
        start = time.monotonic()
        reserve(wanted.pk, 1)
        return time.monotonic() - start if connection else 0

    answer, seconds = race(lambda: grace_client.post(page_of(product), form), promise_while_it_waits)
    assert seconds < 3  # the storage is given five
    told = errors_of(answer)
    assert told["images-0-file"] == told["images-1-file"]
    assert not product.images.exists()
