"""Colours that go together. Each palette is a paper, an ink, and inks to print with, the leading one first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    words: str
    paper: Colour
    ink: Colour
    colours: tuple[Colour, ...]

    @property
    def is_dark(self) -> bool:
        return luminance(self.paper) < 110


def parse(code: str) -> Colour:
    return int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16)


def _palette(words: str, paper: str, ink: str, colours: str) -> Palette:
    return Palette(words, parse(paper), parse(ink), tuple(parse(code) for code in colours.split()))


PALETTES = {
    "dune": _palette("terracotta, sand and slate", "F6EFE3", "2B2118", "C8553D E9A15B F2D0A4 2F4858 7FA99B"),
    "fjord": _palette("deep blue, ice and ochre", "F4F1EA", "12263A", "0B3C5D 328CC1 D9A441 9CC5D3 1D2731"),
    "ember": _palette("glowing orange on charcoal", "1B1417", "F5E9DC", "F25C54 F7B267 F4845F 7A2E39 F5DDC0"),
    "moss": _palette("forest green, lichen and rust", "F3F0E6", "22301F", "344E41 588157 A3B18A BC6C25 DDA15E"),
    "plum": _palette("violet, rose and apricot", "F7F0F2", "2D1B33", "5B2A86 9A4C95 E0A0B0 F0B67F 2F2D4E"),
    "night": _palette("bright yellow, orange and blue on midnight", "0F1626", "E8ECF4", "F2C14E F78154 5FADE0 4D9078 B4436C"),
    "riso": _palette("coral, blue and yellow", "FAF6EC", "1F2A44", "FF665E 0078BF FFC72E 2BA568 1F2A44"),
    "clay": _palette("brick, clay and olive grey", "F2E8DC", "3A2A24", "A44A3F D98F6B E8C7A9 6B705C 3F4238"),
    "citrus": _palette("orange, lemon and leaf green", "FFF9EC", "28322B", "F9A620 E4572E 548C2F FFD449 1E5631"),
    "glacier": _palette("petrol, ice blue and signal orange", "F3F7F8", "10333D", "0F4C5C 5FA8B5 BFE0E2 E36414 9A031E"),
    "blush": _palette("peach, sage and navy", "FBF3EE", "41272E", "E07A5F 81B29A F2CC8F 3D405B F0C4B4"),
    "mono": _palette("black, grey and one red", "F5F3EE", "161616", "161616 4A4A4A 8A8A8A C9C5BC D7263D"),
    "indigo": _palette("indigo, sky and a spark of orange", "EFEDE6", "1B1F3B", "1B1F3B 3A4EA1 7A9CC6 F08A4B BDD5EA"),
    "lagoon": _palette("sea green, cream and coral on deep teal", "08262B", "EAF4EF", "3FB8A0 F2E3BC F29559 1E6F6B D1495B"),
    "orchard": _palette("cherry, amber and apple green", "F8F3E8", "31231E", "9B2335 E15D44 F1B24A 5A7247 C3CFA1"),
    "aurora": _palette("mint, blue and lilac on a night sky", "11152B", "F0F3FF", "7FE0C3 5B8DEF B78AF7 F6A6C1 FCE38A"),
}


def luminance(colour: Colour) -> float:
    """How light a colour looks, 0 to 255."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of `other` in `one`; 0 is `one`."""
    share = min(1.0, max(0.0, share))
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def ramp(colours: Sequence[Colour], at: float) -> Colour:
    """The colour at `at` (0 to 1) of a row of colours blended into each other."""
    at = min(1.0, max(0.0, at)) * (len(colours) - 1)
    step = min(int(at), len(colours) - 2)
    return mix(colours[step], colours[step + 1], at - step)


def by_lightness(colours: Sequence[Colour]) -> list[Colour]:
    return sorted(colours, key=luminance)
