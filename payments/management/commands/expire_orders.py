from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from payments.expire import expire_orders


class Command(BaseCommand):
    help = "End unpaid orders whose hold is over, after asking Stripe. Safe to run at any time, also beside itself."

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(desc="Orders", disable=None, unit="") as bar:
            ended = expire_orders(progress=bar.update)
        self.stdout.write(f"{ended} orders ended.")
