"""What the admin's pages took, as a table."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

KINDS = ("first page", "last page", "filter", "sorted", "search", "autocomplete", "page of one")


def table(pages: list[dict[str, Any]]) -> str:
    """For each list and each kind of page the slowest: ms, ms of this process's processor time behind the stroke."""
    lines = [f"| List | {' | '.join(KINDS)} | SQL |", f"| --- |{' --: |' * (len(KINDS) + 1)}"]
    for name in dict.fromkeys(page["list"] for page in pages):
        rows = [page for page in pages if page["list"] == name]
        slowest = [max((row for row in rows if row["kind"] == kind), key=itemgetter("ms"), default=None) for kind in KINDS]
        cells = [f"{row['ms']:.0f} / {row['cpu']:.0f}" if row else "" for row in slowest]
        lines.append(f"| {name} | {' | '.join(cells)} | {max(row['sql'] for row in rows)} |")
    slow = sorted(pages, key=itemgetter("ms"), reverse=True)[:5]
    told = "; ".join(f"{page['list']}, {page['what']}: {page['ms']:.0f}" for page in slow)
    return "\n".join([*lines, "", f"Slowest: {told}"])
