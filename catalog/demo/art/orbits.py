"""Orbits: curves that a pendulum, a planet or a growing flower would draw."""

from __future__ import annotations

import math
from random import Random

from catalog.demo.canvas import HEIGHT, WIDTH, Canvas, Point, radial
from catalog.demo.palettes import Palette, mix, ramp

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


def harmonograph(
    canvas: Canvas, palette: Palette, rng: Random, *, ratio: tuple[int, int] = (2, 3), turns: int = 70, decay: float = 0.011
) -> None:
    """Four pendulums move a pen; friction slowly stops them, and a small detuning turns the figure."""
    first, second = ratio
    detune = rng.uniform(0.002, 0.008)
    phases = [rng.uniform(0, math.tau) for _pendulum in range(4)]
    points = []
    for step in range(turns * 160):
        t = step / 160 * math.tau
        fade = math.exp(-decay * t / 2)
        x = math.sin(t * first + phases[0]) * 0.62 + math.sin(t * (second + detune) + phases[1]) * 0.36
        y = math.sin(t * second + phases[2]) * 0.62 + math.sin(t * (first + detune) + phases[3]) * 0.36
        points.append((x * fade, y * fade))
    points = _fitted(points, margin=40)
    inks = [mix(palette.paper, colour, 0.92) for colour in palette.colours[:4]]
    for step in range(len(points) - 1):
        canvas.line(points[step : step + 2], ramp(inks, step / len(points)), 1.1 if palette.is_dark else 1.4)


def _fitted(points: list[Point], *, margin: float) -> list[Point]:
    """The same figure, as large as the sheet allows."""
    left, right = min(x for x, _y in points), max(x for x, _y in points)
    top, bottom = min(y for _x, y in points), max(y for _x, y in points)
    across, down = (WIDTH - 2 * margin) / (right - left), (HEIGHT - 2 * margin) / (bottom - top)
    return [(margin + (x - left) * across, margin + (y - top) * down) for x, y in points]


def orbits(canvas: Canvas, palette: Palette, rng: Random, *, rings: int = 13, low: bool = True) -> None:
    """A star off the sheet's middle and the paths around it, some dotted, some broken, each with somebody on it."""
    x, y = WIDTH * rng.uniform(0.3, 0.7), HEIGHT * (rng.uniform(0.68, 0.82) if low else rng.uniform(0.35, 0.5))
    warm = max(palette.colours, key=lambda colour: colour[0] - colour[2])
    s = canvas.scale
    glow = radial(mix(palette.paper, warm, 0.32), palette.paper, (1500 * s, 1500 * s))
    canvas.image.paste(glow, (round((x - 750) * s), round((y - 750) * s)))
    radius, star = 150.0, rng.uniform(75, 105)
    canvas.disc(x, y, star, warm)
    for ring in range(rings):
        ink = mix(palette.paper, palette.ink, 0.75)
        _path(canvas, rng, x, y, radius, ink, kind=rng.choice("plain plain dotted broken double".split()))
        for _body in range(rng.choice((1, 1, 1, 2))):
            _planet(canvas, rng, x, y, radius, rng.uniform(9, 17 + ring * 1.9), palette)
        radius += rng.uniform(50, 96)


def _path(canvas: Canvas, rng: Random, x: float, y: float, radius: float, ink, *, kind: str) -> None:
    if kind == "dotted":
        dots = int(radius * 0.55)
        for dot in range(dots):
            angle = math.tau * dot / dots
            canvas.disc(x + radius * math.cos(angle), y + radius * math.sin(angle), 1.5, ink)
    elif kind == "broken":
        start = rng.uniform(0, 360)
        for piece in range(4):
            canvas.arc(x, y, radius, start + piece * 90, start + piece * 90 + rng.uniform(30, 80), ink, 2.4)
    else:
        canvas.ring(x, y, radius, ink, 1.3)
        if kind == "double":
            canvas.ring(x, y, radius - 7, ink, 0.8)


def _planet(canvas: Canvas, rng: Random, x: float, y: float, radius: float, size: float, palette: Palette) -> None:
    """A planet, lit from the star, now and then with a ring or a moon."""
    for _try in range(12):  # somewhere on the sheet, if the path comes by
        angle = rng.uniform(0, math.tau)
        px, py = x + radius * math.cos(angle), y + radius * math.sin(angle)
        if size < px < WIDTH - size and size < py < HEIGHT - size:
            break
    else:
        return
    colour = rng.choice(palette.colours)
    canvas.disc(px, py, size + 5, palette.paper)
    canvas.disc(px, py, size, colour)
    away = math.degrees(math.atan2(py - y, px - x))
    canvas.pie(px, py, size, away - 90, away + 90, mix(colour, (0, 0, 0), 0.28))
    if size > 24 and rng.random() < 0.4:
        canvas.ring(px, py, size + 11, palette.ink, 1.4)
    if size > 16 and rng.random() < 0.5:
        side = rng.uniform(0, math.tau)
        canvas.disc(px + (size + 18) * math.cos(side), py + (size + 18) * math.sin(side), 4, palette.ink)


def sunflower(
    canvas: Canvas, palette: Palette, rng: Random, *, seeds: int = 1500, angle: float = GOLDEN_ANGLE, bloom: str = "out"
) -> None:
    """Seed after seed, each turned by the golden angle from the last: the spirals are in the eye, not in the rule."""
    spread = 830 / math.sqrt(seeds)
    turn = rng.uniform(0, math.tau)
    colours = palette.colours
    for seed in range(seeds, 3, -1):
        share = seed / seeds
        radius = spread * math.sqrt(seed)
        a = seed * angle + turn
        x, y = WIDTH / 2 + radius * math.cos(a), HEIGHT / 2 + radius * math.sin(a)
        size = spread * (0.4 + 0.45 * (share if bloom == "out" else 1 - share) ** 0.8)
        tone = ramp(colours, (share * 1.4 + 0.11 * math.sin(a * 3 + share * 9)) % 1.0)
        canvas.disc(x, y, max(1.4, size), tone)
        if size > 8:
            canvas.disc(x, y, size * 0.42, mix(tone, palette.paper, 0.55))
