"""The forms that the series are written in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Piece:
    """One product: a title, one sentence for lists, and all that its drawing depends on."""

    title: str
    palette: str
    seed: int
    summary: str
    settings: dict[str, Any] = field(default_factory=dict)
    kind: str = "print"  # or "wallpaper", "file"
    was: int = 0  # per cent that the price before was higher; 0: no price before
    sold_out: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Pieces by one algorithm. `price` is that of the smallest size in whole units of about one euro.

    `category` is (name, slug) of the parent and the child. `shows` ends the sentence "A print of ..." for those who
    cannot see it. `about` is HTML: how the algorithm works.
    """

    code: str
    category: tuple[tuple[str, str], tuple[str, str]]
    draw: Callable[..., None]
    shows: str
    about: str
    pieces: tuple[Piece, ...]
    blurb: str = ""
    price: int = 29
    finish: str = "frame"  # or "paper"
    scale: int = 3
