"""The list of what the demo shop sells, in the order in which it is shown, and the words that go with each thing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from django.utils.text import slugify

from catalog.demo.palettes import PALETTES
from catalog.demo.series import downloads, fields, grids, growth, orbits, terrain, tilings
from catalog.demo.series.parts import Piece, Series

SERIES = (
    *fields.SERIES,
    *terrain.SERIES,
    *tilings.SERIES,
    *orbits.SERIES,
    *growth.SERIES,
    *grids.SERIES,
    *downloads.SERIES,
)

PARENTS = {
    "fields": "Lines that follow an invisible wind, and what happens where gratings cross.",
    "terrain": "Landscapes made of gentle chance: maps, mountains and rock.",
    "tilings": "The sheet cut into pieces without a gap, by chance or by rule.",
    "orbits": "Curves that a pendulum, a planet or a growing flower would draw.",
    "growth": "Simple rules, applied to neighbours, over and over.",
    "grids": "Order first, then as much chance as it bears.",
    "downloads": "For your screens and for your own printer. Nothing is sent by post.",
}

PAPER = {
    "frame": """<h3>Paper and frame</h3><ul><li>Pigment ink on 240 g matte cotton paper, white margin all round</li>
<li>Frames of solid wood with real glass, ready to hang</li><li>Unframed prints travel in a rigid tube</li></ul>""",
    "paper": """<h3>Paper</h3><ul><li>Smooth: 240 g, matte, best for fine lines</li>
<li>Cotton rag: 310 g, soft to the touch, slightly warm</li><li>Sent in a rigid tube</li></ul>""",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One product of the demo: a piece of a series, `number` in it from 1."""

    series: Series
    piece: Piece
    number: int

    @property
    def slug(self) -> str:
        return slugify(self.piece.title)

    @property
    def sku(self) -> str:
        return f"{self.series.code}-{self.number:02d}"

    @property
    def frame(self) -> str:
        return "black" if PALETTES[self.piece.palette].is_dark else ("oak", "oak", "white")[self.piece.seed % 3]

    @property
    def colours(self) -> str:
        return PALETTES[self.piece.palette].words

    @property
    def description(self) -> str:
        """Simple HTML: how the algorithm works, this sheet's numbers, and what it is made of."""
        numbers = f"<p>Drawn from seed <strong>{self.piece.seed}</strong> in {self.colours}. "
        numbers += "The same seed gives the same sheet, on every computer and for ever.</p>"
        return f"{self.series.about}\n{numbers}\n{PAPER.get(self.series.finish, '')}".strip()


def entries() -> list[Entry]:
    """Every product: the first piece of each series, then the second of each, so that any page shows many kinds."""
    rows = ([Entry(series, piece, number) for number, piece in enumerate(series.pieces, 1)] for series in SERIES)
    mixed = [entry for row in zip_longest(*rows) for entry in row if entry is not None]
    return sorted(mixed, key=lambda entry: entry.piece.kind != "print")


def find(slug: str) -> Entry:
    return next(entry for entry in entries() if entry.slug == slug)


def leaves() -> Iterator[tuple[tuple[str, str], tuple[str, str], str]]:
    """Parent, child and the child's description, each category once."""
    seen = set()
    for series in SERIES:
        if series.category not in seen:
            seen.add(series.category)
            yield *series.category, series.blurb
