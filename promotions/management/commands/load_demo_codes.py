"""A promotion code for the demo shop. If it is there already it stays as it is."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from promotions.models import Promotion

CODE, PERCENT = "WELCOME10", 10


class Command(BaseCommand):
    help = f"Add the promotion code {CODE}, for {PERCENT} % off. Safe to run twice."

    def handle(self, *args: Any, **options: Any) -> None:
        terms = {"percent": PERCENT, "currency": settings.SHOP_CURRENCY, "note": "For the demo"}
        _promotion, is_new = Promotion.objects.get_or_create(code=CODE, defaults=terms)
        self.stdout.write(f"Promotion code {CODE} {'added' if is_new else 'was there'}")
