from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import ngettext
from tqdm import tqdm

from catalog.models import ProductImage
from catalog.picture_work import ask_for_missing, due, each_due


class Command(BaseCommand):
    help = (
        "Make the copies of pictures (AVIF and WebP, several widths) that are due; the worker does the same all the time. "
        "Safe to run beside itself and the worker. Exit code 1 if a picture could not be made."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--all", action="store_true", help="first look for every picture that lacks a copy, also those given up"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["all"]:
            ask_for_missing(ProductImage.objects.all())
        made = failed = 0
        for outcome in tqdm(each_due(), total=due().count(), desc="Pictures", unit="picture", disable=None):
            made, failed = made + (not outcome.error), failed + bool(outcome.error)
            if outcome.error:
                self.stderr.write(f"{outcome.image.name}: {outcome.error}")
        self.stdout.write(ngettext("%d picture has its copies now.", "%d pictures have their copies now.", made) % made)
        if failed:
            sys.exit(1)
