"""Fill the shop with the demo catalogue: prints drawn by algorithms."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalog.demo.load import drawings, load_categories, load_product, missing_entries
from catalog.images import StorageDown


class Command(BaseCommand):
    help = "Draws and loads the demo catalogue. Safe to repeat: products that are there are left alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--limit", type=int, metavar="N", help="only the first N products")

    def handle(self, *args: Any, **options: Any) -> None:
        tree = load_categories()
        missing = missing_entries(options["limit"])
        if not missing:
            self.stdout.write("The demo catalogue is there.")
            return
        loaded = 0
        with drawings([entry.slug for _position, entry in missing]) as drawn:
            for (position, entry), shots in self._progress(zip(missing, drawn, strict=True), len(missing)):
                try:
                    loaded += load_product(entry, position, shots, tree)
                except StorageDown as error:
                    raise CommandError(f"{loaded} products loaded, then: {error}") from error
        self.stdout.write(f"{loaded} products loaded.")

    def _progress(self, work: Iterator[Any], total: int) -> Iterator[Any]:
        """A bar for people, a line now and then for logs."""
        if sys.stderr.isatty():
            yield from tqdm(work, total=total, desc="Drawing the demo catalogue", unit="product")
            return
        for number, item in enumerate(work):
            if number % 20 == 0:
                self.stdout.write(f"Drawing the demo catalogue: {number} of {total}")
                self.stdout.flush()
            yield item
