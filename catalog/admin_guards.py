"""What every admin page of the catalogue keeps to: nothing promised to an order is deleted, and products are locked first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts.long_lists import LongList
from catalog.models import Product, StockMovement, Variant


class KeepsPromises(LongList):
    """Refuses to delete what has units reserved, with a sentence. `variants_of` says which variants would go.

    Whatever writes locks the product before its variants and pictures, as an import does: else each would wait for the other.
    """

    def variants_of(self, objects: Iterable[Any]) -> QuerySet[Variant]:
        raise NotImplementedError

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST":
            return found
        self._hold_products([found])
        return super().get_object(request, object_id, from_field)  # as it is now that nobody else changes it

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        missing.discard(str(StockMovement._meta.verbose_name))  # history nobody may delete by itself goes with its variant
        return deleted, counts, missing, [*protected, *self._promises(objs)]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """An action is one transaction: what it checked is still true when it deletes."""
        if request.method != "POST":
            return super().changelist_view(request, extra_context)
        with transaction.atomic():
            return super().changelist_view(request, extra_context)

    def _hold_products(self, objects: Iterable[Any]) -> None:
        """Until the transaction ends; nothing on databases that let one write at a time."""
        if connection.in_atomic_block and connection.features.has_select_for_update:
            ids = {one.pk if isinstance(one, Product) else one.product_id for one in objects}
            list(Product.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))

    def _promises(self, objects: Iterable[Any]) -> list[str]:
        self._hold_products(objects)
        variants = self.variants_of(objects).order_by("pk")
        if connection.in_atomic_block:
            variants = variants.select_for_update()
        text = _("%(sku)s: %(count)s units are promised to open orders. Wait until they are paid or run out, or switch it off.")
        return [text % {"sku": one.sku, "count": one.stock_reserved} for one in variants if one.stock_reserved]
