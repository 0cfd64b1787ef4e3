"""From an entry of the demo catalogue to its finished pictures. Runs in worker processes: knows no database."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from PIL import Image

from catalog.demo import scenes
from catalog.demo.canvas import Canvas
from catalog.demo.catalogue import Entry, find
from catalog.demo.palettes import PALETTES
from catalog.renditions import Picture, render


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of a product; `role` says which variants it stands for ("sheet", "framed" or something else)."""

    role: str
    alt: str
    picture: Picture


def draw(slug: str) -> list[Shot]:
    """Draw a product and photograph it from all sides. The same slug gives the same pixels."""
    entry = find(slug)
    palette, rng = PALETTES[entry.piece.palette], Random(entry.piece.seed)
    canvas = Canvas(palette.paper, scale=entry.series.scale)
    entry.series.draw(canvas, palette, rng, **entry.piece.settings)
    print_ = scenes.sheet(canvas, palette, entry.piece.title, entry.piece.seed)
    return [Shot(role, alt, render(image)) for role, alt, image in _shots(entry, canvas, print_, rng)]


def _shots(entry: Entry, canvas: Canvas, print_: Image.Image, rng: Random) -> list[tuple[str, str, Image.Image]]:
    palette, title = PALETTES[entry.piece.palette], entry.piece.title
    close = ("detail", f"A part of “{title}” from close by", scenes.detail(canvas, rng))
    if entry.piece.kind == "wallpaper":
        return [("screens", f"“{title}”: {entry.series.shows}", scenes.screens(print_, palette, rng)), close]
    if entry.piece.kind == "file":
        return [("sheets", f"“{title}”: {entry.series.shows}", scenes.sheets(print_, palette, rng)), close]
    wall = f"“{title}” in a frame of {entry.frame}" if entry.frame == "oak" else f"“{title}” in a {entry.frame} frame"
    return [
        ("sheet", f"“{title}”: {entry.series.shows}, in {entry.colours}", print_),
        ("framed", f"{wall}, on a wall", scenes.framed(print_, palette, rng, frame=entry.frame)),
        close,
    ]
