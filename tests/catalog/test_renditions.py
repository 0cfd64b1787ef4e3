from __future__ import annotations

import re
import resource
import time
import zlib
from io import BytesIO

import pytest
from PIL import Image, ImageCms, ImageColor

from catalog.renditions import MAX_BYTES, ImageRefused, Picture, copies, prepare, widths_for
from tests.catalog import files


def opened(picture: Picture) -> list[Image.Image]:
    return [Image.open(BytesIO(one.data)) for one in (picture.original, *picture.smaller)]


# -- What comes out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_keeps_a_clean_picture_and_makes_no_copies_yet(kind):
    picture = prepare(files.encoded(files.scene((1600, 1200)), kind))
    assert (picture.original.width, picture.original.height, picture.original.type) == (1600, 1200, "image/jpeg")
    assert picture.smaller == ()


def test_it_makes_copies_in_webp_and_avif():
    made = list(copies(prepare(files.encoded(files.scene((700, 525)))).original.data))
    assert sorted((one.width, one.height, one.type) for one in made) == [
        (320, 240, "image/avif"),
        (320, 240, "image/webp"),
        (700, 525, "image/avif"),
        (700, 525, "image/webp"),
    ]
    for one in made:
        image = Image.open(BytesIO(one.data))
        assert (f"image/{image.format.lower()}", image.size) == (one.type, (one.width, one.height))


@pytest.mark.parametrize(
    ("width", "made"),
    [
        (200, [200]),
        (340, [340]),
        (500, [320, 500]),
        (1280, [320, 640, 1280]),
        (1300, [320, 640, 1300]),
        (1600, [320, 640, 1280, 1600]),
        (2400, [320, 640, 1280, 1920]),
    ],
)
def test_it_chooses_widths_up_to_that_of_the_picture(width, made):
    assert widths_for(width) == made


def test_it_refuses_to_copy_what_was_damaged():
    whole = prepare(files.encoded()).original.data
    with pytest.raises(ImageRefused):
        list(copies(whole[: len(whole) // 2]))


def test_it_names_the_colour_that_a_picture_has_most_of():
    sheet = Image.new("RGB", (400, 500), (244, 236, 220))
    sheet.paste((200, 30, 30), (0, 0, 150, 150))
    red, green, blue = ImageColor.getrgb(prepare(files.encoded(sheet)).colour)
    assert max(abs(red - 244), abs(green - 236), abs(blue - 220)) <= 8


def test_it_names_no_colour_where_something_shows_through():
    assert prepare(files.encoded(Image.new("RGBA", (40, 40), (9, 9, 9, 90)), "PNG")).colour == ""


def test_it_reduces_what_is_larger_than_any_screen_needs():
    picture = prepare(files.encoded(files.scene((6000, 3000))))
    assert (picture.original.width, picture.original.height) == (2400, 1200)


def test_it_names_files_by_their_content():
    one, same, other = (prepare(files.encoded(files.scene(seed=seed))) for seed in (1, 1, 2))
    assert one == same
    assert one.original.name != other.original.name
    assert re.fullmatch(r"pictures/([0-9a-f]{2})/\1[0-9a-f]{62}\.jpg", one.original.name)


def test_it_publishes_no_metadata():
    raw = files.from_a_telephone().getvalue()
    assert b"SecretCamera" in raw
    assert b"SecretComment" in raw
    assert b"SecretPlace" in raw
    picture = prepare(BytesIO(raw))
    telling = files.encoded(files.scene((200, 200)), "PNG", exif=Image.open(BytesIO(raw)).getexif()).getvalue()
    for one in (picture.original, *copies(telling)):
        assert b"Secret" not in one.data
        image = Image.open(BytesIO(one.data))
        assert not image.getexif()
        assert not {"exif", "xmp", "comment", "icc_profile"} & set(image.info)


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (1, 1)), (6, (1, 0)), (8, (0, 1))])
def test_it_turns_pictures_upright(orientation, corner):
    image = opened(prepare(files.from_a_telephone(orientation)))[0]
    assert (image.width > image.height) == (orientation in (1, 3))
    x, y = corner[0] * (image.width - 1), corner[1] * (image.height - 1)
    red, green, blue = image.getpixel((x, y))
    assert red > 200
    assert green < 60
    assert blue < 60


@pytest.mark.parametrize("mode", ["L", "CMYK", "1"])
def test_it_publishes_rgb_whatever_came(mode):
    kind = "PNG" if mode == "1" else "JPEG"
    assert {image.mode for image in opened(prepare(files.encoded(files.scene(mode=mode), kind)))} == {"RGB"}


def test_it_keeps_the_tones_of_sixteen_bit_grey():
    image = opened(prepare(files.encoded(Image.new("I;16", (400, 400), 0x8000), "PNG")))[0]
    assert abs(image.getpixel((200, 200))[0] - 128) <= 2


def test_it_converts_colours_to_srgb():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ").replace(b"----", b"bXYZ")  # its red is blue
    red = Image.new("RGB", (400, 400), (250, 0, 0))
    assert opened(prepare(files.encoded(red, "PNG", icc_profile=srgb)))[0].getpixel((9, 9))[0] > 240
    blue = opened(prepare(files.encoded(red, "PNG", icc_profile=swapped)))[0].getpixel((9, 9))
    assert blue[2] > 240
    assert blue[0] < 20


def test_it_survives_a_broken_colour_profile():
    assert prepare(files.encoded(icc_profile=b"not a profile")).original.width == 1600


def test_it_keeps_transparency_and_drops_it_where_nothing_shows_through():
    see_through = files.scene(mode="RGBA")
    see_through.putpixel((700, 700), (0, 0, 0, 0))
    assert prepare(files.encoded(see_through, "PNG")).original.type == "image/png"
    assert {image.mode for image in opened(prepare(files.encoded(see_through, "PNG")))} == {"RGBA"}
    small = files.encoded(Image.new("RGBA", (40, 40), (9, 9, 9, 90)), "PNG").getvalue()
    assert {Image.open(BytesIO(one.data)).mode for one in copies(small)} == {"RGBA"}
    assert prepare(files.encoded(files.scene(mode="RGBA"), "PNG")).original.type == "image/jpeg"


def test_it_takes_the_photograph_of_a_camera_that_adds_a_second_one():
    both = files.encoded(files.scene(), "MPO", save_all=True, append_images=[files.scene((320, 240), seed=2)])
    assert prepare(both).original.width == 1600


# -- What is refused --------------------------------------------------------------------------------------------------

OTHERS = {
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "html": b"<html><script>alert(1)</script></html>",
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\n",
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 64,
    "fits": b"SIMPLE  =                    T" + b" " * 50 + b"END" + b" " * 77,
    "nothing": b"",
    "text": b"a picture, honestly",
}


@pytest.mark.parametrize("what", OTHERS)
def test_it_refuses_what_is_no_picture_of_ours(what):
    with pytest.raises(ImageRefused, match="not a JPEG, PNG or WebP"):
        prepare(BytesIO(OTHERS[what]))


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "BMP", "ICO", "PPM", "AVIF"])
def test_it_refuses_other_formats(kind):
    with pytest.raises(ImageRefused, match="not a JPEG, PNG or WebP"):
        prepare(files.encoded(files.scene((64, 64)), kind))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_it_refuses_pictures_that_move(kind):
    frames = [files.scene((64, 64), seed=seed) for seed in (2, 3)]
    moving = files.encoded(files.scene((64, 64)), kind, save_all=True, append_images=frames, duration=90)
    with pytest.raises(ImageRefused, match="moves"):
        prepare(moving)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_it_refuses_truncated_files(kind, share):
    whole = files.encoded(files.scene((700, 500)), kind).getvalue()
    with pytest.raises(ImageRefused):
        prepare(BytesIO(whole[: int(len(whole) * share)]))


def test_it_refuses_a_file_larger_than_15_mb():
    with pytest.raises(ImageRefused, match="15 MB"):
        prepare(BytesIO(files.encoded().getvalue() + b"\0" * MAX_BYTES))


@pytest.mark.parametrize("edge", [6_400, 10_000, 50_000])
def test_it_refuses_a_pixel_bomb_before_unpacking_it(edge):
    bomb = files.bomb(edge)
    assert len(bomb.getvalue()) < 2_000_000
    memory, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(ImageRefused, match="40 million pixels"):
        prepare(bomb)
    assert time.process_time() - start < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 30_000  # kilobytes


@pytest.mark.parametrize(("chunk", "head"), [(b"iCCP", b"x\0\0"), (b"zTXt", b"x\0\0")])
def test_it_does_not_unpack_bombs_in_the_metadata(chunk, head):
    hidden = head + zlib.compress(b"\0" * 200_000_000, 9)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ImageRefused):
        prepare(files.png((chunk, hidden), (b"IDAT", zlib.compress(b"\0\0"))))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 100_000  # kilobytes
