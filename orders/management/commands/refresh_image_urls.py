from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from catalog.models import ProductImage
from catalog.picture_addresses import refresh_pictures
from orders.pictures import refresh_order_pictures


class Command(BaseCommand):
    help = (
        "Rewrite the stored addresses of pictures, also those on orders, to what the storage says now. Run it when "
        "AZURE_CDN_BASE_URL, the account or the container changed. Writes at once; --dry-run only counts. Safe to repeat."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say how many would change, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        write = not options["dry_run"]
        with tqdm(desc="Pictures", total=ProductImage.objects.count(), disable=None) as bar:
            pictures = refresh_pictures(write=write, progress=bar.update)
        with tqdm(desc="Addresses on orders", disable=None, unit="") as bar:
            frozen = refresh_order_pictures(write=write, progress=bar.update)
        verb = "rewritten" if write else "would be rewritten"
        self.stdout.write(f"{pictures} pictures and {frozen} addresses on orders {verb}.")
