from __future__ import annotations

from catalog.demo.art import growth
from catalog.demo.series.parts import Piece, Series

GROWTH = ("Growth", "growth")

PACKING = Series(
    code="PACK",
    category=(GROWTH, ("Circle packing", "circle-packing")),
    blurb="Large circles first, smaller ones in the gaps, until nothing fits.",
    draw=growth.packing,
    shows="circles of many sizes packed closely without touching",
    about="""\
<p>Throw a dart. Measure how far it is to the nearest circle, and draw a new one that just fits, never larger than the
limit of the moment. The limit starts at a hand's breadth and shrinks with every throw.</p>
<p>After nine thousand throws hardly any dart finds room, and the sheet looks like foam, frogspawn or pebbles on a
beach: they all follow <strong>the same economy of space</strong>.</p>""",
    price=31,
    scale=2,
    pieces=(
        Piece("Agate", "dune", 1, "Polished rings in terracotta and sand."),
        Piece("Carnival", "night", 2, "Lanterns, targets and wheels on midnight blue."),
        Piece("Half Moons", "blush", 3, "Each circle is half lit, all from one side.", {"style": "moons"}),
        Piece("Shingle", "fjord", 4, "Plain round stones, as the tide sorted them.", {"style": "plain", "largest": 70}),
    ),
)

TURING = Series(
    code="TURI",
    category=(GROWTH, ("Turing patterns", "turing-patterns")),
    blurb="How the leopard got its spots, in thirteen rounds.",
    draw=growth.turing,
    shows="winding stripes like those of a zebra fish or a brain coral",
    about="""\
<p>In 1952 Alan Turing asked how a leopard gets its spots, and answered with two substances: one makes more of itself
and spreads slowly, the other hinders it and spreads fast. From even grey, a pattern grows.</p>
<p>Our sheets start as pure noise. Thirteen times, every point looks around: much of its own kind near by lets it live,
much of it a little further off makes it vanish. <strong>Stripes settle that nobody drew.</strong></p>""",
    scale=2,
    finish="paper",
    price=28,
    pieces=(
        Piece("Brain Coral", "fjord", 1, "Labyrinths in three depths of blue."),
        Piece("Tiger Night", "ember", 2, "Fire-coloured stripes in the dark.", {"bias": 1}),
        Piece("Bark", "moss", 3, "Stretched upwards, like the skin of a birch.", {"stretch": 2.2}),
        Piece("Surgeonfish", "plum", 4, "Wide violet curls on apricot.", {"spot": 8.0}, sold_out=True),
    ),
)

AUTOMATA = Series(
    code="AUTO",
    category=(GROWTH, ("Cellular automata", "cellular-automata")),
    blurb="One row, one rule, and a cloth weaves itself.",
    draw=growth.automaton,
    shows="a woven-looking pattern of small squares with triangles that appear and vanish",
    about="""\
<p>The top row is given. Each cell of the next row looks at the three above it; eight cases are possible, and a rule is
no more than eight answers. There are 256 such rules. Most are dull, some are beautiful, and Rule 110 can compute
anything a computer can.</p>
<p>Colour shows <em>which case</em> gave birth to a cell. It is woven from the top to the bottom in one go, and we have
never found out what comes next except by weaving on.</p>""",
    scale=2,
    price=27,
    pieces=(
        Piece("Rule 30", "indigo", 1, "From one single cell: order on the left, chaos on the right."),
        Piece("Rule 150", "ember", 2, "Additive and regal, like a brocade.", {"rule": 150}),
        Piece("Rule 110", "orchard", 7, "A cloth with gliders that meet and pass.", {"rule": 110, "start": "many"}),
        Piece("Rule 90", "riso", 4, "Sierpiński's triangle, in large stitches.", {"rule": 90, "cell": 10}, was=30),
    ),
)

SERIES = (PACKING, TURING, AUTOMATA)
