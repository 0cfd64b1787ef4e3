from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from catalog.listing import refresh_all
from catalog.models import Product


class Command(BaseCommand):
    help = "Make what lists and search read anew, for all products. Safe to run while the shop sells, and to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(desc="Products", total=Product.objects.count(), disable=None) as bar:
            refresh_all(bar.update)
