"""The books of the stock: every change of a variant's two counts is a row. Written by catalog/stock.py alone."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.search_indexes import AnyCaseIndex


class StockMovement(models.Model):
    """One change of a variant's counts: the sums of its rows are its stock on hand and its reserved units.

    A sale takes its units from both. `by` is who did it, `reference` why: the number of an order, or words of staff.
    """

    class Kind(models.TextChoices):
        RESERVATION = "reservation", _("Promised to an order")
        RELEASE = "release", _("Promise ended unsold")
        SALE = "sale", _("Sale")
        RETURN = "return", _("Back in stock")
        RESTOCK = "restock", _("Restock")
        ADJUSTMENT = "adjustment", _("Adjustment")
        IMPORT = "import", _("Import")
        OVERSELL = "oversell", _("Below what is promised")

    variant = models.ForeignKey("catalog.Variant", models.CASCADE, related_name="movements")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    delta = models.IntegerField(_("change"))
    reserved_delta = models.IntegerField(_("change of what is reserved"), default=0)
    missing = models.PositiveIntegerField(_("of it not there"), default=0)  # units sold that were taken away before
    reference = models.CharField(_("because of"), max_length=100, blank=True)
    by = models.CharField(_("by"), max_length=254, blank=True)
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        ordering = ["-id"]
        indexes = [AnyCaseIndex(fields=["reference"], name="catalog_movement_reference")]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.delta:+d} {self.kind}"
