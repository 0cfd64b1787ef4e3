"""Write all products into a CSV file in Shopify's layout."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalog.exchange.write import export
from catalog.models import Product


class Command(BaseCommand):
    help = "Write all products into a CSV file in the layout of Shopify. Imported again, it changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="standard output if not given")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path | None = options["file"]
        if file is None:
            self._export(lambda text: self.stdout.write(text, ending=""))
            return
        try:
            with NamedTemporaryFile("w", encoding="utf-8", newline="", dir=file.parent, delete=False) as part:
                self._export(part.write)
            Path(part.name).replace(file)  # half a file never has the name of a whole one
            file.chmod(0o666 & ~_umask())
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error

    def _export(self, write: Any) -> None:
        done = 0
        with tqdm(desc="Exporting", total=Product.objects.count(), unit="product", disable=None) as bar:
            for text, count in export():
                write(text)
                bar.update(count)
                done += count
        self.stderr.write(f"{done} products exported.")


def _umask() -> int:
    """What new files are not allowed by; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
