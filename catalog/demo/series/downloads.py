from __future__ import annotations

from catalog.demo.art import fields, growth, orbits, terrain, tilings
from catalog.demo.series.parts import Piece, Series

DOWNLOADS = ("Downloads", "downloads")
WALLPAPERS = (DOWNLOADS, ("Wallpaper packs", "wallpaper-packs"))
FILES = (DOWNLOADS, ("Printable files", "printable-files"))

WALLPAPER = """\
<p>Nine pictures from one series for every screen you own: desktop and laptop up to 5120 × 2880, tablet, and phone. All
are drawn at exactly that size, none is scaled up.</p>
<ul><li>9 motifs, 3 formats each, as PNG</li>
<li>For your own screens, as many as you have</li></ul>"""
FILE = """\
<p>The sheet as a file for your own printer or a print shop near you. Vector shapes, so that it is sharp at any size
from a postcard to a wall.</p>
<ul><li>PDF with crop marks, and SVG</li>
<li>Personal licence: for your own walls and as gifts</li>
<li>Studio licence: for one public space, such as an office, a practice or a café</li></ul>"""


def _pack(code: str, draw, shows: str, piece: Piece, *, scale: int = 3) -> Series:
    return Series(code, WALLPAPERS, draw, shows, WALLPAPER, (piece,), "For every screen you own.", 9, "none", scale)


def _file(code: str, draw, shows: str, piece: Piece, *, scale: int = 3) -> Series:
    return Series(code, FILES, draw, shows, FILE, (piece,), "Print them yourself, at any size.", 12, "licence", scale)


SERIES = (
    _pack("WCUR", fields.currents, "fine glowing lines on a laptop and a telephone",
          Piece("Currents Wallpapers", "aurora", 61, "Nine quiet streams of light for your screens.", kind="wallpaper")),
    _pack("WRID", terrain.ridges, "mountains in haze on a laptop and a telephone",
          Piece("Ridges Wallpapers", "plum", 62, "Nine mountain ranges, morning to midnight.", kind="wallpaper"), scale=2),
    _pack("WTUR", growth.turing, "winding stripes on a laptop and a telephone",
          Piece("Turing Wallpapers", "lagoon", 63, "Nine coats of animals that do not exist.", kind="wallpaper"), scale=2),
    _pack("WORB", orbits.orbits, "planets on their paths on a laptop and a telephone",
          Piece("Systems Wallpapers", "night", 64, "Nine solar systems for people who work late.", kind="wallpaper", was=40)),
    _file("FTRU", tilings.truchet, "winding striped roads on printed sheets",
          Piece("Citrus Roads, Printable", "citrus", 71, "Truchet's roads in orange and leaf green.",
                {"across": 6, "stripes": 4}, kind="file")),
    _file("FPEN", tilings.penrose, "a Penrose tiling on printed sheets",
          Piece("Fjord Tiling, Printable", "fjord", 72, "Two rhombs in cold blue, as large as you dare.", kind="file")),
    _file("FPAC", growth.packing, "packed circles on printed sheets",
          Piece("Orchard Circles, Printable", "orchard", 73, "A bowl of fruit, if you like.", kind="file")),
    _file("FFLO", fields.flow, "flowing ribbons on printed sheets",
          Piece("Mossy Wind, Printable", "moss", 74, "Flow-field ribbons in forest greens.", kind="file")),
)  # fmt: skip
