from __future__ import annotations

from catalog.demo.art import grids, growth
from catalog.demo.series.parts import Piece, Series

GRIDS = ("Grids", "grids")

MODULES = Series(
    code="MODU",
    category=(GRIDS, ("Building blocks", "building-blocks")),
    blurb="Eight wooden blocks, seven colours, and a child's patience.",
    draw=grids.modules,
    shows="a grid of quarter circles, leaves, stripes and dots in flat colours",
    about="""\
<p>There are eight blocks: quarter circle, rainbow, two half discs, leaf, stripes, eye, triangle and dots. For each
square the program takes one out of the box, picks two colours that differ, and turns it.</p>
<p>That is all. The rest is done by neighbours: curves run on across the joints, leaves meet tip to tip, and every now
and then <strong>a figure stands there that you would swear was meant</strong>.</p>""",
    price=32,
    scale=2,
    pieces=(
        Piece("Kindergarten", "riso", 1, "Primary colours, seriously played."),
        Piece("Arcade", "night", 2, "Large blocks after closing time.", {"across": 5}),
        Piece("Tile Works", "clay", 3, "Eighty small tiles, fired in earth tones.", {"across": 8}),
        Piece("Red Line", "mono", 4, "Black, grey, and one red that keeps it awake.", {"across": 4}),
    ),
)

ONE_LINE = Series(
    code="LINE",
    category=(GRIDS, ("One line", "one-line")),
    blurb="A single line that visits every place once.",
    draw=grids.one_line,
    shows="one continuous line that fills the sheet in right-angled turns, changing colour on its way",
    about="""\
<p>David Hilbert described a line so crooked that it fills a square. It is built from itself: four small copies, turned
and joined, make a larger one, and so on without end. Ours is stretched a little to fill the sheet.</p>
<p>The line has a beginning and an end, never crosses itself and leaves nothing out. <strong>Colour tells how far along
you are</strong>, so places that look alike were close in time. Databases use the same trick to find things on maps.</p>""",
    finish="paper",
    price=26,
    scale=2,
    pieces=(
        Piece("Long Way Home", "aurora", 1, "A thousand places, visited from mint to lilac."),
        Piece("Garden Hose", "dune", 2, "A thick, good-natured line.", {"order": 4}),
        Piece("Circuit", "glacier", 3, "Four thousand places, one thread.", {"order": 6, "weight": 0.42}),
        Piece("Radiator", "plum", 4, "Heavy, warm and slow.", {"order": 3, "weight": 0.7}),
    ),
)

OVERPRINT = Series(
    code="OVER",
    category=(GRIDS, ("Overprints", "overprints")),
    blurb="Huge letters in clear inks; the overlaps are colours of their own.",
    draw=grids.overprint,
    shows="three huge letters printed over each other in transparent inks, one of them in dots",
    about="""\
<p>Letters are shapes first. Three of them are set as large as the sheet allows and printed one over the other in clear
inks, so that where two meet a third colour appears, and where three meet, a dark one.</p>
<p>The middle letter is screened: it consists of dots that grow from top to bottom until they join, as in an old
newspaper. The program chooses the place within narrow limits, as a printer would: <em>not quite in register</em>.</p>""",
    price=29,
    pieces=(
        Piece("RST", "riso", 1, "Coral, blue and yellow, as fresh from the drum."),
        Piece("Go & See", "fjord", 12, "An ampersand with good company.", {"letters": "GO&"}),
        Piece("Nine Two Five", "night", 3, "Figures for those who rise early.", {"letters": "925"}),
    ),
)

BLOCKS = Series(
    code="CITY",
    category=(GRIDS, ("Cities", "cities")),
    blurb="One number per tower, three tones, and the eye builds a city.",
    draw=growth.blocks,
    shows="hundreds of towers seen from above, higher and lower like hills",
    about="""\
<p>A city without streets: one tower on every field of the grid, its height taken from a gentle landscape of chance with
a little disorder on top. Each tower is three flat shapes, light above, darker left, darkest right.</p>
<p>There is no perspective in it. <strong>Near and far are drawn at the same size</strong>, as in Japanese prints and
early video games, and the eye builds the depth by itself.</p>""",
    price=34,
    scale=2,
    pieces=(
        Piece("Sandstone Quarter", "dune", 1, "Old houses on the slopes above a dark harbour."),
        Piece("Violet Hour", "plum", 2, "The last light is on the roofs."),
        Piece("New Town", "night", 3, "Large blocks in loud colours.", {"side": 70, "tall": 330}),
        Piece(
            "Basalt Coast",
            "glacier",
            4,
            "Columns, thousands of them, and a burning seam.",
            {"side": 30, "tall": 300, "cells": 1.2},
        ),
    ),
)

SERIES = (MODULES, ONE_LINE, OVERPRINT, BLOCKS)
