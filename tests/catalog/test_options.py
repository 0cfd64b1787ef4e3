"""Options as staff type them."""

from __future__ import annotations

import pytest

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
