"""From bytes to the lines of one product after another. Knows CSV and encodings, nothing of products.

Reads as it goes: memory does not grow with the file, but for the handles met so far.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO

from django.utils.translation import gettext as _

from catalog.exchange.columns import BY_FOLDED_NAME, unguarded
from catalog.exchange.handles import LONGEST as LONGEST_HANDLE
from catalog.exchange.handles import slug_of

Opener = Callable[[], BinaryIO]

LONGEST_CELL = 100_000  # characters
LONGEST_FIELD = 16 * 1024 * 1024  # what the CSV reader takes before it gives up: an unclosed quote swallows the rest
DELIMITERS = (",", ";", "\t")
MOST_LINES = 500_000
MOST_OF_ONE = 1_000  # lines of one product that are kept; more than it can use


class FileRefused(Exception):
    """The file as a whole cannot be read. The text says where and what to do; nothing was imported."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is refused: the line in the file (as an editor counts), the column ("" for the line), and a sentence."""

    line: int
    column: str
    text: str

    def __str__(self) -> str:
        where = _("line %(line)d, %(column)s") if self.column else _("line %(line)d")
        return f"{where % {'line': self.line, 'column': self.column}}: {self.text}"


@dataclass(slots=True)
class Line:
    """One record of the file: where it begins, and its cells that are known and not empty."""

    number: int
    cells: dict[str, str]


@dataclass(slots=True)
class Block:
    """The lines of one handle, and what is wrong with them already."""

    handle: str
    lines: list[Line] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    cut: bool = False  # it has more lines than are kept

    @property
    def first(self) -> int:
        return self.lines[0].number if self.lines else self.reasons[0].line


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a file: by place, known ones under their usual name, None for those that are ignored."""

    columns: tuple[str | None, ...]
    ignored: tuple[str, ...]
    delimiter: str

    @property
    def known(self) -> frozenset[str]:
        return frozenset(filter(None, self.columns))


def read_header(open_file: Opener) -> Header:
    """Raises FileRefused if the first line is not the header of a product file."""
    with _text(open_file) as text:
        try:
            return _header(text.readline(LONGEST_CELL))
        except UnicodeDecodeError:
            raise _not_text(open_file) from None


def count_lines(open_file: Opener) -> int:
    """Read everything once, to the end, and count the records. Raises FileRefused: then nothing of the file is used."""
    count = 0
    for count, _each in enumerate(_records(open_file, read_header(open_file)), 1):
        if count > MOST_LINES:
            raise FileRefused(_("More than %d lines. Split the file.") % MOST_LINES)
    return count


def read_blocks(open_file: Opener) -> Iterator[Block]:
    """The products of a file in turn. Raises FileRefused, at the first block or later."""
    header = read_header(open_file)
    seen: dict[str, int] = {}
    block: Block | None = None
    for number, cells in _records(open_file, header):
        line, reasons = _line(number, cells, header)
        handle = line.cells.get("Handle", "")
        if not handle and reasons and block is not None:
            handle = block.handle  # too broken to say where it belongs: most likely to the product above
        if block is None or handle != block.handle:
            if block is not None:
                yield block
            block = Block(handle)
            slug = slug_of(handle)
            if handle and slug in seen:
                block.reasons.append(Reason(number, "Handle", _comes_again(handle, seen[slug])))
            elif handle:
                seen[slug] = number
            else:
                block.reasons.append(
                    Reason(number, "Handle", _("This cell is empty: each line needs the handle of its product."))
                )
        _add(block, line, reasons)
    if block is not None:
        yield block


def _add(block: Block, line: Line, reasons: list[Reason]) -> None:
    """Of a product that has more lines than it may, the last ones are not kept."""
    if len(block.lines) < MOST_OF_ONE:
        block.lines.append(line)
        block.reasons += reasons
        return
    if not block.cut:
        block.cut = True
        block.reasons.append(Reason(line.number, "", _("More than %d lines of one product.") % MOST_OF_ONE))
    block.lines[-1] = line  # it tells where the product ends


def _line(number: int, cells: list[str], header: Header) -> tuple[Line, list[Reason]]:
    reasons = []
    if len(cells) != len(header.columns):
        about = {"here": len(cells), "header": len(header.columns)}
        text = _("%(here)d columns, but the first line names %(header)d. Is a quote or a separator missing?") % about
        reasons.append(Reason(number, "", text))
    known = {name: unguarded(cell) for name, cell in zip(header.columns, cells, strict=False) if name and cell}
    for name, text in known.items():
        if len(text) > LONGEST_CELL:
            reasons.append(Reason(number, name, _("Longer than %d characters.") % LONGEST_CELL))
        elif "\0" in text:
            reasons.append(Reason(number, name, _("Holds a NUL character. Delete it.")))
    if "Handle" in known:
        known["Handle"] = known["Handle"].strip()
    if reasons:
        known = {"Handle": known.get("Handle", "")[:LONGEST_HANDLE].replace("\0", "")}
    return Line(number, known), reasons


def _comes_again(handle: str, line: int) -> str:
    about = {"handle": handle, "line": line}
    return _("“%(handle)s” began at line %(line)d already: keep the lines of a product together.") % about


def _records(open_file: Opener, header: Header) -> Iterator[tuple[int, list[str]]]:
    """Each record after the header with the line it begins at; lines without anything are skipped."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_FIELD))
    with _text(open_file) as text:
        reader = csv.reader(text, delimiter=header.delimiter, strict=True)
        began = 1
        try:
            next(reader)
            began = reader.line_num + 1
            for cells in reader:
                if any(cells):
                    yield began, cells
                began = reader.line_num + 1
        except csv.Error as error:
            raise FileRefused(_broken_quotes(began, error)) from error
        except UnicodeDecodeError:
            raise _not_text(open_file) from None


def _broken_quotes(line: int, error: csv.Error) -> str:
    about = {"line": line, "error": error}
    return _("Line %(line)d is no CSV (%(error)s). Look for a quote that is not closed, or not doubled inside.") % about


def _header(line: str) -> Header:
    found: list[tuple[int, str, list[str]]] = []
    for delimiter in DELIMITERS:
        try:
            names = [name.strip() for name in next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, strict=True), [])]
        except csv.Error:
            continue
        known = sum(name.casefold() in BY_FOLDED_NAME for name in names)
        found.append((known, delimiter, names))
    known, delimiter, names = max(found, key=lambda each: each[0], default=(0, ",", []))
    columns = tuple(BY_FOLDED_NAME.get(name.casefold()) for name in names)
    if "Handle" not in columns:
        raise FileRefused(_("Line 1 must name the columns, one of them “Handle”. It does not: is this a product file?"))
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise FileRefused(_("Line 1 names a column twice: %s. Delete one of them.") % ", ".join(twice))
    ignored = tuple(name for name, column in zip(names, columns, strict=True) if name and column is None)
    return Header(columns, ignored, delimiter)


def _text(open_file: Opener) -> io.TextIOWrapper:
    file = open_file()
    start = file.read(4)
    file.close()
    return io.TextIOWrapper(open_file(), encoding=_encoding(start), newline="")


def _encoding(start: bytes) -> str:
    if start in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        raise FileRefused(_("The file is UTF-32. Save it as UTF-8 and try again."))
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def _not_text(open_file: Opener) -> FileRefused:
    """Find the line of the first byte that is not what the encoding allows."""
    line = 1
    with open_file() as file:
        encoding = _encoding(file.read(4))
    with open_file() as file:
        decoder = codecs.getincrementaldecoder(encoding)()
        for chunk in chain(iter(lambda: file.read(65536), b""), [b""]):
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                good = error.object[: error.start]
                line += good.decode(encoding, "ignore").count("\n") if encoding == "utf-16" else good.count(b"\n")
                break
    name = "UTF-16" if encoding == "utf-16" else "UTF-8"
    about = {"line": line, "encoding": name}
    return FileRefused(_("Line %(line)d is not %(encoding)s. Save the file as “CSV UTF-8” and try again.") % about)
