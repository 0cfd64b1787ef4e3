from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from payments.gateway import GatewayError
from payments.reconcile import reconcile


class Command(BaseCommand):
    help = "Ask Stripe for everything that webhooks may have missed. Safe to run at any time, also beside itself."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with tqdm(desc="Asked", disable=None, unit="") as bar:
                run = reconcile(progress=bar.update)
        except GatewayError as error:
            raise CommandError(f"{error} Run the command again when Stripe answers.") from error
        self.stdout.write(f"{run.events_seen} events were new, {run.payments_checked} payments and refunds were checked.")
