"""Fields: every point of the sheet knows a direction, and lines follow it."""

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageChops, ImageDraw

from catalog.demo.canvas import HEIGHT, WIDTH, Canvas, Point
from catalog.demo.noise import Field
from catalog.demo.palettes import Palette, mix, ramp


def flow(canvas: Canvas, palette: Palette, rng: Random, *, turns: float = 1.0, cells: float = 2.2, bold: float = 1.0) -> None:
    """Ribbons that follow the field and never touch: wide ones first, narrow ones in what room they leave."""
    direction = Field(rng, cells=cells, octaves=1)
    hue = Field(rng, cells=2.0, octaves=1)
    taken = Image.new("L", (WIDTH // 2, HEIGHT // 2), 0)
    marker, room = ImageDraw.Draw(taken), taken.load()
    tilt = rng.uniform(0, math.tau)
    for share, tries, longest in ((34, 140, 90), (22, 260, 80), (13, 700, 70), (7, 1400, 60), (4, 1500, 40)):
        width = share * bold
        for _try in range(tries):
            start = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)
            points = _walk(start, direction, room, width=width, longest=longest, turns=turns, tilt=tilt)
            if len(points) < 6:
                continue
            marker.line([(x / 2, y / 2) for x, y in points], fill=255, width=max(2, round((width + 5) / 2)), joint="curve")
            tone = (hue(*points[0]) + 1) / 2 + rng.gauss(0, 0.16)
            colour = palette.colours[min(int(max(tone, 0) * len(palette.colours)), len(palette.colours) - 1)]
            canvas.stroke(points, mix(colour, palette.paper, rng.uniform(0, 0.12)), width)


def _walk(
    start: Point, direction: Field, room, *, width: float, longest: int, turns: float, tilt: float, step: float = 7
) -> list[Point]:
    """Follow the field from `start` both ways until the sheet ends or somebody else is there."""
    halves: list[list[Point]] = []
    for sign in (1, -1):
        x, y = start
        points: list[Point] = []
        for _step in range(longest):
            angle = tilt + direction(x, y) * math.pi * turns
            dx, dy = math.cos(angle), math.sin(angle)
            if not _free(room, x, y, dx, dy, width / 2 + 3):
                break
            points.append((x, y))
            x, y = x + sign * dx * step, y + sign * dy * step
        halves.append(points)
    return halves[1][::-1] + halves[0][1:]


def _free(room, x: float, y: float, dx: float, dy: float, reach: float) -> bool:
    for aside in (-reach, 0, reach):
        px, py = int((x - dy * aside) / 2), int((y + dx * aside) / 2)
        if not (0 <= px < WIDTH // 2 and 0 <= py < HEIGHT // 2) or room[px, py]:
            return False
    return True


def currents(
    canvas: Canvas, palette: Palette, rng: Random, *, turns: float = 0.9, cells: float = 2.0, lines: int = 2600
) -> None:
    """Thousands of hair lines, let go at random and carried along, coloured by where they started."""
    direction = Field(rng, cells=cells, octaves=2, grain=4)
    hue = Field(rng, cells=1.4, octaves=1)
    tilt = rng.uniform(0, math.tau)
    colours = [mix(colour, palette.paper, 0.08) for colour in palette.colours[:4]]
    for number in range(lines):
        x, y = rng.uniform(-60, WIDTH + 60), rng.uniform(-60, HEIGHT + 60)
        colour = ramp(colours, (hue(x, y) + 1) / 2 + rng.gauss(0, 0.1))
        faded = mix(palette.paper, colour, 0.35 + 0.65 * number / lines)  # the last ones lie on top and shine
        points = []
        for _step in range(70):
            points.append((x, y))
            angle = tilt + direction(x, y) * math.pi * turns
            x, y = x + math.cos(angle) * 5, y + math.sin(angle) * 5
        canvas.line(points, faded, 0.7 if number % 9 else 1.7)


def moire(canvas: Canvas, palette: Palette, rng: Random, *, kind: str = "rings", pitch: float = 14, apart: float = 210) -> None:
    """Two fine gratings printed over each other; where they cross, patterns appear that nobody drew."""
    sheet = canvas.image
    lean = rng.uniform(0, math.pi)
    hills = Field(rng, cells=1.6, octaves=1, grain=4)
    for number, colour in enumerate(palette.colours[:2]):
        stencil, pen = canvas.mask()
        side = number - 0.5
        if kind == "rings":
            centre = WIDTH / 2 + side * apart * math.cos(lean), HEIGHT / 2 + side * apart * math.sin(lean)
            _rings(pen, centre, pitch, canvas.scale)
        else:
            _lines(pen, hills, pitch, canvas.scale, push=apart * number)
        ink = Image.new("RGB", sheet.size, (0, 0, 0) if palette.is_dark else (255, 255, 255))
        ink.paste(colour, mask=stencil)
        sheet = ImageChops.screen(sheet, ink) if palette.is_dark else ImageChops.multiply(sheet, ink)
    canvas.image.paste(sheet)


def _rings(pen: ImageDraw.ImageDraw, centre: Point, pitch: float, scale: int) -> None:
    x, y = centre[0] * scale, centre[1] * scale
    radius = pitch / 2
    while radius < 1000:
        reach = radius * scale
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), outline=255, width=round(pitch * 0.5 * scale))
        radius += pitch


def _lines(pen: ImageDraw.ImageDraw, hills: Field, pitch: float, scale: int, *, push: float) -> None:
    """Upright lines, pushed aside by the hills: together with straight ones they show the hills' contours."""
    position = -push
    while position < WIDTH + push:
        points = [((position + push * hills(position, y)) * scale, y * scale) for y in range(0, HEIGHT + 12, 12)]
        pen.line(points, fill=255, width=round(pitch * 0.5 * scale), joint="curve")
        position += pitch
