"""Says what `make test` lacks on this machine, and how to get it; ends with 2 if anything does. Nothing is skipped silently."""

from __future__ import annotations

import os
import shutil
import sys

from tools.services import AZURITE, Missing, postgres_programs


def chromium() -> str | None:
    """The browser: the CHROMIUM variable, else its build without windows (a third of the work for each page), else any."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")


def missing() -> list[str]:
    lacks = []
    if not chromium():
        lacks.append(
            "Chromium: apt-get install --no-install-recommends chromium-headless-shell fonts-liberation"
            " (or set CHROMIUM=/path/to/it)"
        )
    if not AZURITE.exists():
        lacks.append("Azurite: make azurite")
    try:
        postgres_programs()
    except Missing as problem:
        lacks.append(str(problem))
    return lacks


if __name__ == "__main__":
    lacks = missing()
    for line in lacks:
        print(f"Needed for the tests and not here: {line}", file=sys.stderr)
    sys.exit(2 if lacks else 0)
