from __future__ import annotations

from catalog.demo.art import tilings
from catalog.demo.series.parts import Piece, Series

TILINGS = ("Tilings", "tilings")

TRUCHET = Series(
    code="TRUC",
    category=(TILINGS, ("Truchet roads", "truchet")),
    blurb="One tile, turned by chance, and roads that nobody planned.",
    draw=tilings.truchet,
    shows="striped quarter circles that join into winding roads and loops",
    about="""\
<p>In 1704 Sébastien Truchet saw a heap of square tiles, each split in two colours, and counted the patterns they make
when they are only turned. Our tile carries two quarter circles. A coin is tossed for each: this way, or a quarter
turn.</p>
<p>Because the stripes meet every edge at the same places, <strong>whatever the coin says, everything joins</strong>.
Loops close, roads wander off the sheet, and the eye looks for a plan that does not exist.</p>""",
    price=29,
    finish="paper",
    scale=2,
    pieces=(
        Piece("Ring Road", "riso", 1, "Coral, blue and yellow lanes without a single dead end."),
        Piece("Supergraphic", "night", 2, "Five tiles wide, loud, and from 1972 at heart.", {"across": 5}),
        Piece("Kelim", "clay", 3, "A fine weave in brick and clay.", {"stripes": 2, "across": 11}),
    ),
)

GLASS = Series(
    code="GLAS",
    category=(TILINGS, ("Stained glass", "stained-glass")),
    blurb="Every pane is all that lies nearest to its own seed.",
    draw=tilings.glass,
    shows="irregular panes of coloured glass held by dark lead",
    about="""\
<p>Scatter seeds over the sheet and give each all the land that is nearer to it than to any other. The borders are
straight, every corner is shared by three, and the result is found on giraffes, in dried mud and in soap: a <em>Voronoi
diagram</em>.</p>
<p>Left to chance the panes would be uneven. So each seed moves to the middle of its pane and the borders are drawn
anew, twice. Light falls through from behind: neighbouring panes share a mood, but no two have the same tone.</p>""",
    price=36,
    scale=2,
    pieces=(
        Piece("Orchard Window", "orchard", 1, "Ripe reds, amber and leaf green."),
        Piece("North Rose", "aurora", 2, "Three hundred and twenty small panes of evening sky.", {"panes": 320, "lead": 4}),
        Piece("Ice Break", "glacier", 3, "Small floes above, large ones below.", {"drift": 0.8, "panes": 260}),
        Piece("Chapel in July", "citrus", 24, "Sun through lemon and orange leaves.", {"panes": 130, "lead": 6}, was=20),
    ),
)

PENROSE = Series(
    code="PENR",
    category=(TILINGS, ("Penrose", "penrose")),
    blurb="Two rhombs that fill the plane and never repeat.",
    draw=tilings.penrose,
    shows="a tiling of thick and thin rhombs with fivefold stars that never repeats",
    about="""\
<p>Two rhombs, one thick and one thin, can cover an endless floor in such a way that the pattern never repeats. Roger
Penrose found them in 1974; eight years later the same order was discovered in metal, and later still earned a Nobel
prize.</p>
<p>The program starts with ten large triangles around one point and cuts each into smaller ones, in the golden ratio,
again and again. Look for the <strong>five-pointed stars</strong>: there are infinitely many, and yet you cannot slide
one onto the next.</p>""",
    price=38,
    scale=2,
    pieces=(
        Piece("Courtyard", "blush", 1, "Peach and navy paving around a quiet fountain."),
        Piece("Five Winds", "lagoon", 2, "Large rhombs in sea colours.", {"depth": 5}),
        Piece("Quasicrystal", "indigo", 3, "The finest cut: more than a thousand pieces.", {"depth": 7}),
        Piece("Kiln Floor", "ember", 4, "Glowing tiles with dark joints."),
    ),
)

SERIES = (TRUCHET, GLASS, PENROSE)
