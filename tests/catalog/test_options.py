"""Options as staff type them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.options import OptionValuesField

pytestmark = pytest.mark.same_on_both

SMALL = {"Size": "A3", "Paper": "Matte"}


@pytest.mark.parametrize(
    ("before", "typed", "changed"),
    [
        (SMALL, "Size: A3; Paper: Matte", False),
        (SMALL, " Size:A3;Paper: Matte ;", False),
        (SMALL, "Paper: Matte; Size: A3", True),
        (SMALL, "Size: A4; Paper: Matte", True),
        (SMALL, "", True),
        (SMALL, "Size", True),
        ({}, "", False),
        (None, None, False),
    ],
)
def test_it_knows_whether_choices_were_changed(before, typed, changed):
    assert OptionValuesField(required=False).has_changed(before, typed) is changed


letters = st.characters(exclude_characters="\0", exclude_categories=["Cs"]) | st.sampled_from("\\;: \n\rn")
texts = st.text(letters, min_size=1, max_size=12)


@given(st.dictionaries(texts, texts, max_size=3))
@example({"Size (US): men": "10", "Finish": "Black; matte", "Path": "C:\\new\\"})
@example({" ": " ", "\\": "\\", ";": ":", "\n": "\r", "\x85a": "a\u2003"})
def test_it_reads_what_it_shows(chosen):
    field = OptionValuesField(required=False)
    shown = field.prepare_value(chosen)
    assert list(field.to_python(shown).items()) == list(chosen.items())
    assert not field.has_changed(chosen, shown)
    assert "\n" not in shown
    assert "\r" not in shown


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ({"Size": "A3", "Paper": "Matte"}, "Size: A3; Paper: Matte"),
        ({"Size (US): men": "10"}, r"Size (US)\: men: 10"),
        ({"Finish": "Black; matte", "Ratio": "16:9"}, r"Finish: Black\; matte; Ratio: 16:9"),
        ({"Path": "C\\d"}, r"Path: C\\d"),
    ],
)
def test_it_shows_options_as_they_are_typed(chosen, shown):
    assert OptionValuesField().prepare_value(chosen) == shown


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        (" Size : A3 ;; Paper:\tMatte \r\nInk: Blue\n", {"Size": "A3", "Paper": "Matte", "Ink": "Blue"}),
        (r"Path: C\dir", {"Path": r"C\dir"}),
        ("Path: C\\", {"Path": "C\\"}),
        (r"Time: 10\:30", {"Time": "10:30"}),
    ],
)
def test_it_takes_what_people_type(typed, chosen):
    assert OptionValuesField().to_python(typed) == chosen
