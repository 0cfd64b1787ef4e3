"""Shipping rates for the demo shop. What is there already, by name, stays as it is."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management.base import BaseCommand
from django.db import transaction

from money.currencies import currency
from orders.countries import COUNTRIES, EU
from orders.models import ShippingRate

# Of these no parcel service takes parcels, or Stripe lists them for other ends only.
NOWHERE = frozenset("AC AQ BV EH IO TA TF ZZ".split())
# name, price in hundredths of a currency of two decimals, countries, days
RATES = [
    ("Standard, European Union", 490, EU, (3, 6)),
    ("Express, European Union", 1290, EU, (1, 2)),
    ("Worldwide, tracked", 1790, COUNTRIES - NOWHERE, (7, 21)),
]


class Command(BaseCommand):
    help = "Add a few shipping rates in the shop's currency. Safe to run twice."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            # Any row that is always there will do: two runs at once take turns.
            ContentType.objects.select_for_update().get(app_label="orders", model="shippingrate")
            added = sum(self._added(position, *rate) for position, rate in enumerate(RATES))
        self.stdout.write(f"{added} shipping rates added, {len(RATES) - added} were there")

    def _added(self, position: int, name: str, price: int, countries: frozenset[str], days: tuple[int, int]) -> bool:
        defaults = {
            "price_minor": _minor(price),
            "countries": sorted(countries),
            "min_days": days[0],
            "max_days": days[1],
            "position": position,
        }
        return ShippingRate.objects.get_or_create(name=name, currency=settings.SHOP_CURRENCY, defaults=defaults)[1]


def _minor(hundredths: int) -> int:
    """The same number of the smallest units, rounded to what the currency allows: a demo needs no exchange rate."""
    about = currency(settings.SHOP_CURRENCY)
    minor = hundredths * 10 if about.exponent == 3 else hundredths
    return minor - minor % about.step
