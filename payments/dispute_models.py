"""Disputes: the buyer asked their bank for the money back."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from money import Money


class Dispute(models.Model):
    """A dispute at Stripe about one payment, as Stripe said last. Never asked for by the shop.

    `status` and `reason` are Stripe's words. `version` counts what was booked: of two callers who read Stripe at the same
    time, the one that books second reads again. `lost_minor` is what is counted as lost on the order.
    """

    payment = models.ForeignKey("payments.Payment", models.PROTECT, related_name="disputes", verbose_name=_("payment"))
    stripe_id = models.CharField(_("dispute"), max_length=255, unique=True)
    charge_id = models.CharField(_("charge"), max_length=255, blank=True)
    amount_minor = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    status = models.CharField(_("status"), max_length=40)
    evidence_due_at = models.DateTimeField(_("answer until"), null=True, blank=True)
    withdrawn_minor = models.PositiveBigIntegerField(_("withdrawn"), default=0)  # in the account's own currency
    reinstated_minor = models.PositiveBigIntegerField(_("reinstated"), default=0)
    lost_minor = models.PositiveBigIntegerField(_("lost"), default=0)
    is_refundable = models.BooleanField(_("can be refunded"), default=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)
    checked_at = models.DateTimeField(_("checked with Stripe"), auto_now=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.amount} {self.status_text}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def status_text(self) -> str:
        return str(STATUSES.get(self.status, self.status))

    @property
    def is_inquiry(self) -> bool:
        return self.status.startswith("warning_")


STATUSES = {
    "warning_needs_response": _("Inquiry, needs an answer"),
    "warning_under_review": _("Inquiry, being looked at"),
    "warning_closed": _("Inquiry closed"),
    "needs_response": _("Needs an answer"),
    "under_review": _("Being looked at"),
    "appeal_needs_response": _("Appeal, needs an answer"),
    "appeal_under_review": _("Appeal, being looked at"),
    "won": _("Won"),
    "lost": _("Lost"),
    "prevented": _("Prevented"),
}
