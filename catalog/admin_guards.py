"""What every admin page of the catalogue keeps to: nothing promised to an order is deleted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts.long_lists import LongList
from catalog.models import StockMovement, Variant


class KeepsPromises(LongList):
    """Refuses to delete what has units reserved, with a sentence. `variants_of` says which variants would go."""

    def variants_of(self, objects: Iterable[Any]) -> QuerySet[Variant]:
        raise NotImplementedError

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

    def _promises(self, objects: Iterable[Any]) -> list[str]:
        variants = self.variants_of(objects).order_by("pk")
        if connection.in_atomic_block:
            variants = variants.select_for_update()
        text = _("%(sku)s: %(count)s units are promised to open orders. Wait until they are paid or run out, or switch it off.")
        return [text % {"sku": one.sku, "count": one.stock_reserved} for one in variants if one.stock_reserved]
