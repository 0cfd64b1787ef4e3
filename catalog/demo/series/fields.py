from __future__ import annotations

from catalog.demo.art import fields
from catalog.demo.series.parts import Piece, Series

FIELDS = ("Fields", "fields")

FLOW = Series(
    code="FLOW",
    category=(FIELDS, ("Flow fields", "flow-fields")),
    blurb="Ribbons that follow an invisible wind and never touch.",
    draw=fields.flow,
    shows="broad and narrow ribbons that bend side by side without ever touching",
    about="""\
<p>Imagine a wind that blows over the sheet, a little differently at every point. The program first invents that wind: a
few random numbers far apart, smoothed until they change gently from place to place. Then it lets ribbons go and each
follows the wind until it would touch another one.</p>
<p>The wide ribbons go first and take the best places. Four rounds follow, each with narrower ribbons, until only
slivers are left. Nothing is corrected by hand: <strong>order comes from one rule, “do not touch”</strong>, and
everything else is chance.</p>""",
    price=34,
    scale=2,
    pieces=(
        Piece("Leeward", "dune", 101, "Warm ribbons turning in the lee of an invisible hill."),
        Piece("Night Ferry", "night", 2, "Harbour lights, drawn out by the wake.", {"turns": 0.7}),
        Piece("Murmuration", "indigo", 313, "A flock of blue strokes with orange leaders.", {"turns": 1.6, "bold": 0.7}),
        Piece("Soft Weather", "blush", 4, "Wide, slow air in peach and sage.", {"cells": 1.3}, was=20),
    ),
)

CURRENTS = Series(
    code="CURR",
    category=(FIELDS, ("Currents", "currents")),
    blurb="Thousands of hair lines, carried along and gathered into streams.",
    draw=fields.currents,
    shows="thousands of hair-thin lines that run together into bright streams",
    about="""\
<p>Two thousand six hundred threads are dropped on a moving surface. Each is carried along for seventy small steps and
leaves a line as thin as a hair. Where the surface draws together, the threads gather and begin to shine; where it
parts, the paper shows through.</p>
<p>The colour of a thread is decided by where it fell in, not by where it went. That is why streams blend: neighbours on
the sheet may have come from <em>very different places</em>.</p>""",
    price=32,
    pieces=(
        Piece("Delta at Dusk", "night", 5, "Golden arms of a river, seen from far above."),
        Piece("Polar Stream", "aurora", 6, "Cold light in slow motion.", {"turns": 1.3}),
        Piece("Fjord Water", "fjord", 7, "Quiet blue lines around an open middle."),
        Piece("Lava Line", "ember", 8, "A red-hot seam through the dark.", {"cells": 3.0}),
    ),
)

MOIRE = Series(
    code="MOIR",
    category=(FIELDS, ("Moiré", "moire")),
    blurb="Two simple gratings, and between them patterns that nobody drew.",
    draw=fields.moire,
    shows="two fine gratings that make waves where they cross",
    about="""\
<p>Lay one comb on another and turn it a little: broad bands appear that belong to neither. The same happens here with
two gratings, each printed in one ink. Every line of them is plain; <strong>the picture is made by the
difference</strong>.</p>
<p>The effect is physical. Walk past the print and the bands run; step back and they melt into soft waves. Engineers use
it to measure movements smaller than a hair.</p>""",
    finish="paper",
    price=28,
    pieces=(
        Piece("Two Stones", "riso", 9, "Two sets of rings, as if two stones had been dropped."),
        Piece("Interference", "aurora", 10, "Fine blue rays that seem to turn when you walk by.", {"pitch": 11}),
        Piece("Silk", "glacier", 11, "Upright lines, pushed aside, shimmer like cloth.", {"kind": "waves", "apart": 60}),
        Piece("Heat Haze", "ember", 12, "The air over a road in August.", {"kind": "waves", "apart": 110}, was=25),
    ),
)

SERIES = (FLOW, CURRENTS, MOIRE)
