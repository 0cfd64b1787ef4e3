"""The money: attempts to pay and to refund, the webhook inbox, and what did not agree with Stripe."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from money import Money
from orders.models import Order, OrderLine
from orders.status import Way
from payments.dispute_models import Dispute
from payments.inbox_models import WebhookEvent

__all__ = ["DeskEntry", "Difference", "Dispute", "Payment", "ReconcileRun", "Refund", "RefundLine", "WebhookEvent"]


def new_reference() -> str:
    return uuid.uuid4().hex


class Payment(models.Model):
    """One attempt to pay for an order. Written and committed before Stripe hears of it.

    `reference` goes to Stripe as `client_reference_id` and metadata, and is how a webhook finds this row even when the
    answer that named the session was lost. `request` holds the parameters that were sent: the same call with the same
    idempotency key can be repeated by anyone, and Stripe answers with the same session.
    """

    class Status(models.TextChoices):
        STARTING = "starting", _("Starting")  # Stripe was perhaps asked; no answer is stored
        OPEN = "open", _("Open")
        PROCESSING = "processing", _("On its way")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Expired")
        MISMATCH = "mismatch", _("Amount differs")  # money came, but not what was asked for: a person decides

    LIVE = (Status.STARTING, Status.OPEN, Status.PROCESSING)

    order = models.ForeignKey(Order, models.PROTECT, related_name="payments", verbose_name=_("order"))
    reference = models.CharField(_("reference"), max_length=32, unique=True, default=new_reference, editable=False)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.STARTING)
    amount_minor = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    request = models.JSONField(default=dict, editable=False)
    session_id = models.CharField(_("Checkout Session"), max_length=255, unique=True, null=True, blank=True)
    session_url = models.TextField(blank=True, editable=False)
    payment_intent_id = models.CharField(_("PaymentIntent"), max_length=255, unique=True, null=True, blank=True)
    livemode = models.BooleanField(_("live"), default=False)
    last_error = models.CharField(_("last error"), max_length=500, blank=True)  # of one not paid; why the last try was declined
    created_at = models.DateTimeField(_("started"), auto_now_add=True)
    checked_at = models.DateTimeField(_("checked with Stripe"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(status__in=["starting", "open", "processing"]),
                name="payments_one_live_per_order",
            ),
        ]
        indexes = [
            models.Index(
                fields=["checked_at"],
                condition=Q(status__in=["starting", "open", "processing"]),
                name="payments_to_check",
            ),
            models.Index(fields=["settled_at", "status"], condition=Q(settled_at__isnull=False), name="payments_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.get_status_display()}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def is_intent(self) -> bool:
        """Stripe has a PaymentIntent for it and no Checkout Session."""
        return self.order.way == Way.ELEMENT

    @property
    def stripe_id(self) -> str:
        """Of the session, or of the intent where there is none; empty while Stripe's answer is not stored."""
        return (self.payment_intent_id if self.is_intent else self.session_id) or ""

    @property
    def idempotency_key(self) -> str:
        """Made from this row alone: whoever repeats the call gets the same session or intent."""
        return f"payment-{self.reference}"

    def keep_decline(self, why: str) -> None:
        """Say why the last try to pay was declined, unless it was paid meanwhile."""
        if why:
            unpaid = Payment.objects.filter(pk=self.pk).exclude(status__in=[self.Status.SUCCEEDED, self.Status.MISMATCH])
            unpaid.update(last_error=why[:500])


# How an attempt ended: one that nobody pays any more has failed if the shopper tried, and was given up if not.
HOW_IT_ENDED = models.Case(
    models.When(~Q(last_error=""), status=Payment.Status.EXPIRED, then=models.Value(Payment.Status.FAILED)),
    default=models.F("status"),
)


class Refund(models.Model):
    """Money going back. Asked for by the shop (written before Stripe is called) or seen at Stripe.

    `booked` says whether its amount counts in the order's `refunded_minor`: it does until the refund fails.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested", _("Requested")  # Stripe was perhaps asked; no answer is stored
        PENDING = "pending", _("On its way")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds", verbose_name=_("payment"))
    reference = models.CharField(max_length=32, unique=True, default=new_reference, editable=False)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.REQUESTED)
    amount_minor = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    booked = models.BooleanField(default=True, editable=False)
    attempt = models.PositiveIntegerField(default=0, editable=False)  # how often Stripe answered with a failure of its own
    restock = models.BooleanField(_("put back in stock"), default=False)  # all units that no refund of lines is about
    shipping = models.BooleanField(_("shipping"), default=False)  # what was paid for it is part of the amount
    stripe_id = models.CharField(_("Refund"), max_length=255, unique=True, null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    by = models.CharField(_("by"), max_length=254, blank=True)
    last_error = models.CharField(_("last error"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)
    accepted_at = models.DateTimeField(_("taken by Stripe"), null=True, blank=True)
    checked_at = models.DateTimeField(_("checked with Stripe"), null=True, blank=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-id"]
        indexes = [models.Index(fields=["status", "created_at"], name="payments_refund_status")]

    def __str__(self) -> str:
        return f"{self.amount} {self.get_status_display()}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def idempotency_key(self) -> str:
        """Made from this row alone. A new one per `attempt`: Stripe would repeat its failure under the old key."""
        return f"refund-{self.reference}-{self.attempt}"


class RefundLine(models.Model):
    """Units of an order's line that a refund is about; counted in the line's `refunded_quantity` while it is booked."""

    refund = models.ForeignKey(Refund, models.CASCADE, related_name="lines", verbose_name=_("refund"))
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="refunds", verbose_name=_("line"))
    quantity = models.PositiveIntegerField(_("quantity"))
    restock = models.BooleanField(_("put back in stock"), default=False)

    class Meta:
        verbose_name = _("refunded line")
        verbose_name_plural = _("refunded lines")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["refund", "line"], name="payments_refund_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="payments_refund_line_has_units"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line.title}"


class Difference(models.Model):
    """Where the shop and Stripe do not agree, for staff to see and resolve; recorded once per kind and reference."""

    class Kind(models.TextChoices):
        AMOUNT = "amount", _("Amount or currency differs")
        PAID_TOO_LATE = "paid_too_late", _("Paid after the order had ended")
        PAID_TWICE = "paid_twice", _("Paid twice")
        UNMATCHED = "unmatched", _("Payment without an order")
        PAID_HERE = "paid_here", _("Paid here, and not at Stripe")
        REFUND_FAILED = "refund_failed", _("Refund failed")
        REFUND_UNKNOWN = "refund_unknown", _("Refund not booked")
        OVERSOLD = "oversold", _("Sold, and not there")
        DISPUTE = "dispute", _("Disputed by the buyer")
        DISPUTE_UNKNOWN = "dispute_unknown", _("Dispute without a payment")
        MAIL_FAILED = "mail_failed", _("Mail given up")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    reference = models.CharField(_("Stripe object"), max_length=255)
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="differences", verbose_name=_("order"))
    detail = models.CharField(_("what differs"), max_length=500)
    created_at = models.DateTimeField(_("seen"), auto_now_add=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    resolved_by = models.CharField(_("resolved by"), max_length=254, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)  # how it ended
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)  # somebody mends it right now

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("payment desk")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["kind", "reference"], name="payments_difference_once")]
        indexes = [models.Index(fields=["kind"], condition=Q(resolved_at__isnull=True), name="payments_difference_open")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.reference}"


class DeskEntry(models.Model):
    """What somebody pressed on the payment desk, and how it went."""

    difference = models.ForeignKey(Difference, models.CASCADE, related_name="entries")
    at = models.DateTimeField(_("at"), auto_now_add=True)
    by = models.CharField(_("by"), max_length=254)
    what = models.CharField(_("what happened"), max_length=500)

    class Meta:
        verbose_name = _("entry of the payment desk")
        verbose_name_plural = _("entries of the payment desk")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.what


class ReconcileRun(models.Model):
    """One pass of the reconciler. The next pass reads Stripe's events from shortly before `read_until`."""

    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    read_until = models.DateTimeField(_("events read until"), null=True, blank=True)
    events_seen = models.PositiveIntegerField(_("events new to us"), default=0)
    payments_checked = models.PositiveIntegerField(_("payments checked"), default=0)
    last_error = models.CharField(_("last error"), max_length=500, blank=True)  # why it did not finish

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M:%S}"
