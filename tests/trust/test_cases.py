"""docs/trust.md and the tests name the same cases."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

CASE = re.compile(r"\b[FA]\d+\b")
MARK = re.compile(r"mark\.case\(([^)]*)\)")


def test_every_case_that_is_described_is_tested_and_the_other_way_round():
    root = Path(settings.BASE_DIR)
    rows = [line for line in (root / "docs/trust.md").read_text().splitlines() if line.startswith("| ")]
    described = {case for row in rows for case in CASE.findall(row.split("|")[1])}
    tested = {
        case
        for file in root.glob("tests/**/test_*.py")
        for marks in MARK.findall(file.read_text())
        for case in CASE.findall(marks)
    }
    assert {"described, not tested": described - tested, "tested, not described": tested - described} == {
        "described, not tested": set(),
        "tested, not described": set(),
    }
