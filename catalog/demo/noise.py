"""Smooth randomness: a few random numbers far apart, and gentle hills in between."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

from PIL import Image, ImageMath

from catalog.demo.canvas import HEIGHT, WIDTH


def cloud(rng: Random, size: tuple[int, int], *, cells: float, octaves: int = 3, stretch: float = 1.0) -> Image.Image:
    """An image of floats, about -1 to 1. `cells`: hills across the width; `stretch` > 1 draws them out sideways."""
    total = Image.new("F", size, 0.0)
    share, whole = 1.0, 0.0
    for octave in range(octaves):
        across = max(2, round(cells * 2**octave)) + 3
        down = max(2, round(cells * stretch * 2**octave * size[1] / size[0])) + 3
        layer = _layer(rng, across, down, size)
        total = ImageMath.lambda_eval(lambda a: a["total"] + a["layer"], total=total, layer=layer.point(_times(share)))
        whole += share
        share /= 2
    return total.point(_times(1.6 / whole))


def _times(factor: float) -> Callable[[Any], Any]:
    return lambda value: value * factor + 0.0


def _layer(rng: Random, across: int, down: int, size: tuple[int, int]) -> Image.Image:
    seeds = Image.new("F", (across, down))
    seeds.putdata([rng.uniform(-1, 1) for _cell in range(across * down)])
    # The outermost cells only lend their slope: inside them the surface is smooth up to the edge.
    return seeds.resize(size, Image.Resampling.BICUBIC, box=(1, 1, across - 1, down - 1))


class Field:
    """A smooth height over the sheet, asked at points; about -1 to 1."""

    def __init__(self, rng: Random, *, cells: float, octaves: int = 2, grain: int = 5, stretch: float = 1.0) -> None:
        self.grain = grain
        self.across, self.down = WIDTH // grain + 2, HEIGHT // grain + 2
        image = cloud(rng, (self.across, self.down), cells=cells, octaves=octaves, stretch=stretch)
        self.values: Any = image.get_flattened_data()

    def __call__(self, x: float, y: float) -> float:
        column = min(max(int(x / self.grain), 0), self.across - 1)
        row = min(max(int(y / self.grain), 0), self.down - 1)
        return self.values[row * self.across + column]


class Curve:
    """A smooth wavy line: a sum of sines with random phases; about -1 to 1, `waves` hills per unit of x."""

    def __init__(self, rng: Random, *, waves: float, octaves: int = 4, roughness: float = 0.5) -> None:
        self.terms = [
            (roughness**octave, math.tau * waves * 1.9**octave * rng.uniform(0.8, 1.2), rng.uniform(0, math.tau))
            for octave in range(octaves)
        ]
        self.whole = sum(share for share, _speed, _phase in self.terms)

    def __call__(self, x: float) -> float:
        return sum(share * math.sin(speed * x + phase) for share, speed, phase in self.terms) / self.whole
