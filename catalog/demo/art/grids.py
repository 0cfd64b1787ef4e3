"""Grids: order first, then as much chance as it bears."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFont

from catalog.demo.canvas import HEIGHT, WIDTH, Canvas
from catalog.demo.palettes import Colour, Palette, mix, ramp


def modules(canvas: Canvas, palette: Palette, rng: Random, *, across: int = 6) -> None:
    """A box of building blocks, quarter circles, leaves, arches and stripes, one to a square."""
    side = WIDTH / across
    down = round(HEIGHT / side)
    tall = HEIGHT / down
    inks = [palette.paper, palette.ink, *palette.colours]
    for row in range(down):
        for column in range(across):
            ground, figure = rng.sample(inks, 2)
            left, top = column * side, row * tall
            stamp = Image.new("RGB", (600, 600), ground)
            _module(ImageDraw.Draw(stamp), rng, figure, ground, rng.choice(inks))
            stamp = stamp.rotate(90 * rng.randrange(4))
            s = canvas.scale
            box = (round(left * s), round(top * s), round((left + side) * s), round((top + tall) * s))
            canvas.image.paste(stamp.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.BILINEAR), box)


def _module(pen: ImageDraw.ImageDraw, rng: Random, figure: Colour, ground: Colour, third: Colour) -> None:
    """One block of 600 by 600."""
    kind = rng.randrange(8)
    if kind == 0:
        pen.ellipse((-600, -600, 600, 600), fill=figure)
    elif kind == 1:
        for number, ink in enumerate((figure, ground, third, ground, figure)):
            reach = 600 - number * 120
            pen.ellipse((-reach, -reach, reach, reach), fill=ink)
    elif kind == 2:
        pen.pieslice((0, -300, 600, 300), 0, 180, fill=figure)
        pen.pieslice((0, 0, 600, 600), 0, 180, fill=third)
    elif kind == 3:
        leaf = Image.new("L", (600, 600), 0)
        other = leaf.copy()
        ImageDraw.Draw(leaf).ellipse((-600, 0, 600, 1200), fill=255)
        ImageDraw.Draw(other).ellipse((0, -600, 1200, 600), fill=255)
        pen.bitmap((0, 0), ImageChops.multiply(leaf, other), fill=figure)
    elif kind == 4:
        for stripe in range(0, 600, 120):
            pen.rectangle((stripe, 0, stripe + 59, 600), fill=figure)
    elif kind == 5:
        pen.ellipse((70, 70, 530, 530), fill=figure)
        pen.ellipse((215, 215, 385, 385), fill=third)
    elif kind == 6:
        pen.polygon((0, 0, 600, 600, 0, 600), fill=figure)
    else:
        for x in range(75, 600, 150):
            for y in range(75, 600, 150):
                pen.ellipse((x - 38, y - 38, x + 38, y + 38), fill=figure)


def one_line(canvas: Canvas, palette: Palette, rng: Random, *, order: int = 5, weight: float = 0.56) -> None:
    """A single line that visits every place of the sheet once and never crosses itself."""
    places = 2**order
    side, tall = WIDTH / places, HEIGHT / places
    path = [((x + 0.5) * side, (y + 0.5) * tall) for x, y in _hilbert(order)]
    if rng.random() < 0.5:
        path = [(WIDTH - x, y) for x, y in path]
    parts = min(240, len(path))
    for part in range(parts):
        start, end = part * len(path) // parts, (part + 1) * len(path) // parts
        canvas.stroke(path[start : end + 1], ramp(palette.colours[:4], part / parts), side * weight)


def _hilbert(order: int) -> Iterator[tuple[int, int]]:
    """The places of a square of 2**order in the order of Hilbert's curve: written as turns and steps, then walked."""
    turns = "A"
    for _level in range(order):
        turns = "".join({"A": "+BF-AFA-FB+", "B": "-AF+BFB+FA-"}.get(sign, sign) for sign in turns)
    x, y, dx, dy = 0, 0, 1, 0
    yield x, y
    for sign in turns:
        if sign == "F":
            x, y = x + dx, y + dy
            yield x, y
        elif sign == "+":
            dx, dy = -dy, dx
        elif sign == "-":
            dx, dy = dy, -dx


def overprint(canvas: Canvas, palette: Palette, rng: Random, *, letters: str = "RST") -> None:
    """Letters as large as the sheet, printed over each other in clear inks: the overlaps are colours of their own."""
    sheet = canvas.image
    s = canvas.scale
    for number, letter in enumerate(letters):
        colour = palette.colours[number % 3]
        font = ImageFont.load_default(round(rng.uniform(820, 1150) * s))
        stencil, pen = canvas.mask()
        x = WIDTH * (0.5 + (number - (len(letters) - 1) / 2) * 0.3 + rng.uniform(-0.06, 0.06))
        y = HEIGHT * (0.5 + (number - (len(letters) - 1) / 2) * 0.24 + rng.uniform(-0.05, 0.05))
        pen.text((x * s, y * s), letter, fill=255, font=font, anchor="mm", stroke_width=round(16 * s))
        if number == 1:
            stencil = ImageChops.multiply(stencil, _halftone(canvas))
        ink = Image.new("RGB", sheet.size, (0, 0, 0) if palette.is_dark else (255, 255, 255))
        ink.paste(mix(colour, (0, 0, 0), 0.15) if palette.is_dark else colour, mask=stencil)
        sheet = ImageChops.screen(sheet, ink) if palette.is_dark else ImageChops.multiply(sheet, ink)
    canvas.image.paste(sheet)


def _halftone(canvas: Canvas, *, pitch: float = 15) -> Image.Image:
    """Dots that grow from top to bottom until they join."""
    stencil, pen = canvas.mask()
    s = canvas.scale
    for row in range(int(HEIGHT / pitch) + 2):
        radius = pitch * (0.3 + 0.45 * row * pitch / HEIGHT) * s
        for column in range(int(WIDTH / pitch) + 2):
            x, y = (column + 0.5 * (row % 2)) * pitch * s, row * pitch * s
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return stencil
