"""Import products from a CSV file in Shopify's layout."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from tqdm import tqdm

from catalog.exchange.load import Done, load
from catalog.exchange.plan import CHANGED, NEW, REFUSED, UNCHANGED
from catalog.exchange.read import FileRefused, Opener, count_lines, read_header

SIGNS = {NEW: "+", CHANGED: "~", UNCHANGED: "=", REFUSED: "!"}
MOST_TOLD = 50  # of new and of changed products without warnings, unless all are wanted


class Command(BaseCommand):
    help = "Import products from a CSV file in the layout that Shopify exports. Exit code 1 if any product was refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and change nothing")
        parser.add_argument("--json", action="store_true", help="one JSON object a line: each product, then the sums")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        self.as_json, self.all = options["json"], options["verbosity"] > 1
        self.counts: Counter[str] = Counter()
        self.left: Counter[str] = Counter()  # how many are only counted
        try:
            self._import(lambda: file.open("rb"), dry=options["dry_run"])
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        except FileRefused as error:
            raise CommandError(f"{file.name}: {error} Nothing was changed.") from error
        except OperationalError as error:
            kept = "Nothing was changed" if options["dry_run"] else "What was imported stays"
            raise CommandError(f"The database is busy or away ({str(error).strip()}). {kept}; run it again.") from error
        if self.counts[REFUSED]:
            sys.exit(1)

    def _import(self, open_file: Opener, *, dry: bool) -> None:
        lines = count_lines(open_file)
        ignored = read_header(open_file).ignored
        if ignored and not self.as_json:
            self.stdout.write(f"Ignored columns: {', '.join(ignored)}")
        with tqdm(desc="Looking" if dry else "Importing", total=lines, unit="line", disable=None) as bar:
            for batch in load(open_file, write_it=not dry, by="import_products"):
                for done in batch:
                    self._tell(done)
                bar.update(max(0, batch[-1].last - 1 - bar.n) if bar.total else 0)
                self._beat(bar, batch[-1].last, lines)
        self._sum_up(lines, dry, list(ignored))

    def _tell(self, done: Done) -> None:
        self.counts[done.outcome] += 1
        if done.outcome == UNCHANGED and not done.warnings:
            return
        if self.as_json:
            about = {"handle": done.handle, "outcome": done.outcome, "lines": [done.first, done.last]}
            about |= {"details": done.details, "warnings": done.warnings}
            self.stdout.write(json.dumps(about, ensure_ascii=False))
        elif done.outcome == REFUSED or done.warnings or self.all or self.counts[done.outcome] <= MOST_TOLD:
            self.stdout.write(f"{SIGNS[done.outcome]} {done.handle or '–'}  {done.title}")
            for detail in done.warnings + done.details:
                self.stdout.write(f"    {detail}")
        else:
            self.left[done.outcome] += 1

    def _beat(self, bar: Any, line: int, lines: int) -> None:
        """Where no bar is drawn, a line now and then."""
        now = time.monotonic()
        if bar.disable and now - getattr(self, "beaten", now - 1) > 5:
            self.beaten = now
            self.stderr.write(f"Line {line} of about {lines}")

    def _sum_up(self, lines: int, dry: bool, ignored: list[str]) -> None:
        sums = {outcome: self.counts[outcome] for outcome in (NEW, CHANGED, UNCHANGED, REFUSED)}
        if self.as_json:
            self.stdout.write(json.dumps({"lines": lines, "dry_run": dry, "ignored_columns": ignored, **sums}))
            return
        if self.left:
            rest = ", ".join(f"{count} more {name}" for name, count in self.left.items())
            self.stdout.write(f"… and {rest} (-v 2 lists all)")
        self.stdout.write(", ".join(f"{count} {name}" for name, count in sums.items()) + (": nothing changed" if dry else ""))
