from __future__ import annotations

from catalog.demo.art import orbits
from catalog.demo.series.parts import Piece, Series

ORBITS = ("Orbits", "orbits")

HARMONOGRAPH = Series(
    code="HARM",
    category=(ORBITS, ("Harmonographs", "harmonographs")),
    blurb="What four swinging pendulums would draw before they stop.",
    draw=orbits.harmonograph,
    shows="one fine line that swings back and forth and folds into veils",
    about="""\
<p>In Victorian drawing rooms a pen hung from pendulums and drew while they came to rest. We let four of them swing: two
move the pen across, two along. Their speeds are nearly a musical interval, an octave, a fifth, a fourth.</p>
<p>Nearly, because a perfect fifth would draw the same figure over and over. The slight detuning turns it a little each
time, friction makes it smaller, and <strong>one single line</strong> lays itself into veils.</p>""",
    finish="paper",
    price=26,
    pieces=(
        Piece("Fifth, Fading", "mono", 15, "A fifth in pure black, slightly out of tune."),
        Piece("Veil Nebula", "aurora", 6, "A fourth in blue and lilac light.", {"ratio": (3, 4)}),
        Piece("Octave", "plum", 27, "The simplest chord, folded like silk.", {"ratio": (1, 2)}),
        Piece("Sixth in Gold", "night", 8, "Five against three, in copper and blue.", {"ratio": (3, 5)}),
    ),
)

PLANETS = Series(
    code="ORBI",
    category=(ORBITS, ("Systems", "systems")),
    blurb="Stars that do not exist, with everybody in orbit.",
    draw=orbits.orbits,
    shows="planets on fine circular paths around a large star",
    about="""\
<p>Every sheet is a solar system that was never discovered. The star stands off the middle, because that is where the
eye likes it. Paths are laid around it at growing distances, plain, dotted, broken or double, and each gets a planet or
two.</p>
<p>All planets are <em>lit from their own star</em>: the program works out which side looks away and darkens it. Large
ones may keep a moon or a ring.</p>""",
    price=29,
    pieces=(
        Piece("System 0005", "night", 5, "A yellow star and its companions, at night."),
        Piece("System 0006", "dune", 6, "A warm, dusty system on sand-coloured paper."),
        Piece("System 0007", "lagoon", 7, "An orange star in deep green space.", {"low": False}),
        Piece("System 0008", "blush", 8, "Small worlds in a pink dawn."),
    ),
)

SUNFLOWERS = Series(
    code="SUNF",
    category=(ORBITS, ("Sunflowers", "sunflowers")),
    blurb="Seeds turned by the golden angle; the spirals are in your eye.",
    draw=orbits.sunflower,
    shows="hundreds of round seeds arranged in crossing spirals like a sunflower",
    about="""\
<p>A sunflower places each seed 137.5 degrees further round than the last and pushes the older ones outwards. It is the
angle that fills a disc most evenly, and it cannot be written as a fraction.</p>
<p>The rule knows nothing of spirals. <strong>They are made by your eye</strong>, which joins neighbours, and if you
count them you will find 21, 34 or 55: numbers of Fibonacci, each the sum of the two before.</p>""",
    price=29,
    scale=2,
    pieces=(
        Piece("Helianthus", "citrus", 5, "Full summer, seen from a bee's height."),
        Piece("Ember Seeds", "ember", 6, "Seven hundred glowing seeds on charcoal.", {"seeds": 700}),
        Piece("Winter Bloom", "fjord", 7, "Opens from a dense blue heart.", {"bloom": "in"}),
    ),
)

SERIES = (HARMONOGRAPH, PLANETS, SUNFLOWERS)
