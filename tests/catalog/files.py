"""Files as people upload them: good pictures, odd ones, and attacks."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from random import Random
from typing import Any

from PIL import Image

GPS, ORIENTATION, MAKE = 0x8825, 0x0112, 0x010F


def scene(size: tuple[int, int] = (1600, 1200), *, mode: str = "RGB", seed: int = 1) -> Image.Image:
    """A smooth colourful picture: red in the upper left corner, unlike every other corner."""
    rng = Random(seed)
    small = Image.new("RGB", (8, 8))
    small.putdata([(rng.randrange(180), rng.randrange(180), rng.randrange(180)) for _pixel in range(64)])
    picture = small.resize(size, Image.Resampling.BICUBIC)
    picture.paste((255, 0, 0), (0, 0, size[0] // 4, size[1] // 4))
    return picture.convert(mode)


def encoded(picture: Image.Image | None = None, kind: str = "JPEG", **options: Any) -> BytesIO:
    out = BytesIO()
    (picture or scene()).save(out, kind, **options)
    out.seek(0)
    out.name = f"picture.{kind.lower()}"
    return out


def from_a_telephone(orientation: int = 1) -> BytesIO:
    """A JPEG that says where it was taken, by which camera, and which side is up."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKE] = "SecretCamera"
    exif.get_ifd(GPS)[2] = (52.0, 31.0, 12.0)
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>SecretPlace</x:xmpmeta>"
    return encoded(kind="JPEG", exif=exif, comment=b"SecretComment", xmp=xmp)


def png(*chunks: tuple[bytes, bytes], size: tuple[int, int] = (1, 1), depth: int = 8, colour: int = 0) -> BytesIO:
    """A PNG put together by hand, so that it may say anything."""
    header = (b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0))
    parts = [_chunk(*one) for one in (header, *chunks, (b"IEND", b""))]
    return BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def bomb(edge: int = 50_000) -> BytesIO:
    """One bit per pixel, all black: a few hundred kilobytes that unpack to gigabytes."""
    packer = zlib.compressobj(1)
    row = b"\0" * (1 + (edge + 7) // 8)
    data = b"".join(packer.compress(row * 100) for _rows in range(edge // 100)) + packer.flush()
    return png((b"IDAT", data), size=(edge, edge), depth=1)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
