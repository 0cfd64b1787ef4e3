from __future__ import annotations

from catalog.demo.art import terrain
from catalog.demo.series.parts import Piece, Series

TERRAIN = ("Terrain", "terrain")

CONTOURS = Series(
    code="CONT",
    category=(TERRAIN, ("Contours", "contours")),
    blurb="Landscapes cut from sheets of coloured paper, level by level.",
    draw=terrain.contours,
    shows="a landscape built from layers of coloured paper with soft shadows between them",
    about="""\
<p>The land is made of noise, the gentle kind: large hills first, then smaller ones on top, then smaller ones still,
each layer half as high as the last. Film makers build mountains in the same way.</p>
<p>Then the land is sliced. Each slice is a sheet of paper of its own colour, cut along one height, and throws a soft
shadow on the sheet below. <strong>Follow an edge with your finger</strong> and you never go up or down.</p>""",
    scale=2,
    price=36,
    pieces=(
        Piece("Archipelago", "lagoon", 2, "Islands of coral and cream in a green sea.", {"cells": 2.4}),
        Piece("Caldera", "dune", 31, "A basin of sand with a dark lake at the bottom."),
        Piece("Heather Slopes", "plum", 14, "Terraces of violet and rose above a dark valley.", {"cells": 1.6, "levels": 11}),
        Piece("Deep Survey", "indigo", 4, "The sea floor, as a ship would hear it.", {"cells": 1.2, "levels": 12}, was=15),
    ),
)

RIDGES = Series(
    code="RIDG",
    category=(TERRAIN, ("Ridges", "ridges")),
    blurb="Mountain behind mountain, each a little further into the haze.",
    draw=terrain.ridges,
    shows="rows of mountains fading into haze below a large sun",
    about="""\
<p>A crest is a sum of waves. The first is as long as the sheet and gives the mountain; each following one is about half
as long and half as high and adds shoulders, gullies, at last mere stones. Eight crests, one behind the other, make a
range.</p>
<p>Distance is nothing but colour: the farther a ridge, the more of the sky is mixed into it. Painters have known this
<em>aerial perspective</em> for five hundred years, and it takes one line of code.</p>""",
    scale=2,
    finish="paper",
    price=27,
    pieces=(
        Piece("Lavender Pass", "plum", 5, "Violet ridges under a pale apricot sun."),
        Piece("Moonrise over Pines", "night", 6, "A yellow moon climbs out of green hills."),
        Piece("Copper Range", "glacier", 7, "Burning slopes below a cold sky."),
        Piece("Red Planet", "ember", 8, "Nobody has been there yet.", sold_out=True),
    ),
)

STRATA = Series(
    code="STRA",
    category=(TERRAIN, ("Strata", "strata")),
    blurb="Layers of rock, laid down one on another and folded together.",
    draw=terrain.strata,
    shows="folded layers of rock in flat colours, some smooth, some sandy, some full of pebbles",
    about="""\
<p>This is the series that gave the shop its name. Layer after layer settles on the sheet, thick or thin, smooth, sandy
or full of pebbles. Then the whole pile is folded: every layer bends with all the others, as rock does under a growing
mountain.</p>
<p>The grain of each layer is drawn dot by dot, denser at the bottom where heavy grains come to rest. Geologists have
told us which of our prints could <em>not</em> exist. We still sell them.</p>""",
    price=34,
    scale=2,
    pieces=(
        Piece("Road Cut", "dune", 9, "What you see when a motorway is cut through a hill."),
        Piece("Sediment No. 4", "fjord", 10, "Cold clay, ice and a vein of ochre."),
        Piece("Clay Pit", "clay", 11, "Brick and olive, the colours of a working quarry.", {"fold": 90}),
        Piece("Reef Section", "lagoon", 12, "A coral reef, sliced and polished.", {"bands": 20, "fold": 190}),
    ),
)

SERIES = (CONTOURS, RIDGES, STRATA)
