"""From what somebody uploads to pictures that are safe to publish. Knows pictures, not where they are kept.

Whatever comes in is decoded and encoded anew: what leaves here is a JPEG or PNG made by ourselves, upright, in sRGB,
without metadata (no place, no owner's name) and without anything hidden behind the pixels. The copies in other sizes and
formats are made later, from what was kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import BinaryIO

from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 15 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_EDGE = 2400  # pixels of the longer side of what is kept
WIDTHS = (320, 640, 1280, 1920)
COPIES = ("image/webp", "image/avif")

SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/avif": "avif"}


class ImageRefused(ValueError):
    """The file is not a picture we publish. The text says why and what to do, for the person who chose it."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """One encoded picture: its bytes, its size in pixels and its MIME type."""

    data: bytes
    width: int
    height: int
    type: str

    @property
    def name(self) -> str:
        """Where it is stored: made from the content, so equal names are equal pictures."""
        digest = hashlib.sha256(self.data).hexdigest()
        return f"pictures/{digest[:2]}/{digest}.{SUFFIXES[self.type]}"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be stored: the full size, and the smaller copies that are there already, narrow to wide.

    `colour` is the one that it has most of ("#a1b2c3"), for the time while it loads; empty where something shows through.
    """

    original: Rendition
    smaller: tuple[Rendition, ...] = ()
    colour: str = ""


def prepare(file: BinaryIO) -> Picture:
    """Check and clean what was uploaded. Raises ImageRefused. Takes well below a second: somebody waits."""
    image = _decode(file)
    _refuse_before_decoding(image)
    return render(_cleaned(image), widths=())


def render(image: Image.Image, *, widths: tuple[int, ...] = WIDTHS) -> Picture:
    """Encode a clean picture (RGB or RGBA), and copies in WebP of these widths; none is wider than the picture itself."""
    image.thumbnail((MAX_EDGE, MAX_EDGE), Image.Resampling.LANCZOS)
    original = _encode(image, "image/png" if image.mode == "RGBA" else "image/jpeg")
    smaller = [_encode(step, "image/webp") for step in _steps(image, [width for width in widths if width <= image.width])]
    return Picture(original, tuple(reversed(smaller)), _colour(image))


def copies(original: bytes) -> Iterator[Rendition]:
    """The copies of a stored picture in all sizes and formats. Takes seconds. Raises ImageRefused if it is none."""
    image = _decode(BytesIO(original))
    try:
        image.load()
        image = image if image.mode == "RGBA" else image.convert("RGB")
    except Exception as error:  # as in _cleaned: damaged in the storage
        raise _damaged() from error
    for step in _steps(image, widths_for(image.width)):
        yield from (_encode(step, kind) for kind in COPIES)


def widths_for(width: int) -> list[int]:
    """How wide the copies of a picture are: the usual steps, and its own width unless a step is nearly that."""
    widest = min(width, WIDTHS[-1])
    return [*(step for step in WIDTHS if step < 0.9 * widest), widest]


def _steps(image: Image.Image, widths: list[int]) -> Iterator[Image.Image]:
    """The picture in these widths, wide to narrow, each from the one before: as sharp, and quicker than from the full size."""
    for width in sorted(widths, reverse=True):
        image = _resized(image, width)
        yield image


def _colour(image: Image.Image) -> str:
    """What most of its pixels are like."""
    if image.mode == "RGBA":
        return ""
    few = image.resize((48, 48), Image.Resampling.BOX).quantize(8)
    counts = few.histogram()
    most = counts.index(max(counts))
    red, green, blue = (few.getpalette() or [0, 0, 0])[3 * most :][:3]
    return f"#{red:02x}{green:02x}{blue:02x}"


def _decode(file: BinaryIO) -> Image.Image:
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ImageRefused(_("This file is larger than 15 MB. Save the picture smaller, as JPEG for instance, and try again."))
    try:
        return Image.open(BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except Exception as error:  # a hostile file makes a decoder raise anything
        raise ImageRefused(
            _("This is not a JPEG, PNG or WebP picture. Save it in one of these formats and try again.")
        ) from error


def _refuse_before_decoding(image: Image.Image) -> None:
    """A file of a few kilobytes can unpack to gigabytes: look at the promised size only."""
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()
    # A camera's JPEG may carry a second picture (MPO); the first one is the photograph.
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise ImageRefused(_("This picture moves. Save one frame of it as JPEG, PNG or WebP and try again."))


def _too_many_pixels() -> ImageRefused:
    return ImageRefused(
        _("This picture has more than 40 million pixels. Make it smaller, 2400 pixels wide is enough, and try again.")
    )


def _cleaned(image: Image.Image) -> Image.Image:
    """Decode all of it, turn it upright, bring it to sRGB, and keep nothing but the pixels."""
    try:
        image.draft("RGB", (MAX_EDGE, MAX_EDGE))  # a JPEG can be decoded at a half or a quarter: quicker, less memory
        image.load()
        upright = ImageOps.exif_transpose(image)
        pixels = _in_srgb(upright, image.info.get("icc_profile"))
    except Exception as error:  # as above: truncated, inconsistent or hostile
        raise _damaged() from error
    fresh = Image.new(pixels.mode, pixels.size)
    fresh.paste(pixels)
    return fresh


def _damaged() -> ImageRefused:
    return ImageRefused(_("This file is damaged or incomplete. Save the picture anew and try again."))


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB, or RGBA where something really shows through."""
    alpha = _alpha(image)
    if image.mode.startswith("I"):  # 16 bits of grey
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("P", "PA", "LA", "RGBA"):
        image = image.convert("RGBA").convert("RGB")
    colours = _by_profile(image, profile) if profile else image.convert("RGB")
    if alpha is not None:
        colours.putalpha(alpha)
    return colours


def _alpha(image: Image.Image) -> Image.Image | None:
    if not image.has_transparency_data:
        return None
    alpha = image.convert("RGBA").getchannel("A")
    return None if alpha.getextrema() == (255, 255) else alpha


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        converted = ImageCms.profileToProfile(image, ImageCms.getOpenProfile(BytesIO(profile)), _srgb(), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):  # a broken profile: the numbers as they are are the best guess
        converted = None
    return converted or image.convert("RGB")


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.createProfile("sRGB")  # type: ignore[return-value]


def _resized(image: Image.Image, width: int) -> Image.Image:
    if width == image.width:
        return image
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _encode(image: Image.Image, content_type: str) -> Rendition:
    out = BytesIO()
    if content_type == "image/jpeg":
        image.save(out, "JPEG", quality=88, progressive=True, optimize=True)
    elif content_type == "image/png":
        image.save(out, "PNG")
    elif content_type == "image/webp":
        image.save(out, "WEBP", quality=82, method=2)  # 3 and more: twice the time for 2 % less
    else:
        image.save(out, "AVIF", quality=60, speed=8, max_threads=1)  # the other processors are for those who wait
    return Rendition(out.getvalue(), image.width, image.height, content_type)
