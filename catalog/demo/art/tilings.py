"""Tilings: the sheet cut into pieces without a gap, by chance or by rule."""

from __future__ import annotations

import math
from random import Random

from catalog.demo.canvas import HEIGHT, WIDTH, Canvas, Point
from catalog.demo.noise import Field
from catalog.demo.palettes import Palette, by_lightness, mix, ramp

GOLDEN = (1 + math.sqrt(5)) / 2


def truchet(canvas: Canvas, palette: Palette, rng: Random, *, across: int = 8, stripes: int = 3) -> None:
    """One tile, two quarter circles, turned at random: the arcs join into roads nobody planned."""
    side = WIDTH / across
    ground = palette.paper if palette.is_dark else mix(palette.colours[-1], palette.paper, 0.55)
    canvas.rect(0, 0, WIDTH, HEIGHT, ground)
    inks = [palette.colours[number % len(palette.colours)] for number in range(stripes)]
    for row in range(math.ceil(HEIGHT / side)):
        for column in range(across):
            left, top = column * side, row * side
            corners = ((left, top, 0), (left + side, top + side, 180))
            if rng.random() < 0.5:
                corners = ((left + side, top, 90), (left, top + side, 270))
            for x, y, start in corners:
                _road(canvas, x, y, start, side, inks, palette)


def _road(canvas: Canvas, x: float, y: float, start: float, side: float, inks: list, palette: Palette) -> None:
    """A quarter of a ring in stripes, the same from either edge so that it joins whatever comes next."""
    lane = side * 0.8 / (2 * len(inks) - 1)
    middle = side / 2
    order = [*inks, *inks[-2::-1]]
    for number, ink in enumerate(order):
        outer = middle + lane * (len(order) / 2 - number)
        canvas.arc(x, y, outer, start, start + 90, ink, lane * 0.82)


def glass(canvas: Canvas, palette: Palette, rng: Random, *, panes: int = 190, lead: float = 5, drift: float = 0.0) -> None:
    """Every pane is all that lies nearer to its own seed than to any other; the seeds have settled into even spacing."""
    seeds = [(rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT) ** (1 + drift) / HEIGHT**drift) for _pane in range(panes)]
    for _round in range(2):
        seeds = [_middle(cell) for cell in _cells(seeds)]
    canvas.rect(0, 0, WIDTH, HEIGHT, mix(palette.ink if not palette.is_dark else palette.paper, (0, 0, 0), 0.35))
    light = Field(rng, cells=1.8, octaves=1)
    colours = by_lightness(palette.colours)
    for seed, cell in zip(seeds, _cells(seeds), strict=True):
        tone = ramp(colours, 0.5 + light(*seed) * 0.55 + rng.gauss(0, 0.12))
        canvas.polygon(_shrunk(cell, seed, lead), tone)
        canvas.polygon(_shrunk(cell, seed, lead * 3.4), mix(tone, (255, 255, 255), 0.1 + 0.1 * rng.random()))


def _cells(seeds: list[Point]) -> list[list[Point]]:
    """The Voronoi cells of the seeds: the sheet, cut off half-way to each neighbour."""
    cells = []
    for x, y in seeds:
        cell: list[Point] = [(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)]
        distances = sorted(((ox - x) ** 2 + (oy - y) ** 2, ox, oy) for ox, oy in seeds)
        for _distance, ox, oy in distances[1:22]:  # those further off do not reach it
            cell = _cut(cell, (x + ox) / 2, (y + oy) / 2, ox - x, oy - y)
        cells.append(cell)
    return cells


def _cut(cell: list[Point], mx: float, my: float, nx: float, ny: float) -> list[Point]:
    """What remains of a polygon on this side of the line through (mx, my) across (nx, ny)."""
    kept: list[Point] = []
    for (ax, ay), (bx, by) in zip(cell, [*cell[1:], cell[0]], strict=True):
        a, b = (ax - mx) * nx + (ay - my) * ny, (bx - mx) * nx + (by - my) * ny
        if a <= 0:
            kept.append((ax, ay))
        if (a < 0 < b) or (b < 0 < a):
            share = a / (a - b)
            kept.append((ax + (bx - ax) * share, ay + (by - ay) * share))
    return kept


def _middle(cell: list[Point]) -> Point:
    return sum(x for x, _y in cell) / len(cell), sum(y for _x, y in cell) / len(cell)


def _shrunk(cell: list[Point], middle: Point, by: float) -> list[Point]:
    """The polygon with every edge moved `by` points inwards."""
    result = cell
    for (ax, ay), (bx, by_) in zip(cell, [*cell[1:], cell[0]], strict=True):
        length = math.hypot(bx - ax, by_ - ay)
        if length < 0.01:
            continue
        nx, ny = (by_ - ay) / length, (ax - bx) / length
        if (middle[0] - ax) * nx + (middle[1] - ay) * ny > 0:
            nx, ny = -nx, -ny
        result = _cut(result, ax - nx * by / 2, ay - ny * by / 2, nx, ny)
        if len(result) < 3:
            return []
    return result


def penrose(canvas: Canvas, palette: Palette, rng: Random, *, depth: int = 6, reach: float = 1050) -> None:
    """Two rhombs that cover the plane and never repeat: each is cut into smaller ones, again and again."""
    turn = rng.uniform(0, math.tau)
    centre = complex(WIDTH * rng.uniform(0.35, 0.65), HEIGHT * rng.uniform(0.35, 0.65))
    triangles = []
    for spoke in range(10):
        one, other = (centre + reach * complex(math.cos(a), math.sin(a)) for a in _spokes(spoke, turn))
        triangles.append((0, centre, *((other, one) if spoke % 2 else (one, other))))
    for _level in range(depth):
        triangles = [piece for triangle in triangles for piece in _deflate(*triangle)]
    light = Field(rng, cells=1.5, octaves=1)
    fat, thin = by_lightness(palette.colours[:4]), by_lightness(palette.colours)[::-1]
    seam = palette.paper
    for kind, a, b, c in triangles:
        fourth = b + c - a
        spot = (b + c) / 2
        if not (-60 < spot.real < WIDTH + 60 and -60 < spot.imag < HEIGHT + 60):
            continue
        ring = abs(spot - centre) / 900
        tone = ramp(thin if kind else fat, 0.5 + 0.5 * math.sin(ring * 5 + light(spot.real, spot.imag) * 2))
        rhomb = [(corner.real, corner.imag) for corner in (a, b, fourth, c)]
        canvas.polygon(rhomb, tone if kind else mix(tone, palette.paper, 0.12))
        canvas.line([*rhomb, rhomb[0]], seam, 2.2)


def _spokes(spoke: int, turn: float) -> tuple[float, float]:
    return turn + (2 * spoke - 1) * math.pi / 10, turn + (2 * spoke + 1) * math.pi / 10


def _deflate(kind: int, a: complex, b: complex, c: complex) -> list[tuple[int, complex, complex, complex]]:
    """Cut half a rhomb into halves of smaller rhombs (Robinson's triangles)."""
    if kind == 0:
        p = a + (b - a) / GOLDEN
        return [(0, c, p, b), (1, p, c, a)]
    q, r = b + (a - b) / GOLDEN, b + (c - b) / GOLDEN
    return [(1, r, c, a), (1, q, r, b), (0, r, q, a)]
