"""Send the mails that are due: one pass. The worker does the same every few seconds."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from orders.emails import send_due


class Command(BaseCommand):
    help = "Send the mails that are due. Safe to run twice and at the same time as itself."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{send_due()} sent")
