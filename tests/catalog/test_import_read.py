from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.exchange.columns import guarded, unguarded
from catalog.exchange.read import FileRefused, count_lines, read_blocks, read_header
from tests.catalog.product_files import LINE, written

pytestmark = pytest.mark.same_on_both


def blocks(data: bytes):
    return list(read_blocks(lambda: io.BytesIO(data)))


def refusal(data: bytes) -> str:
    with pytest.raises(FileRefused) as error:
        count_lines(lambda: io.BytesIO(data))
    return str(error.value)


def test_it_keeps_the_lines_of_a_product_together_with_their_numbers():
    data = written(LINE | {"Body (HTML)": "two\nlines"}, {"Handle": "pot", "Variant Price": "12"}, LINE | {"Handle": "pan"})
    assert [(block.handle, [line.number for line in block.lines]) for block in blocks(data)] == [("pot", [2, 4]), ("pan", [5])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_it_reads_what_programs_write(encoding):
    bom = "\ufeff" if encoding == "utf-16-le" else ""
    data = (bom + written(LINE | {"Title": "陶土花盆"}).decode()).encode(encoding)
    assert blocks(data)[0].lines[0].cells["Title"] == "陶土花盆"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_it_sees_the_delimiter_in_the_header(delimiter):
    data = written(LINE | {"Title": "a,b;c\td"}, delimiter=delimiter)
    assert blocks(data)[0].lines[0].cells["Title"] == "a,b;c\td"


def test_it_knows_columns_in_any_case_and_names_those_it_ignores():
    header = read_header(lambda: io.BytesIO(b"HANDLE,title,Cost per item\r\n"))
    assert (header.columns, header.ignored) == (("Handle", "Title", None), ("Cost per item",))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "Line 1 must name the columns"),
        (b"pot,Clay Pot,9.99\n", "Line 1 must name the columns"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "UTF-8"),
        (b"Handle,Title,Title\npot,a,b\n", "names a column twice: Title"),
        (b"Handle,Title\npot,Pot\npan,M\xfcller\n", "Line 3 is not UTF-8"),
        ("Handle,Title\npot,Pot\n".encode("utf-16") + b"\x00\xd8", "Line 3 is not UTF-16"),
        ("Handle,Title\n".encode("utf-32"), "UTF-32"),
        (b'Handle,Title\npot,Pot\npan,"Pan\nlid,Lid\n', "Line 3 is no CSV"),
        (b'Handle,Title\npot,"Pot"x\n', "Line 2 is no CSV"),
    ],
)
def test_it_refuses_a_file_that_it_cannot_read_and_says_where(data, says):
    assert says in refusal(data)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"pan,Pan", "line 3: 2 columns, but the first line names 3"),
        (b"pan,Pan,1,2", "line 3: 4 columns"),
        (b"pan,P\0an,1", "line 3, Title: Holds a NUL character"),
        (b"pan," + b"x" * 100_001 + b",1", "line 3, Title: Longer than 100000"),
        (b",Pan,1", "line 3, Handle: This cell is empty"),
        (b"pot2,P,1\npot,Pot,1", "line 4, Handle: “pot” began at line 2 already"),
    ],
)
def test_it_refuses_a_line_and_keeps_the_others(line, says):
    found = blocks(b"Handle,Title,Variant Price\npot,Pot,1\n" + line + b"\nlid,Lid,1\n")
    wrong = [str(reason) for block in found for reason in block.reasons]
    assert len(wrong) == 1
    assert says in wrong[0]
    assert not found[0].reasons
    assert not found[-1].reasons


@pytest.mark.parametrize("text", ["=1+1", "+1", "-x", "@sum", "\tx", "\rx", "'=x", "''@", "'plain", "plain", "", "＝1"])
def test_it_guards_formulas_and_reads_them_back(text):
    cell = guarded(text)
    assert not cell.startswith(tuple("=+-@\t\r＝"))
    assert unguarded(cell) == text


@pytest.mark.parametrize("text", ["x;=cmd|' /C calc'!A0;y", "x;'=1", 'x;"=1', "x\t@sum(1)", "x\n-1", "x\r\n\t+1", "a,b;＝1"])
def test_it_guards_formulas_where_another_separator_would_make_a_cell(text):
    """Opened as it is by a double click, where the list separator of the country is no comma."""
    out = io.StringIO(newline="")
    csv.writer(out).writerow(["pot", guarded(text), "end"])
    for delimiter in ";\t":
        cells = [cell for row in csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter) for cell in row]
        assert [cell for cell in cells if cell.startswith(tuple("=+-@＝"))] == []
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["a; b", "a-b", "1=1", "a;\n\nb", "it's; 'so'", "<p style='a:b'>&nbsp;'x'</p>"])
def test_it_leaves_other_texts_as_they_are(text):
    assert guarded(text) == unguarded(text) == text


@given(st.text("'\";\t\r\n=-＝x,"))
def test_it_reads_back_whatever_it_guarded(text):
    assert unguarded(guarded(text)) == text
