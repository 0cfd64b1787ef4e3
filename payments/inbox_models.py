"""The webhook inbox: what Stripe told."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class WebhookEvent(models.Model):
    """A signed event that Stripe delivered, recorded once. `processed_at` empty: its effect is still owed.

    `deliveries` 0: no webhook brought it, the reconciler found it by asking. `failures` are those of its own, not Stripe's
    silence: after each the worker waits longer (`next_try_at`), after the last it gives up (`dead_at`).
    """

    stripe_id = models.CharField(_("event"), max_length=255, unique=True)
    type = models.CharField(_("type"), max_length=100)
    object_id = models.CharField(_("object"), max_length=255, blank=True)
    livemode = models.BooleanField(_("live"), default=False)
    created_at = models.DateTimeField(_("made by Stripe"))
    received_at = models.DateTimeField(_("first received"), auto_now_add=True)
    deliveries = models.PositiveIntegerField(_("deliveries"), default=0)
    signed_by = models.PositiveSmallIntegerField(_("signed with secret"), null=True, blank=True)  # its place, the first is 1
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    failures = models.PositiveIntegerField(_("failures"), default=0)
    duration_ms = models.PositiveIntegerField(_("last took (ms)"), null=True, blank=True)
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True)
    dead_at = models.DateTimeField(_("given up"), null=True, blank=True)
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=300, blank=True)
    last_error = models.CharField(_("last error"), max_length=500, blank=True)
    order = models.ForeignKey("orders.Order", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("order"))

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["received_at"], condition=Q(processed_at__isnull=True), name="payments_event_backlog"),
            models.Index(fields=["received_at"], name="payments_event_received"),
            models.Index(fields=["object_id"], name="payments_event_object"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"
