"""From a drawing to what a shop shows: the print on its paper, the print framed on a wall, and a piece of it from close by."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from catalog.demo.canvas import HEIGHT, WIDTH, Canvas, vertical
from catalog.demo.palettes import Colour, Palette, mix, parse

SHEET = (1200, 1500)
SCENE = (960, 1200)
MARGIN = 100

FRAMES = {"oak": parse("C49A6C"), "black": parse("1E1D1C"), "white": parse("F7F5F1")}
WALLS = ("E9E4DA", "DDE3E1", "E6DAD0", "D5DAD3", "E3DDE3", "C9D1D6", "DCCDBF", "B9C4BE")
FLOORS = ("B98E63", "8C6A4B", "C9B79F", "6E5743")


def sheet(canvas: Canvas, palette: Palette, caption: str, seed: int) -> Image.Image:
    """The print: the drawing within the margin of its paper, title and seed below it in pencil grey."""
    paper = Image.new("RGB", SHEET, palette.paper)
    paper.paste(canvas.image.reduce(canvas.scale), (MARGIN, MARGIN))
    pen = ImageDraw.Draw(paper)
    font = ImageFont.load_default(20)
    grey = mix(palette.paper, palette.ink, 0.55)
    below = MARGIN + HEIGHT + 34
    pen.text((MARGIN, below), caption, fill=grey, font=font, anchor="lm")
    pen.text((MARGIN + WIDTH, below), f"{seed:05d}", fill=grey, font=font, anchor="rm")
    return paper


def detail(canvas: Canvas, rng: Random) -> Image.Image:
    """A piece of the drawing, larger than it is."""
    zoom = canvas.scale / 2
    across, down = round(SCENE[0] * zoom), round(SCENE[1] * zoom)
    left = rng.randrange(canvas.image.width // 8, canvas.image.width * 7 // 8 - across)
    top = rng.randrange(canvas.image.height // 8, canvas.image.height * 7 // 8 - down)
    piece = canvas.image.crop((left, top, left + across, top + down))
    return piece.resize(SCENE, Image.Resampling.BICUBIC)


def framed(print_: Image.Image, palette: Palette, rng: Random, *, frame: str = "oak") -> Image.Image:
    """The print behind glass in a room with something below it."""
    room = _room(rng)
    furniture = rng.choice((_sideboard, _bench, _plant, _sideboard))
    _furnish(room, furniture, rng, palette)
    width, top = (530, 215) if furniture is _plant else (470, 150)
    _hang(room, print_, width=width, left=(SCENE[0] - width) // 2, top=top, frame=FRAMES[frame])
    return room


def _room(rng: Random) -> Image.Image:
    """A wall with light from a window, a skirting board and a floor."""
    wall, floor = parse(rng.choice(WALLS)), parse(rng.choice(FLOORS))
    room = vertical([mix(wall, (255, 255, 255), 0.25), wall, mix(wall, (0, 0, 0), 0.1)], SCENE)
    room.paste((255, 250, 238), mask=_window_light(rng))
    edge = round(SCENE[1] * 0.9)
    room.paste(mix(wall, (255, 255, 255), 0.55), (0, edge - 33, SCENE[0], edge))
    room.paste(mix(wall, (0, 0, 0), 0.18), (0, edge - 34, SCENE[0], edge - 33))
    room.paste(vertical([mix(floor, (0, 0, 0), 0.25), floor], (SCENE[0], SCENE[1] - edge)), (0, edge))
    return room


def _window_light(rng: Random) -> Image.Image:
    """Four slanted panes of sunlight, soft at the edges."""
    small = Image.new("L", (SCENE[0] // 4, SCENE[1] // 4), 0)
    pen = ImageDraw.Draw(small)
    left = rng.uniform(-0.15, 0.45) * small.width
    for column in range(2):
        for row in range(2):
            x, y = left + column * 64, 12 + row * 96 + column * 26
            pen.polygon((x, y, x + 56, y + 23, x + 56, y + 110, x, y + 87), fill=74)
    return small.filter(ImageFilter.GaussianBlur(3)).resize(SCENE, Image.Resampling.BILINEAR)


def _furnish(room: Image.Image, furniture: Callable[..., None], rng: Random, palette: Palette) -> None:
    """Furniture is drawn at twice the size and reduced, which smooths it; only the lower part of the room has any."""
    top = SCENE[1] * 2 // 5
    lower = room.crop((0, top, *SCENE))
    large = Image.new("RGB", (SCENE[0] * 2, SCENE[1] * 2))
    large.paste(lower.resize((lower.width * 2, lower.height * 2), Image.Resampling.NEAREST), (0, top * 2))
    furniture(ImageDraw.Draw(large), rng, palette)
    room.paste(large.crop((0, top * 2, *large.size)).reduce(2), (0, top))


def _hang(room: Image.Image, print_: Image.Image, *, width: int, left: int, top: int, frame: Colour) -> None:
    border, mount = 13, 26
    height = round((width - 2 * (border + mount)) * print_.height / print_.width) + 2 * (border + mount)
    shadow = Image.new("L", (room.width // 4, room.height // 4), 0)
    edges = (left + 10, top + 18, left + width + 12, top + height + 22)
    ImageDraw.Draw(shadow).rectangle([edge // 4 for edge in edges], fill=120)
    shadow = shadow.filter(ImageFilter.GaussianBlur(3.5)).resize(room.size, Image.Resampling.BILINEAR)
    room.paste((28, 24, 22), mask=shadow)
    pen = ImageDraw.Draw(room)
    pen.rectangle((left, top, left + width - 1, top + height - 1), fill=frame)
    pen.rectangle((left, top, left + width - 1, top + height - 1), outline=mix(frame, (0, 0, 0), 0.25))
    pen.line((left + 1, top + 1, left + width - 2, top + 1), fill=mix(frame, (255, 255, 255), 0.4))
    inner = (left + border, top + border, left + width - border - 1, top + height - border - 1)
    pen.rectangle(inner, fill=(250, 248, 244), outline=mix(frame, (0, 0, 0), 0.45))
    pen.line((inner[0] + 1, inner[1] + 1, inner[2] - 1, inner[1] + 1), fill=(205, 200, 192), width=3)
    size = width - 2 * (border + mount), height - 2 * (border + mount)
    place = left + border + mount, top + border + mount
    room.paste(print_.resize(size, Image.Resampling.BICUBIC, reducing_gap=2), place)
    pen.rectangle((place[0] - 1, place[1] - 1, place[0] + size[0], place[1] + size[1]), outline=(216, 211, 203))


def _sideboard(pen: ImageDraw.ImageDraw, rng: Random, palette: Palette) -> None:
    """A low cupboard on thin legs, with a vase and some books."""
    wood = parse(rng.choice(("A9825A", "7A5A40", "D8C6AA", "EDE8DF")))
    dark = mix(wood, (0, 0, 0), 0.3)
    left, right, top, bottom = 250, 1670, 1790, 2110
    for x in (330, 1550):
        pen.polygon((x, bottom, x + 40, bottom, x + 28, 2240, x + 12, 2240), fill=dark)
    pen.rounded_rectangle((left, top, right, bottom), 14, fill=wood)
    pen.rectangle((left, top, right, top + 22), fill=mix(wood, (255, 255, 255), 0.18))
    for door in range(1, 4):
        x = left + (right - left) * door // 4
        pen.line((x, top + 30, x, bottom - 6), fill=dark, width=4)
        pen.ellipse((x - 38, 1930, x - 22, 1946), fill=dark)
    _vase(pen, rng, palette, x=rng.choice((450, 1430)), base=top)
    _books(pen, rng, palette, left=820 + rng.randrange(160), base=top)


def _vase(pen: ImageDraw.ImageDraw, rng: Random, palette: Palette, *, x: int, base: int) -> None:
    """A round vase with a few twigs and leaves."""
    colour = rng.choice(palette.colours)
    leaf = parse(rng.choice(("5F7355", "7C8B64", "8A6F4E")))
    for _twig in range(7):
        tip = x + rng.randrange(-190, 190), base - rng.randrange(330, 560)
        pen.line((x, base - 150, *tip), fill=mix(leaf, (0, 0, 0), 0.3), width=5)
        for share in (0.45, 0.6, 0.75, 0.9, 1.0):
            lx, ly = x + (tip[0] - x) * share, base - 150 + (tip[1] - base + 150) * share
            size = rng.randrange(13, 27)
            pen.ellipse(
                (lx - size, ly - size * 0.62, lx + size, ly + size * 0.62), fill=mix(leaf, (255, 255, 255), rng.random() / 4)
            )
    pen.ellipse((x - 78, base - 160, x + 78, base), fill=colour)
    pen.rectangle((x - 32, base - 200, x + 32, base - 130), fill=colour)
    pen.ellipse((x - 40, base - 212, x + 40, base - 190), fill=mix(colour, (0, 0, 0), 0.3))


def _books(pen: ImageDraw.ImageDraw, rng: Random, palette: Palette, *, left: int, base: int) -> None:
    for _book in range(3):
        thick, length = rng.randrange(26, 46), rng.randrange(230, 330)
        colour = mix(rng.choice(palette.colours), (240, 235, 226), 0.35)
        pen.rectangle((left, base - thick, left + length, base), fill=colour)
        pen.rectangle((left, base - thick, left + 16, base), fill=mix(colour, (0, 0, 0), 0.2))
        base -= thick
        left += rng.randrange(-12, 22)


def _bench(pen: ImageDraw.ImageDraw, rng: Random, palette: Palette) -> None:
    """A bench with two cushions."""
    wood = parse(rng.choice(("A9825A", "5B4636", "2F2B29")))
    for x in (340, 1540):
        pen.rectangle((x, 2000, x + 40, 2260), fill=mix(wood, (0, 0, 0), 0.25))
    pen.rounded_rectangle((240, 1960, 1680, 2020), 16, fill=wood)
    for number, x in enumerate((300, 660) if rng.random() < 0.5 else (960, 1310)):
        colour = mix(palette.colours[number], (245, 240, 232), 0.25)
        pen.rounded_rectangle((x, 1690, x + 310, 1968), 70, fill=colour)
        pen.rounded_rectangle((x + 22, 1712, x + 288, 1946), 56, outline=mix(colour, (0, 0, 0), 0.12), width=4)


def _plant(pen: ImageDraw.ImageDraw, rng: Random, palette: Palette) -> None:
    """A large plant in a pot beside the picture."""
    x, base = rng.choice((230, 1690)), 2250
    leaf = parse(rng.choice(("3F5B45", "5E7A57", "4B6A5E")))
    for stem in range(9):
        lean = (stem - 4) * 62 + rng.randrange(-25, 25)
        tip = x + lean, base - 1000 + abs(stem - 4) * 115 + rng.randrange(-60, 60)
        pen.line((x, base - 250, *tip), fill=mix(leaf, (0, 0, 0), 0.25), width=9)
        for share in (0.5, 0.66, 0.82, 1.0):
            lx, ly = x + lean * share, base - 250 + (tip[1] - base + 250) * share
            size = 84 - 34 * share
            side = 1 if lean > 0 else -1
            tone = mix(leaf, (255, 255, 255), rng.random() * 0.22)
            pen.ellipse((lx - size, ly - size * 0.5, lx + size, ly + size * 0.42), fill=tone)
            pen.line((lx - size * side * 0.8, ly, lx + size * side * 0.8, ly - 6), fill=mix(tone, (0, 0, 0), 0.15), width=3)
    pot = mix(palette.colours[0], (230, 222, 210), 0.45)
    pen.polygon((x - 150, base - 270, x + 150, base - 270, x + 112, base, x - 112, base), fill=pot)
    pen.rectangle((x - 164, base - 310, x + 164, base - 255), fill=mix(pot, (255, 255, 255), 0.15))


def screens(print_: Image.Image, palette: Palette, rng: Random) -> Image.Image:
    """The drawing as a wallpaper on a laptop and a telephone."""
    size = SCENE[0] * 2, SCENE[1] * 2
    ground = mix(palette.colours[1], (236, 232, 226), 0.72)
    desk = vertical([mix(ground, (255, 255, 255), 0.3), mix(ground, (0, 0, 0), 0.08)], size)
    pen = ImageDraw.Draw(desk)
    pen.ellipse((180, 1640, 1740, 1800), fill=mix(ground, (0, 0, 0), 0.14))
    pen.rounded_rectangle((280, 560, 1640, 1500), 46, fill=parse("24262A"))
    art = print_.crop((MARGIN, MARGIN, MARGIN + WIDTH, MARGIN + HEIGHT))
    desk.paste(art.resize((1290, 1626), Image.Resampling.BICUBIC).crop((0, 400, 1290, 1210)), (315, 600))
    pen.polygon((200, 1500, 1720, 1500, 1810, 1660, 110, 1660), fill=parse("C8CACD"))
    pen.rectangle((110, 1660, 1810, 1684), fill=parse("9FA2A6"))
    pen.polygon((780, 1590, 1140, 1590, 1160, 1644, 760, 1644), fill=parse("B7B9BD"))
    pen.rounded_rectangle((1330, 1100, 1716, 1880), 62, fill=parse("17181B"))
    phone = art.resize((620, 781), Image.Resampling.BICUBIC).crop((130, 20, 130 + 354, 20 + 748))
    stencil = Image.new("L", phone.size, 0)
    ImageDraw.Draw(stencil).rounded_rectangle((0, 0, phone.width - 1, phone.height - 1), 48, fill=255)
    desk.paste(phone, (1346, 1116), stencil)
    pen.rounded_rectangle((1470, 1134, 1576, 1162), 14, fill=parse("17181B"))
    return desk.reduce(2)


def sheets(print_: Image.Image, palette: Palette, rng: Random) -> Image.Image:
    """Three printed sheets on a table, the last one on top."""
    table = vertical([mix(palette.colours[0], (240, 236, 228), 0.62), mix(palette.colours[0], (214, 208, 198), 0.62)], SCENE)
    small = print_.resize((560, 700), Image.Resampling.BICUBIC, reducing_gap=2)
    for angle, x, y in ((8, 190, 270), (-7, 120, 190), (2, 185, 225)):
        turned = small.convert("RGBA").rotate(angle + rng.uniform(-1, 1), Image.Resampling.BICUBIC, expand=True)
        stencil = turned.getchannel("A")
        shadow = Image.new("L", SCENE, 0)
        shadow.paste(stencil.point(lambda value: value * 2 // 5), (x + 9, y + 14))
        table.paste((20, 18, 18), mask=shadow.filter(ImageFilter.GaussianBlur(11)))
        table.paste(turned, (x, y), turned)
    return table
