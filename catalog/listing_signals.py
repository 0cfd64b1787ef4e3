"""Listings follow what is saved one by one. Bulk writes send no signals: their callers refresh."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete, pre_save
from django.dispatch import receiver

from catalog.index import index
from catalog.index_models import Listing
from catalog.listing import refresh_listings
from catalog.models import Category, Product, Variant

STOCK = {"stock_on_hand", "stock_reserved"}  # lists read these from the variants
MEMBERSHIP: Any = Product.categories.through


@receiver(post_save, sender=Product)
def _product_saved(instance: Product, raw: bool, **_about: Any) -> None:
    if not raw:
        refresh_listings([instance.pk])


@receiver(pre_save, sender=Variant)
def _variant_is_saved(instance: Variant, raw: bool, **_about: Any) -> None:
    """Lock the product before the variant, as whoever saves both does: two that wait for each other would be refused."""
    if connection.features.has_select_for_update and connection.in_atomic_block and not raw:
        Product.objects.select_for_update(no_key=True).filter(pk=instance.product_id).values_list("pk").first()


@receiver(post_save, sender=Variant)
def _variant_saved(instance: Variant, raw: bool, update_fields: frozenset[str] | None, **_about: Any) -> None:
    if not raw and not (update_fields and update_fields <= STOCK):
        refresh_listings([instance.product_id])


@receiver(post_delete, sender=Variant)
def _variant_deleted(instance: Variant, origin: Any, **_about: Any) -> None:
    if _model(origin) is Variant:  # else its product goes too
        refresh_listings([instance.product_id])


@receiver(m2m_changed, sender=MEMBERSHIP)
def _categories_changed(instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_about: Any) -> None:
    if not reverse and action in ("post_add", "post_remove", "post_clear"):
        refresh_listings([instance.pk])
    elif reverse and action in ("post_add", "post_remove"):
        refresh_listings(pk_set or ())
    elif reverse and action == "pre_clear":
        instance.had_products = _products_below(instance)
    elif reverse and action == "post_clear":
        refresh_listings(instance.had_products)


@receiver(pre_save, sender=Category)
def _category_is_saved(instance: Category, raw: bool, **_about: Any) -> None:
    old = None if raw or not instance.pk else Category.objects.filter(pk=instance.pk).first()
    instance.moves_listings = old is not None and (  # type: ignore[attr-defined]
        (old.parent_id, old.is_published) != (instance.parent_id, instance.is_published) or old.path != instance.path
    )
    if instance.moves_listings and connection.features.has_select_for_update:  # type: ignore[attr-defined]
        _let_nobody_join(instance)


@receiver(post_save, sender=Category)
def _category_saved(instance: Any, **_about: Any) -> None:
    if instance.moves_listings:
        refresh_listings(_products_below(instance))


@receiver(pre_delete, sender=Category)
def _category_is_deleted(instance: Any, **_about: Any) -> None:
    instance.had_products = _products_below(instance)


@receiver(post_delete, sender=Category)
def _category_deleted(instance: Any, **_about: Any) -> None:
    refresh_listings(instance.had_products)


@receiver(post_delete, sender=Listing)
def _listing_deleted(instance: Listing, **_about: Any) -> None:
    index().forget([instance.pk])


def _let_nobody_join(category: Category) -> None:
    """Wait for whoever puts a product into a category now, and let others wait: each would list it by what the other changes.

    The products are locked first, as whoever puts them into a category does.
    """
    below = Product.objects.select_for_update(no_key=True).filter(pk__in=_products_below(category))
    list(below.order_by("pk").values_list("pk"))
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {connection.ops.quote_name(MEMBERSHIP._meta.db_table)} IN SHARE MODE")


def _products_below(category: Category) -> list[int]:
    """Products of the category and of those below it, by their parents: their paths may not have followed yet."""
    ids = [category.pk]
    for pk in ids:
        ids += Category.objects.filter(parent=pk).values_list("pk", flat=True)
    return list(MEMBERSHIP.objects.filter(category__in=ids).values_list("product_id", flat=True).distinct())


def _model(origin: Any) -> Any:
    return origin.model if isinstance(origin, QuerySet) else type(origin)
