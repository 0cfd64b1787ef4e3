"""Mails about orders that are to be sent."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.search_indexes import AnyCaseIndex


class OutgoingMail(models.Model):
    """A mail to be sent, written by the transaction that is its cause; unique per order, kind and reference.

    The worker claims a row by moving `claimed_until` (a lease: a killed worker's mail is claimed again) and sends it
    with a Message-ID made from the row, so that a repeat after a lost answer can be recognised.
    """

    class Kind(models.TextChoices):
        CONFIRMED = "confirmed", _("Order confirmed")
        SHIPPED = "shipped", _("Order shipped")
        REFUNDED = "refunded", _("Refund made")
        CANCELLED = "cancelled", _("Order cancelled")  # one that cost nothing
        PAYMENT_FAILED = "payment_failed", _("Payment failed")
        PAID_TOO_LATE = "paid_too_late", _("Paid too late, refunded")

    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="mails")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    reference = models.CharField(max_length=64, blank=True)  # tells two refunds of one order apart
    context = models.JSONField(default=dict, blank=True)  # what the mail says that the order does not know
    to = models.EmailField(_("to"))
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_try_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    failed_at = models.DateTimeField(_("given up"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["order", "kind", "reference"], name="orders_mail_once")]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(sent_at__isnull=True, failed_at__isnull=True),
                name="orders_mail_due",
            ),
            models.Index(fields=["failed_at"], condition=Q(failed_at__isnull=False), name="orders_mail_given_up"),
            AnyCaseIndex(fields=["to"], name="orders_mail_to"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.to}"

    @property
    def state(self) -> str:
        """In a word, for staff."""
        if self.sent_at:
            return str(_("Sent"))
        if self.failed_at:
            return str(_("Given up"))
        return str(_("Waiting to be tried again") if self.attempts else _("Waiting"))
