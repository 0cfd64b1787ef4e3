"""Pictures that are attacks, uploaded by staff over HTTP: what is published was made by the shop itself, or nothing is."""

from __future__ import annotations

import re
import struct
import time
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from catalog.models import Product
from tests import factories, people
from tests.catalog import files
from tests.trust.furnished import visitor
from tests.trust.raw_http import RawAnswer, RawClient
from tests.trust.upload import published, stored_files, upload
from tests.trust.world import World

pytestmark = pytest.mark.same_on_both

NOT_A_PICTURE, MOVES, TOO_MANY = "not a JPEG, PNG or WebP picture", "This picture moves", "more than 40 million pixels"
SCRIPT = b"<script>alert(document.domain)</script>"
MEGABYTE = 1024 * 1024


@pytest.fixture
def staff(world: World) -> Iterator[RawClient]:
    """Grace, at the admin; at the end the log has no new traceback."""
    said = len(world.shop.text)
    yield visitor(world, people.grace())
    assert "Traceback" not in world.shop.text[said:]


@pytest.fixture
def product(world: World) -> Product:
    return factories.product(summary="As it was.")


def assert_refused(answer: RawAnswer, product: Product, why: str, before: set[str]) -> None:
    """Told beside the field; the rest of the form was not saved either, and no file is left."""
    assert (answer.status, why in answer.words) == (200, True), answer.words[:600]
    product.refresh_from_db()
    assert (product.summary, product.images.count()) == ("As it was.", 0)
    assert stored_files() == before


def small(seed: int = 1, kind: str = "JPEG", **options: object) -> bytes:
    return files.encoded(files.scene((400, 300), seed=seed), kind, **options).getvalue()


# -- What it is -------------------------------------------------------------------------------------------------------

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><image href="file:///etc/passwd"/>%s</svg>' % SCRIPT
NO_PICTURES = {
    "svg": SVG,
    "svg with a declaration": b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + SVG,
    "html": b"<!doctype html>" + SCRIPT,
    "html after a signature": b"\x89PNG\r\n\x1a\n" + SCRIPT,
    "gif and script": b"GIF89a/*" + b"\0" * 100 + b"*/=1;" + SCRIPT,
    "imagemagick": b"push graphic-context\nviewbox 0 0 1 1\nfill 'url(https://evil.test/\"|id\")'\npop graphic-context",
    "nothing": b"\n",
    "fits": b"SIMPLE  =                    T".ljust(80) + b"BITPIX  =                    8".ljust(80) + b"END".ljust(2720),
    "psd": b"8BPS\0\1" + b"\0" * 6 + struct.pack(">HIIHH", 3, 10, 10, 8, 3) + b"\0" * 400,
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0heicmif1",
    "zip": b"PK\3\4" + b"\0" * 60,
}
OTHER_FORMATS = ("EPS", "TIFF", "PDF", "GIF", "BMP", "ICO", "PPM", "TGA", "JPEG2000")


@pytest.mark.case("A54", "A56")
def test_only_three_formats_are_taken_whatever_the_name_says(staff, product):
    before, odd = stored_files(), [*NO_PICTURES.values(), *(small(kind=kind) for kind in OTHER_FORMATS)]
    answer = upload(staff, product, *odd)
    assert_refused(answer, product, NOT_A_PICTURE, before)
    assert answer.words.count(NOT_A_PICTURE) == len(odd)


@pytest.mark.case("A54")
def test_what_hides_in_a_picture_is_not_published(staff, product, world):
    text = (b"tEXt", b"Comment\0" + SCRIPT)
    hiding = [
        small() + SCRIPT,
        small(comment=SCRIPT),
        _with_chunk(small(kind="PNG"), text),
        small(kind="PNG") + b"PK\3\4" + SCRIPT,
    ]
    assert upload(staff, product, *hiding, names=[b"evil.html"] * len(hiding), kind=b"text/html").status == 302
    assert product.images.count() == len(hiding)
    for image in product.images.all():
        for answer in published(image, RawClient(world.shop.url)):
            assert answer.status == 200
            assert answer.headers["Content-Type"] in ("image/jpeg", "image/png", "image/webp")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert b"script" not in answer.body
            Image.open(BytesIO(answer.body)).load()


# -- How large it is --------------------------------------------------------------------------------------------------


def _with_chunk(png: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with more chunks, right after its header."""
    return png[:33] + b"".join(files._chunk(*chunk) for chunk in chunks) + png[33:]


def _moving(frames: int) -> bytes:
    """An animated PNG of one pixel."""
    row = zlib.compress(b"\0\0")
    control = lambda number: struct.pack(">IIIIIHHBB", number, 1, 1, 0, 0, 1, 100, 0, 0)  # noqa: E731
    rest = [
        chunk
        for number in range(1, 2 * frames - 1, 2)
        for chunk in ((b"fcTL", control(number)), (b"fdAT", struct.pack(">I", number + 1) + row))
    ]
    chunks = [(b"acTL", struct.pack(">II", frames, 0)), (b"fcTL", control(0)), (b"IDAT", row), *rest]
    return files.png(*chunks).getvalue()


def _bombs() -> dict[str, tuple[bytes, str]]:
    packed = zlib.compress(b"\0" * 300 * MEGABYTE, 9)
    return {
        "pixels": (files.bomb(50_000).getvalue(), TOO_MANY),
        "a promise of pixels": (files.png((b"IDAT", b""), size=(2**31 - 1, 2**31 - 1)).getvalue(), TOO_MANY),
        "frames": (_moving(10_000), MOVES),
        "colour profile": (_with_chunk(small(kind="PNG"), (b"iCCP", b"a\0\0" + packed)), "picture"),
        "text": (_with_chunk(small(kind="PNG"), (b"zTXt", b"a\0\0" + packed)), "picture"),
        "many texts": (
            _with_chunk(small(kind="PNG"), *[(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * MEGABYTE))] * 100),
            "picture",
        ),
    }


def _forget_peaks(world: World) -> None:
    for pid in world.shop.web_pids():
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _peak(world: World) -> int:
    """The most memory that any worker process had since then, in bytes."""
    status = [Path(f"/proc/{pid}/status").read_text() for pid in world.shop.web_pids()]
    return max(int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) * 1024 for text in status)


@pytest.mark.case("A55")
def test_a_bomb_is_refused_before_it_is_unpacked(staff, product, world, subtests):
    before = stored_files()
    for what, (bomb, why) in _bombs().items():
        with subtests.test(what):
            _forget_peaks(world)
            start = time.monotonic()
            answer = upload(staff, product, bomb)
            print(what, len(bomb), time.monotonic() - start, _peak(world) / MEGABYTE)
            assert time.monotonic() - start < 10
            assert _peak(world) < 200 * MEGABYTE
            assert_refused(answer, product, why, before)


@pytest.mark.case("A55")
def test_the_peak_of_a_picture_that_is_unpacked_is_seen(staff, product, world):
    """The control of the one before: 36 million pixels, which is just allowed."""
    _forget_peaks(world)
    before = _peak(world)
    assert upload(staff, product, files.bomb(6000).getvalue()).status == 302
    print("legit", before / MEGABYTE, _peak(world) / MEGABYTE)
    assert _peak(world) - before > 60 * MEGABYTE


# -- What it is called ------------------------------------------------------------------------------------------------

NAMES = [
    b"../../../../tmp/evil.jpg", b"..\\..\\evil.jpg", b"/etc/cron.d/evil", b"evil.php\0.jpg", b"evil.jpg\0",
    "\u202egpj.exe".encode(), b"a" * 900 + b".jpg", b"CON.jpg", b"aux", b"nul.txt", b".htaccess", b"-rf.jpg",
    b"%2e%2e%2fevil.jpg", b"a;b.jpg", b"<script>.jpg", b"%s%n.jpg", b"picture.jpg",
]  # fmt: skip


@pytest.mark.case("A57")
def test_the_name_of_a_file_is_not_its_place(staff, product):
    before = stored_files()
    answer = upload(staff, product, *[small(seed=9)] * len(NAMES), names=NAMES)
    assert answer.status == 302, re.findall(b"<ul class=.errorlist.*?</ul>", answer.body)
    assert product.images.count() == len(NAMES)
    first, *others = product.images.all()
    assert {image.name for image in others} == {first.name}
    new = stored_files() - before
    assert new == {first.name, *(one["name"] for one in first.renditions)}
    assert all(re.fullmatch(r"pictures/[0-9a-f]{2}/[0-9a-f]{64}\.(jpg|png|webp)", name) for name in new)


@pytest.mark.case("A57")
def test_a_name_that_cannot_be_read_is_refused(staff, product):
    before = stored_files()
    for name, status, why in ((b"a" * 5000 + b".jpg", 400, "address is not right"), (b"\xff\xfe.jpg", 200, "Choose a file.")):
        answer = upload(staff, product, small(4), names=[name])
        assert (answer.status, why in answer.words) == (status, True)
    assert (product.images.count(), stored_files()) == (0, before)


@pytest.mark.case("A57")
def test_two_pictures_of_one_name_are_two(staff, product, world):
    assert upload(staff, product, small(seed=1), small(seed=2), names=[b"same.jpg"] * 2).status == 302
    one, other = product.images.all()
    bodies = [published(image, RawClient(world.shop.url))[0].body for image in (one, other)]
    assert bodies[0] != bodies[1]


# -- What it tells ----------------------------------------------------------------------------------------------------


@pytest.mark.case("A58")
def test_what_a_picture_tells_of_its_maker_is_not_published(staff, product, world):
    exif, xmp = Image.Exif(), b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>SecretPlace</x:xmpmeta>"
    exif[files.MAKE] = "SecretCamera"
    exif.get_ifd(files.GPS)[2] = (52.0, 31.0, 12.0)
    telling = [
        files.from_a_telephone().getvalue(),
        _with_chunk(
            small(2, "PNG", exif=exif), (b"tEXt", b"Author\0SecretName"), (b"zTXt", b"a\0\0" + zlib.compress(b"SecretName"))
        ),
        small(3, "WEBP", exif=exif, xmp=xmp),
    ]
    assert all(b"Secret" in picture for picture in telling)
    assert upload(staff, product, *telling).status == 302
    answers = [answer for image in product.images.all() for answer in published(image, RawClient(world.shop.url))]
    assert len(answers) == len(telling)
    for answer in answers:
        told = [b"Secret", b"Exif", b"EXIF", b"XMP", b"xmp", b"tEXt", b"zTXt", b"eXIf"]
        assert [word for word in told if word in answer.body] == []
        assert not Image.open(BytesIO(answer.body)).getexif()
