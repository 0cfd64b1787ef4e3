"""Pictures in the admin: refused beside the field, stored outside the transaction, nothing half-saved."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

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


def test_it_asks_what_is_to_be_seen_on_a_new_picture(grace_client, media):
    product = factories.product()
    told = errors_of(submit(grace_client, page_of(product), images__0__alt=" ", images__0__file=files.encoded()))
    assert told == {"images-0-alt": ["This field is required."]}
    assert list(media.rglob("*.*")) == []


def test_it_leaves_an_old_picture_without_words_alone(grace_client, media):
    old = factories.picture(product=factories.product(), alt="")
    assert submit(grace_client, page_of(old.product), images__0__position="4").status_code == 302
    old.refresh_from_db()
    assert old.position == 4


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({}, "1200 × 1600"),
        ({"url": ""}, "Its file is lost"),
        ({"due_at": timezone.now()}, "The smaller copies are being made"),
        ({"due_at": timezone.now(), "tries": 1, "error": "OSError: no"}, "tried again: OSError: no"),
        ({"tries": 5, "error": "OSError: no"}, "No smaller copies: OSError: no"),
    ],
)
def test_it_says_what_became_of_a_picture(grace_client, about, words):
    picture = factories.picture(product=factories.product(), **about)
    assert words in grace_client.get(page_of(picture.product)).content.decode()


def test_it_gives_a_variant_several_pictures_of_its_product(grace_client):
    variant = factories.variant()
    mine = [factories.picture(product=variant.product, position=at) for at in range(3)]
    foreign = factories.picture(product=factories.product())
    chosen = {"variants__0__image": mine[2].pk, "variants__0__more_images": [mine[0].pk, mine[1].pk]}
    assert submit(grace_client, page_of(variant.product), **chosen).status_code == 302
    variant.refresh_from_db()
    assert (variant.image, list(variant.more_images.all())) == (mine[2], mine[:2])
    told = errors_of(submit(grace_client, page_of(variant.product), variants__0__more_images=[foreign.pk]))
    assert list(told) == ["variants-0-more_images"]
    page = page_of(variant)
    assert submit(grace_client, page, more_images=[mine[1].pk], reason="").status_code == 302
    assert list(variant.more_images.all()) == [mine[1]]
    assert (
        "more_images"
        in grace_client.post(page, filled_in(grace_client, page) | {"more_images": [foreign.pk]})
        .context["adminform"]
        .form.errors
    )


def test_it_offers_no_pictures_for_a_variant_that_has_no_product_yet(grace_client):
    factories.picture(product=factories.product())
    page = grace_client.get(reverse("admin:catalog_variant_add"))
    assert page.status_code == 200
    assert "more_images" not in page.content.decode()
