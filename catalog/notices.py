"""That something runs low: noticed once each time, told to staff in one mail an hour. Written by catalog/low_stock.py."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class LowStockMail(models.Model):
    """A mail to staff that is owed or sent; one for each hour in which there was news."""

    hour = models.DateTimeField(_("hour"), unique=True)
    next_try_at = models.DateTimeField(_("next try"))
    claimed_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("mail about low stock")
        verbose_name_plural = _("mails about low stock")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:%M}"


class LowStockNotice(models.Model):
    """A variant ran low, until `ended_at`. It is told by `mail`; the next crossing is a row of its own."""

    variant = models.ForeignKey("catalog.Variant", models.CASCADE, related_name="low_notices")
    on_hand = models.IntegerField(_("on hand"))
    since = models.DateTimeField(_("since"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    mail = models.ForeignKey(LowStockMail, models.PROTECT, null=True, blank=True, related_name="notices")

    class Meta:
        verbose_name = _("low stock notice")
        verbose_name_plural = _("low stock notices")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["variant"], condition=models.Q(ended_at=None), name="catalog_one_notice_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.on_hand}"
