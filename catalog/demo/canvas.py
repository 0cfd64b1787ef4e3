"""A sheet to draw on. Shapes are drawn several times too large without smoothing and reduced at the end, which smooths them."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from catalog.demo.palettes import Colour

WIDTH, HEIGHT = 1000, 1260  # of the drawing, in points: all coordinates of the art are points

Point = tuple[float, float]


class Canvas:
    """Draws in points; the image has `scale` pixels per point."""

    def __init__(self, paper: Colour, *, scale: int = 3) -> None:
        self.scale = scale
        self.image = Image.new("RGB", (WIDTH * scale, HEIGHT * scale), paper)
        self.pen = ImageDraw.Draw(self.image)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """A thin line, its corners not cared for."""
        self.pen.line(self._flat(points), fill=colour, width=max(1, round(width * self.scale)))

    def stroke(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """A thick line with round corners and round ends."""
        self.line(points, colour, width)
        for x, y in points:  # Pillow's own curved joints leave hair cracks
            self.disc(x, y, width / 2, colour)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        if len(points) > 2:
            self.pen.polygon(self._flat(points), fill=colour)

    def rect(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        s = self.scale
        self.pen.rectangle((round(left * s), round(top * s), round(right * s) - 1, round(bottom * s) - 1), fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        self.pen.ellipse(self._box(x, y, radius), fill=colour)

    def ring(self, x: float, y: float, radius: float, colour: Colour, width: float) -> None:
        self.pen.ellipse(self._box(x, y, radius), outline=colour, width=max(1, round(width * self.scale)))

    def arc(self, x: float, y: float, radius: float, start: float, end: float, colour: Colour, width: float) -> None:
        """Part of a ring; degrees, clockwise from three o'clock."""
        self.pen.arc(self._box(x, y, radius), start, end, fill=colour, width=max(1, round(width * self.scale)))

    def pie(self, x: float, y: float, radius: float, start: float, end: float, colour: Colour) -> None:
        self.pen.pieslice(self._box(x, y, radius), start, end, fill=colour)

    def mask(self) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        """An empty stencil of the sheet's size, and a pen for it."""
        stencil = Image.new("L", self.image.size, 0)
        return stencil, ImageDraw.Draw(stencil)

    def _flat(self, points: Sequence[Point]) -> list[float]:
        s = self.scale
        return [value * s for point in points for value in point]

    def _box(self, x: float, y: float, radius: float) -> tuple[float, float, float, float]:
        s = self.scale
        return (x - radius) * s, (y - radius) * s, (x + radius) * s, (y + radius) * s


def vertical(colours: Sequence[Colour], size: tuple[int, int]) -> Image.Image:
    """A gradient from the first colour at the top to the last at the bottom."""
    strip = Image.new("RGB", (1, len(colours)))
    strip.putdata(list(colours))
    # Bilinear resizing holds the first and last colour for half a step: leave those out.
    strip = strip.resize((1, size[1]), Image.Resampling.BILINEAR, box=(0, 0.5, 1, len(colours) - 0.5))
    return strip.resize(size, Image.Resampling.NEAREST)


def radial(inner: Colour, outer: Colour, size: tuple[int, int]) -> Image.Image:
    """A round gradient that fills the size."""
    glow = Image.radial_gradient("L").resize(size, Image.Resampling.BILINEAR)
    return Image.composite(Image.new("RGB", size, outer), Image.new("RGB", size, inner), glow)
