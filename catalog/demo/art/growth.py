"""Growth: simple rules, applied to neighbours, over and over."""

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageChops, ImageFilter

from catalog.demo.canvas import HEIGHT, WIDTH, Canvas, vertical
from catalog.demo.noise import Field
from catalog.demo.palettes import Colour, Palette, by_lightness, mix, ramp


def packing(canvas: Canvas, palette: Palette, rng: Random, *, largest: float = 130, style: str = "rings") -> None:
    """Circles as large as there is room for, then smaller ones in the gaps, until nothing fits."""
    hue = Field(rng, cells=1.6, octaves=1)
    for x, y, radius in _packed(rng, largest):
        share = (hue(x, y) + 1) / 2 + rng.gauss(0, 0.13)
        colour = palette.colours[int(min(max(share, 0), 0.999) * len(palette.colours))]
        if style == "rings" and radius > 14:
            _target(canvas, rng, x, y, radius, colour, palette)
        elif style == "moons" and radius > 8:
            canvas.disc(x, y, radius, mix(colour, palette.paper, 0.5))
            start = hue(x, y) * 180
            canvas.pie(x, y, radius, start, start + 180, colour)
        else:
            canvas.disc(x, y, radius, colour)


def _packed(rng: Random, largest: float) -> list[tuple[float, float, float]]:
    """Circles that do not touch, found by trying; the limit shrinks as the sheet fills."""
    circles: list[tuple[float, float, float]] = []
    limit = largest
    for attempt in range(9000):
        limit = max(3.5, largest * math.exp(-attempt / 1300))
        x, y = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)
        room = min(x, y, WIDTH - x, HEIGHT - y, limit)
        for ox, oy, other in circles:
            if abs(ox - x) < room + other + 4 and abs(oy - y) < room + other + 4:
                room = min(room, math.hypot(ox - x, oy - y) - other - 4)
                if room < 3:
                    break
        if room >= max(3, limit * 0.34):
            circles.append((x, y, room))
    return circles


def _target(canvas: Canvas, rng: Random, x: float, y: float, radius: float, colour, palette: Palette) -> None:
    """Rings within rings, in two colours."""
    other = rng.choice(palette.colours)
    steps = rng.choice((2, 3, 4, 6)) if radius > 34 else 2
    for step in range(steps):
        ink = (colour, mix(colour, palette.paper, 0.6), other)[step % 3 if steps > 2 else step]
        canvas.disc(x, y, radius * (1 - step / steps), ink)


def turing(
    canvas: Canvas, palette: Palette, rng: Random, *, spot: float = 5.5, bias: float = 0.0, stretch: float = 1.0
) -> None:
    """Activator against inhibitor: near by, like makes like, a little further off it hinders. Leopards do it."""
    across, down = 400, round(504 / stretch)
    state = Image.new("L", (across, down))
    state.putdata([rng.randrange(256) for _cell in range(across * down)])
    for _round in range(13):
        near = state.filter(ImageFilter.GaussianBlur(spot * 0.55))
        far = state.filter(ImageFilter.GaussianBlur(spot * 1.05))
        difference = ImageChops.subtract(near, far, scale=1, offset=128)
        state = difference.point(lambda value: 255 if value > 128 + bias else 0)
    smooth = state.filter(ImageFilter.GaussianBlur(1.6)).resize(canvas.image.size, Image.Resampling.BICUBIC)
    stencil = smooth.point(lambda value: min(255, max(0, (value - 128) * 9 + 128)))
    lights = by_lightness(palette.colours)
    figure, ground = lights[:3], lights[-1]
    if palette.is_dark:
        figure, ground = lights[-3:], mix(palette.paper, lights[0], 0.25)
    canvas.image.paste(mix(ground, palette.paper, 0.35), (0, 0, *canvas.image.size))
    canvas.image.paste(vertical(figure, canvas.image.size), mask=stencil)


def automaton(canvas: Canvas, palette: Palette, rng: Random, *, rule: int = 30, cell: float = 8, start: str = "one") -> None:
    """A row of cells; each next row follows from the one above by one rule of eight cases. Colour shows which case."""
    across, down = round(WIDTH / cell), round(HEIGHT / cell)
    margin = down if start == "one" else 0
    row = [rng.random() < 0.5 for _cell in range(across + 2 * margin)]
    if start == "one":
        row = [False] * len(row)
        row[margin + across // 2] = True
    picture = Image.new("RGB", (across, down))
    pixels: list[Colour] = []
    for number in range(down):
        cases = [row[at - 1] * 4 + row[at] * 2 + row[(at + 1) % len(row)] for at in range(len(row))]
        row = [bool(rule >> case & 1) for case in cases]
        shown = zip(row[margin : margin + across], cases[margin : margin + across], strict=True)
        pixels += [_thread(palette, on, case, number / down) for on, case in shown]
    picture.putdata(pixels)
    canvas.image.paste(picture.resize(canvas.image.size, Image.Resampling.NEAREST))


def _thread(palette: Palette, on: bool, case: int, depth: float) -> Colour:
    """Like weaving: living cells in full colour, dead ones as a tint of the case that killed them."""
    inks = palette.colours
    colour = mix(inks[case % 4], inks[(case + 1) % 4], depth)
    return colour if on else mix(palette.paper, colour, 0.24 if case else 0.0)


def blocks(canvas: Canvas, palette: Palette, rng: Random, *, side: float = 46, tall: float = 230, cells: float = 2.0) -> None:
    """A field of towers seen from above and aside: one number per tower, three tones, and the eye builds a city."""
    height = Field(rng, cells=cells, octaves=2)
    lights = by_lightness(palette.colours)
    half = side / 2 * math.sqrt(3)
    rows = int((HEIGHT + tall) / (side / 2)) + 3
    canvas.image.paste(vertical([lights[-1], palette.paper], canvas.image.size))
    for row in range(-2, rows):
        for column in range(-1, int(WIDTH / (2 * half)) + 2):
            x = column * 2 * half + (half if row % 2 else 0)
            y = row * side / 2
            share = (height(x, min(y, HEIGHT - 1)) + 1) / 2 + rng.uniform(-0.1, 0.1)
            _tower(canvas, x, y, half, side / 2, max(0.05, share) * tall, ramp(lights, share))


def _tower(canvas: Canvas, x: float, y: float, half: float, rise: float, tall: float, colour) -> None:
    top = y - tall
    left = [(x - half, top), (x, top + rise), (x, y + rise + 90), (x - half, y + 90)]
    right = [(x + half, top), (x, top + rise), (x, y + rise + 90), (x + half, y + 90)]
    canvas.polygon(left, mix(colour, (0, 0, 0), 0.22))
    canvas.polygon(right, mix(colour, (0, 0, 0), 0.42))
    canvas.polygon([(x - half, top), (x, top - rise), (x + half, top), (x, top + rise)], colour)
