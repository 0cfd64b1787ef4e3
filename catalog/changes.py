"""When a product last changed, for sitemaps: also when a price, a variant or a picture of it did. Sales are no change."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Now
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from catalog.models import Product, ProductImage, Variant


@receiver([post_save, post_delete], sender=Variant)
@receiver([post_save, post_delete], sender=ProductImage)
def part_changed(instance: Variant | ProductImage, raw: bool = False, **_about: Any) -> None:
    """Whoever writes parts in bulk sends no signals, and touches their products himself."""
    if not raw:
        touch([instance.product_id])


def touch(product_ids: list[int]) -> None:
    """Say that these products changed now."""
    Product.objects.filter(pk__in=product_ids).update(updated_at=Now())
