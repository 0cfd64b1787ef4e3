"""Fetch the pictures that imported files named by their address."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalog.exchange.pictures import due, each_due, missing, try_again


class Command(BaseCommand):
    help = "Fetch the pictures that imported products still lack. Stop it whenever you like: the next one goes on."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--again", action="store_true", help="also those that were given up or wait for their next try")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["again"]:
            try_again(missing())
        fetched = failed = 0
        with tqdm(desc="Fetching pictures", total=due().count(), unit="picture", disable=None) as bar:
            for outcome in each_due():
                bar.update(1)
                fetched, failed = fetched + (not outcome.error), failed + bool(outcome.error)
                if outcome.error:
                    self.stderr.write(f"{outcome.url}: {outcome.error}")
                elif bar.disable and fetched % 20 == 0:
                    self.stdout.write(f"{fetched} fetched")
                if outcome.no_storage:
                    raise CommandError(f"{fetched} fetched, then: {outcome.error}")
        self.stdout.write(f"{fetched} fetched, {failed} failed, {missing().count()} still missing.")
