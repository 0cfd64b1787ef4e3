"""Terrain: smooth randomness read as height, the way the makers of maps and mountains for films do it."""

from __future__ import annotations

from random import Random
from typing import Any

from PIL import Image, ImageChops, ImageFilter

from catalog.demo.canvas import HEIGHT, WIDTH, Canvas, Point, vertical
from catalog.demo.noise import Curve, cloud
from catalog.demo.palettes import Colour, Palette, by_lightness, luminance, mix, ramp


def contours(canvas: Canvas, palette: Palette, rng: Random, *, levels: int = 9, cells: float = 2.0) -> None:
    """A landscape cut from sheets of coloured paper, one per level, each throwing a shadow on the one below."""
    size = canvas.image.size
    height = cloud(rng, (WIDTH // 4, HEIGHT // 4), cells=cells, octaves=3)
    heights: Any = height.get_flattened_data()
    lowest, highest = min(heights), max(heights)
    height = height.resize(size, Image.Resampling.BICUBIC)
    colours = by_lightness(palette.colours)
    if not palette.is_dark:
        colours = colours[::-1]
    canvas.image.paste(mix(colours[0], palette.paper, 0.35), (0, 0, *size))
    shade = mix(colours[-1] if not palette.is_dark else palette.paper, (0, 0, 0), 0.55)
    for level in range(levels):
        at = lowest + (highest - lowest) * (0.1 + 0.8 * level / levels)
        stencil = _above(height, at, sharpness=9000)
        shadow = _shadow(stencil, reach=5 * canvas.scale, strength=0.5)
        canvas.image.paste(shade, mask=shadow)
        colour = ramp(colours, (level + 1) / levels)
        canvas.image.paste(colour, mask=stencil)
        _edge(canvas, stencil, mix(colour, (255, 255, 255), 0.35))


def _above(height: Image.Image, at: float, *, sharpness: float) -> Image.Image:
    """A stencil of everything higher than `at`; its edge is smoothed by stopping the slope short of a cliff."""
    offset = 128 - at * sharpness * 2
    return height.point(lambda value: value * (sharpness * 2) + offset).convert("L")


def _shadow(stencil: Image.Image, *, reach: int, strength: float) -> Image.Image:
    small = stencil.reduce(4)  # a shadow is soft: a quarter of the pixels will do
    small = _moved(small, max(1, reach // 4), max(1, reach // 3)).filter(ImageFilter.GaussianBlur(reach / 5))
    return small.point(lambda value: value * strength).resize(stencil.size, Image.Resampling.BILINEAR)


def _edge(canvas: Canvas, stencil: Image.Image, colour: Colour) -> None:
    """The cut edge of the paper, catching light from the upper left."""
    lit = ImageChops.subtract(stencil, _moved(stencil, canvas.scale, canvas.scale))
    canvas.image.paste(colour, mask=lit)


def _moved(stencil: Image.Image, right: int, down: int) -> Image.Image:
    """Shifted; what comes in at the edges is as what was there."""
    moved = stencil.copy()
    moved.paste(stencil, (right, down))
    return moved


def ridges(canvas: Canvas, palette: Palette, rng: Random, *, layers: int = 8, roughness: float = 0.5, sun: bool = True) -> None:
    """Mountain behind mountain, each a little further into the haze, under a large sun."""
    size = canvas.image.size
    colours = by_lightness(palette.colours)
    if palette.is_dark:
        far, near = mix(colours[1], palette.paper, 0.25), mix(palette.paper, (0, 0, 0), 0.45)
        sky = [palette.paper, mix(colours[0], palette.paper, 0.3), mix(colours[2], colours[-1], 0.4)]
    else:
        far, near = mix(colours[-2], palette.paper, 0.25), mix(colours[0], (0, 0, 0), 0.2)
        sky = [mix(colours[-1], palette.paper, 0.15), palette.paper, mix(colours[-2], palette.paper, 0.35)]
    canvas.image.paste(vertical(sky, size))
    if sun:
        _sun(canvas, rng, palette)
    for layer in range(layers):
        depth = (layer + 1) / layers
        crest = _crest(
            rng, base=HEIGHT * (0.36 + 0.56 * depth), height=150 - 60 * depth, waves=0.8 + depth, roughness=roughness
        )
        top = ramp([far, colours[1 if palette.is_dark else 2], near], depth)
        _mountain(canvas, crest, top, haze=mix(top, far, 0.75 * (1 - depth) + 0.15))


def _sun(canvas: Canvas, rng: Random, palette: Palette) -> None:
    warm = max(palette.colours, key=lambda colour: colour[0] - colour[2])
    x, y, radius = WIDTH * rng.uniform(0.3, 0.7), HEIGHT * rng.uniform(0.24, 0.34), rng.uniform(120, 165)
    canvas.disc(x, y, radius, mix(warm, palette.paper, 0.05 if palette.is_dark else 0.2))


def _crest(rng: Random, *, base: float, height: float, waves: float, roughness: float) -> list[Point]:
    curve = Curve(rng, waves=waves, octaves=8, roughness=roughness)
    return [(x, base - height * curve(x / WIDTH)) for x in range(0, WIDTH + 4, 4)]


def _mountain(canvas: Canvas, crest: list[Point], top: Colour, *, haze: Colour) -> None:
    stencil, pen = canvas.mask()
    s = canvas.scale
    pen.polygon([(x * s, y * s) for x, y in [*crest, (WIDTH, HEIGHT), (0, HEIGHT)]], fill=255)
    highest = max(0, int(min(y for _x, y in crest) * s))
    slope = vertical([top, haze], (canvas.image.width, max(1, int(330 * s))))
    flank = Image.new("RGB", (canvas.image.width, canvas.image.height - highest), haze)
    flank.paste(slope)
    canvas.image.paste(flank, (0, highest), stencil.crop((0, highest, *canvas.image.size)))


def strata(canvas: Canvas, palette: Palette, rng: Random, *, bands: int = 15, fold: float = 150) -> None:
    """Layers of rock, laid down one on another and folded together, each with a grain of its own."""
    shared = Curve(rng, waves=0.7, octaves=4, roughness=0.42)
    slope = rng.uniform(-120, 120)
    colours = list(palette.colours)
    last = None
    bottom = -fold - 150.0
    number = 0
    while bottom < HEIGHT + fold + 200:
        thickness = rng.choice((26, 40, 62, 95, 130)) * 15 / bands
        wobble = Curve(rng, waves=1.6, octaves=3)
        upper: list[Point] = [
            (x, bottom + slope * (x / WIDTH - 0.5) - fold * shared(x / WIDTH) - 9 * wobble(x / WIDTH))
            for x in range(0, 1004, 4)
        ]
        colour = rng.choice([one for one in colours if one != last])
        last = colour
        canvas.polygon([*upper, (WIDTH, HEIGHT + 900), (0, HEIGHT + 900)], colour)
        _grain(canvas, rng, upper, thickness, colour, palette, kind=number % 4)
        canvas.line(upper, mix(colour, palette.ink if not palette.is_dark else (0, 0, 0), 0.55), 1.2)
        bottom += thickness
        number += 1


def _grain(
    canvas: Canvas, rng: Random, upper: list[Point], thickness: float, colour: Colour, palette: Palette, *, kind: int
) -> None:
    """What the rock is like: smooth, in fine layers, sandy, or gravelly. What lies below is painted over by the next band."""
    dark = luminance(colour) < 120
    tone = mix(colour, palette.paper if dark and not palette.is_dark else palette.ink, 0.32)
    if kind == 1:
        for share in range(1, int(thickness / 7)):
            canvas.line([(x, y + share * 7) for x, y in upper], mix(colour, tone, share * 7 / thickness), 1.1)
    elif kind == 2:
        for _dot in range(int(thickness * 26)):
            x, y = upper[rng.randrange(len(upper))]
            canvas.disc(x + rng.uniform(0, 4), y + thickness * (1 - rng.random() ** 1.7), rng.uniform(0.7, 1.7), tone)
    elif kind == 3:
        for _stone in range(int(thickness * 1.3)):
            x, y = upper[rng.randrange(len(upper))]
            canvas.disc(x, y + rng.uniform(6, max(7, thickness - 5)), rng.uniform(2, 5), tone)
