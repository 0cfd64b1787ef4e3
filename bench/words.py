"""What products of a large shop are called and what is said of them: some words every third has, thousands that few have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

OFTEN = 0.3  # of all products have the first word of each of these
COLOURS = "copper ochre umber indigo teal rust sage slate ivory coral".split()
MATTERS = "weather harbour meadow lattice signal orbit delta ember tide forest".split()
KINDS = "print poster study drawing etching panel card series field map".split()
SELDOM = "heron"  # in the title of SELDOM_COUNT products, whatever the size of the shop
SELDOM_COUNT = 30
KNOWN = 20_000  # words that titles and descriptions are drawn from, the first ones far more often than the last
SAID = (
    "<p>Each sheet is drawn once, numbered by hand and packed flat between two boards.</p><p>{}.</p>"
    "<p>Shown in daylight; the paper is a little warmer than most screens make it.</p>"
)


@dataclass(frozen=True)
class Texts:
    title: str
    summary: str
    description: str


def texts(numbers: range, *, of: int) -> Iterator[Texts]:
    """The texts of these of `of` products: the same ones each time."""
    draw, known = Random(numbers.start), vocabulary()
    for number in numbers:
        words = [known[int(KNOWN ** draw.random()) - 1] for _ in range(20)]
        names = [_one(list_, draw).title() for list_ in (COLOURS, MATTERS, KINDS)]
        if number * SELDOM_COUNT // of != (number - 1) * SELDOM_COUNT // of:
            names.append(SELDOM.title())
        title = f"{' '.join(names)}: {words[0].title()} {words[1].title()} No. {number}"
        yield Texts(title, f"A {words[2]} field of lines, drawn over a {words[3]}.", SAID.format(" ".join(words[4:])))


@cache
def vocabulary() -> list[str]:
    """KNOWN different words that can be said aloud, of two to four syllables."""
    draw = Random(KNOWN)
    words: dict[str, None] = {}
    while len(words) < KNOWN:
        syllables = range(draw.choice((2, 2, 3, 3, 4)))
        word = "".join(draw.choice("bdfgklmnprstvz") + draw.choice("aeiou") for _ in syllables) + draw.choice("lnrtkm")
        words[word] = None
    return list(words)


def _one(words: list[str], draw: Random) -> str:
    return words[0] if draw.random() < OFTEN else draw.choice(words[1:])
