"""Pictures that files name badly: the product is imported, and what is missing is told."""

from __future__ import annotations

import pytest

from catalog.exchange.models import PictureToFetch
from catalog.exchange.picture_address import tidied
from catalog.exchange.pictures import fetch_due_pictures, try_again
from catalog.exchange.write import export
from catalog.models import Product, Variant
from tests.catalog.product_files import LINE, imported, outcomes, written

pytestmark = pytest.mark.django_db


def nothing_changes_again(data: bytes) -> bool:
    """Neither by the file nor by an export of it."""
    again = "".join(text for text, _count in export()).encode()
    return outcomes(data) == outcomes(again) == {"unchanged": 1}


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("https://cdn.example/my photo.jpg", "https://cdn.example/my%20photo.jpg"),
        ("https://cdn.example/my%20photo.jpg", "https://cdn.example/my%20photo.jpg"),
        ("https://cdn.example/a\nb\u200bc.jpg", "https://cdn.example/a%0Ab%E2%80%8Bc.jpg"),
        ("https://cdn.example/花.jpg", "https://cdn.example/花.jpg"),
        ("//cdn.shopify.com/a.jpg", "https://cdn.shopify.com/a.jpg"),
        (" HTTP://cdn.example/a.jpg ", "HTTP://cdn.example/a.jpg"),
    ],
)
def test_it_mends_an_address_that_can_be_mended(cell, kept):
    data = written(LINE | {"Image Src": cell})
    done = imported(data)[0]
    assert (done.outcome, done.warnings) == ("new", [])
    picture = PictureToFetch.objects.get()
    assert (picture.url, picture.error, picture.due_at is None) == (kept, "", False)
    assert tidied(kept) == kept
    assert nothing_changes_again(data)


@pytest.mark.parametrize("cell", ["photo.jpg", "/a.jpg", "ftp://cdn.example/a.jpg", "javascript:alert(1)", "https://[x/a.jpg"])
@pytest.mark.parametrize("column", ["Image Src", "Variant Image"])
def test_it_gives_up_an_address_that_nobody_can_fetch(cell, column):
    data = written(LINE | {column: cell, "Image Alt Text": ""})
    warning = f"line 2, {column}: “{cell}” is no address that begins with https:// or http://. This picture will be missing."
    assert imported(data, dry=True)[0].warnings == [warning]
    done = imported(data)[0]
    assert (done.outcome, done.warnings) == ("new", [warning])
    picture = PictureToFetch.objects.get()
    assert (picture.url, picture.due_at) == (cell, None)
    assert "is no address" in picture.error
    assert nothing_changes_again(data)
    assert fetch_due_pictures() == 0
    try_again(PictureToFetch.objects.all())
    assert fetch_due_pictures() == 1
    picture.refresh_from_db()
    assert (picture.due_at, picture.image, bool(picture.error)) == (None, None, True), "nobody asks there, whoever wants it"


@pytest.mark.parametrize("column", ["Image Src", "Variant Image"])
def test_it_leaves_out_an_address_that_is_too_long_to_be_kept(column):
    data = written(LINE | {column: "https://cdn.example/" + "x" * 981})
    done = imported(data)[0]
    assert (done.outcome, done.warnings) == (
        "new", [f"line 2, {column}: Longer than 1000 characters: this picture is left out."],
    )  # fmt: skip
    assert not PictureToFetch.objects.exists()
    assert nothing_changes_again(data)


def test_it_keeps_the_beginning_of_a_description_that_is_too_long():
    data = written(LINE | {"Image Src": "https://cdn.example/a.jpg", "Image Alt Text": "x" * 251})
    done = imported(data)[0]
    assert done.warnings == ["line 2, Image Alt Text: 251 characters: only the first 250 are kept."]
    assert PictureToFetch.objects.get().alt == "x" * 250
    assert nothing_changes_again(data)


def test_it_leaves_out_the_pictures_after_the_hundredth():
    more = [{"Handle": "pot", "Image Src": f"https://cdn.example/{number}.jpg"} for number in range(1, 103)]
    data = written(LINE | {"Image Src": "https://cdn.example/0.jpg", "Variant Image": "https://cdn.example/102.jpg"}, *more)
    done = imported(data)[0]
    assert done.outcome == "new"
    assert done.warnings == [
        "line 102, Image Src: More than 100 pictures in one product: from here on they are left out, 2 of them."
    ]
    kept = set(PictureToFetch.objects.values_list("url", flat=True))
    assert len(kept) == 101
    assert "https://cdn.example/102.jpg" in kept, "a variant shows it"
    assert nothing_changes_again(data)


def test_it_changes_what_else_the_line_says_and_says_how_many_pictures_come():
    imported(written(LINE))
    lines = [LINE | {"Title": "Pot", "Image Src": "a.jpg"}, {"Handle": "pot", "Image Src": "https://cdn.example/b.jpg"}]
    assert imported(written(*lines))[0].details == ["Title Clay Pot → Pot", "Image Src – → 1 to fetch"]
    assert imported(written(LINE, {"Handle": "pot", "Image Src": "c.jpg"}))[0].details == [
        "Title Pot → Clay Pot", "Image Src – → 1 that cannot be fetched",
    ]  # fmt: skip
    assert (Product.objects.count(), Variant.objects.count()) == (1, 1)
