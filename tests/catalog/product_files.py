"""Product files for tests, written line by line."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from typing import Any

from catalog.exchange.load import Done, load
from catalog.exchange.read import count_lines

LINE = {"Handle": "pot", "Title": "Clay Pot", "Published": "true", "Variant Price": "9.99"}


def written(*lines: dict[str, Any], columns: Iterable[str] = (), **layout: Any) -> bytes:
    """A file with these cells; its columns are all that any line has, or `columns`."""
    out = io.StringIO()
    names = list(columns) or list(dict.fromkeys(name for line in lines for name in line))
    writer = csv.DictWriter(out, names, restval="", **layout)
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue().encode()


def imported(data: bytes, *, dry: bool = False) -> list[Done]:
    """What became of each product."""
    count_lines(lambda: io.BytesIO(data))
    return [done for batch in load(lambda: io.BytesIO(data), write_it=not dry, by="test") for done in batch]


def outcomes(data: bytes, *, dry: bool = False) -> dict[str, int]:
    return dict(Counter(done.outcome for done in imported(data, dry=dry)))


def reasons(data: bytes, *, dry: bool = False) -> list[str]:
    return [reason for done in imported(data, dry=dry) if done.outcome == "refused" for reason in done.details]
