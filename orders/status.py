"""The ways to pay for an order, its states, and the only moves between them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Way(models.TextChoices):
    """How the shopper pays (docs/adr/0011). The labels are for shoppers."""

    HOSTED = "hosted", _("On Stripe’s secure page")
    EMBEDDED = "embedded", _("On Stripe’s form, shown here")
    ELEMENT = "element", _("Here, with Stripe’s secure fields")


class Status(models.TextChoices):
    PENDING = "pending", _("Awaiting payment")
    CONFIRMING = "confirming", _("Payment on its way")  # a delayed method, a bank debit for instance
    PAID = "paid", _("Paid")
    SHIPPED = "shipped", _("Shipped")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
    REFUNDED = "refunded", _("Refunded")


ALLOWED: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.CONFIRMING, Status.PAID, Status.EXPIRED, Status.CANCELLED}),
    Status.CONFIRMING: frozenset({Status.PAID, Status.CANCELLED}),
    Status.PAID: frozenset({Status.SHIPPED, Status.REFUNDED}),
    Status.SHIPPED: frozenset({Status.REFUNDED}),
    # A refund that Stripe took back days later ("refund.failed"): the money is with the shop again.
    Status.REFUNDED: frozenset({Status.PAID, Status.SHIPPED}),
    Status.EXPIRED: frozenset(),
    Status.CANCELLED: frozenset(),
}

OPEN = frozenset({Status.PENDING, Status.CONFIRMING})  # stock is reserved
SOLD = frozenset({Status.PAID, Status.SHIPPED, Status.REFUNDED})  # stock was sold
ENDED = frozenset({Status.EXPIRED, Status.CANCELLED})  # stock was released


def sources(target: Status) -> frozenset[Status]:
    """The states from which `target` may be reached."""
    return frozenset(source for source, targets in ALLOWED.items() if target in targets)
