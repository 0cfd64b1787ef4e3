"""The promise: a frozen copy of what was bought, and what became of it."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.log_fields import current_fields
from accounts.search_indexes import AnyCaseIndex, WordIndex
from money import Money
from orders.mail_models import OutgoingMail
from orders.status import ENDED, OPEN, SOLD, Status, Way

__all__ = ["Order", "OrderEvent", "OrderLine", "OutgoingMail", "ShippingRate"]

NUMBER_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0/O, no 1/I: read over the telephone


def stripe_request() -> str:
    """The id of the call to Stripe that was answered last in this request or job: staff look it up there."""
    return current_fields().get("stripe_request", "")[:255]


def new_number() -> str:
    """An order number nobody can guess: 16 characters of 32, 80 bits, in groups of four."""
    letters = "".join(secrets.choice(NUMBER_ALPHABET) for _unused in range(16))
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


class ShippingRate(models.Model):
    """A way to send a parcel, with its price and the countries it reaches."""

    name = models.CharField(_("name"), max_length=100)  # Stripe shows at most 100 characters
    price_minor = models.PositiveBigIntegerField(_("price"))
    currency = models.CharField(_("currency"), max_length=3)
    countries = models.JSONField(_("countries"), default=list, help_text=_('Two-letter codes: ["DE", "FR"].'))
    min_days = models.PositiveSmallIntegerField(_("from (days)"), default=2)
    max_days = models.PositiveSmallIntegerField(_("to (days)"), default=5)
    position = models.PositiveIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("shipping rate")
        verbose_name_plural = _("shipping rates")
        ordering = ["position", "price_minor", "id"]
        constraints = [models.CheckConstraint(condition=Q(min_days__lte=F("max_days")), name="orders_shipping_days_ordered")]

    def __str__(self) -> str:
        return self.name

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)


class OrderQuerySet(models.QuerySet["Order"]):
    def for_shopper(self) -> OrderQuerySet:
        """Those a shopper wants listed: not the holds that ended unpaid."""
        return self.exclude(status__in=ENDED)


class Order(models.Model):
    """What a shopper agreed to buy. Everything the shopper saw is copied here and never changes.

    `status` is written by orders/transitions.py alone. While it is open, the lines' units are reserved until `expires_at`.
    Amounts are minor units of `currency`: `paid_minor` was really received, `refunded_minor` asked back and not failed.
    """

    number = models.CharField(_("number"), max_length=19, unique=True, default=new_number, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="orders", verbose_name=_("user")
    )
    cart_id = models.CharField(max_length=36, editable=False)
    cart_revision = models.CharField(max_length=64, editable=False)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.PENDING)
    way = models.CharField(_("way to pay"), max_length=8, choices=Way.choices, default=Way.HOSTED)
    currency = models.CharField(_("currency"), max_length=3)
    subtotal_minor = models.PositiveBigIntegerField(_("goods"))
    discount_minor = models.PositiveBigIntegerField(_("discount"), default=0)
    discount_code = models.CharField(_("promotion code"), max_length=40, blank=True)
    shipping_minor = models.PositiveBigIntegerField(_("shipping"), default=0)
    tax_minor = models.PositiveBigIntegerField(_("tax"), default=0)  # on top
    included_tax_minor = models.PositiveBigIntegerField(_("tax included"), default=0)  # in the prices, as Stripe reckons
    total_minor = models.PositiveBigIntegerField(_("total"))
    paid_minor = models.PositiveBigIntegerField(_("paid"), default=0)
    refunded_minor = models.PositiveBigIntegerField(_("refunded"), default=0)

    requires_shipping = models.BooleanField(_("needs shipping"), default=False)
    shipping_name = models.CharField(_("shipping method"), max_length=100, blank=True)
    shipping_countries = models.JSONField(default=list, blank=True)
    shipping_days = models.JSONField(default=list, blank=True)  # [from, to]

    email = models.EmailField(_("e-mail address"), blank=True)
    recipient = models.CharField(_("recipient"), max_length=200, blank=True)
    address = models.JSONField(_("address"), default=dict, blank=True)  # as Stripe names it: line1, city, postal_code...
    carrier = models.CharField(_("carrier"), max_length=60, blank=True)
    tracking_number = models.CharField(_("tracking number"), max_length=100, blank=True)

    placed_at = models.DateTimeField(_("placed"), auto_now_add=True)
    expires_at = models.DateTimeField(_("held until"))
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    shipped_at = models.DateTimeField(_("shipped at"), null=True, blank=True)
    restocked_at = models.DateTimeField(_("back in stock"), null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["status", "expires_at"], name="orders_status_expiry"),
            models.Index(fields=["email"], name="orders_email"),
            models.Index(fields=["cart_id"], name="orders_cart"),
            models.Index(fields=["paid_at"], condition=Q(paid_at__isnull=False), name="orders_paid_when"),
            AnyCaseIndex(fields=["number"], name="orders_number_begins"),
            AnyCaseIndex(fields=["email"], name="orders_email_begins"),
            WordIndex(fields=["recipient"], name="orders_recipient_words"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["cart_id"], condition=Q(status__in=sorted(OPEN)), name="orders_one_open_per_cart"),
            models.CheckConstraint(
                condition=Q(
                    total_minor=F("subtotal_minor") - F("discount_minor") + F("shipping_minor") + F("tax_minor"),
                    discount_minor__lte=F("subtotal_minor"),
                ),
                name="orders_total_adds_up",
            ),
            models.CheckConstraint(condition=Q(refunded_minor__lte=F("paid_minor")), name="orders_refunded_within_paid"),
            models.CheckConstraint(
                condition=Q(status__in=sorted(SOLD), paid_at__isnull=False)
                | (~Q(status__in=sorted(SOLD)) & Q(paid_at__isnull=True)),
                name="orders_paid_at_iff_sold",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_status_display(self) -> str:  # type: ignore[no-redef]
        """In words. Of what cost nothing, nothing can be refunded: it was cancelled (orders/transitions.py:cancel_free)."""
        is_free = self.status == Status.REFUNDED and not self.total_minor
        return str(Status.CANCELLED.label if is_free else Status(self.status).label)

    def get_absolute_url(self) -> str:
        return reverse("orders:detail", args=[self.number])

    @property
    def subtotal(self) -> Money:
        return Money(self.subtotal_minor, self.currency)

    @property
    def discount(self) -> Money:
        return Money(self.discount_minor, self.currency)

    @property
    def shipping(self) -> Money:
        return Money(self.shipping_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_minor, self.currency)

    @property
    def included_tax(self) -> Money:
        return Money(self.included_tax_minor, self.currency)

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def paid(self) -> Money:
        return Money(self.paid_minor, self.currency)

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_minor, self.currency)

    @property
    def refundable(self) -> Money:
        return self.paid - self.refunded

    @property
    def address_lines(self) -> list[str]:
        """The address as it is written on a parcel, below the recipient's name."""
        part = {name: str(value or "") for name, value in self.address.items()}
        town = f"{part.get('postal_code', '')} {part.get('city', '')}".strip()
        lines = [part.get("line1"), part.get("line2"), town, part.get("state"), part.get("country")]
        return [line for line in lines if line]

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def odd_payment(self) -> str:
        """Money came that is not what the order costs, or nobody knows whether it came (kinds of payments.models.Difference).

        "open": staff look into it; "over": it bought nothing; empty: nothing of the kind.
        """
        if self.paid_minor:
            return ""
        if self.differences.filter(kind__in=("amount", "unmatched"), resolved_at=None).exists():
            return "open"
        return "over" if self.payments.filter(status="mismatch").exists() else ""

    @property
    def is_paid(self) -> bool:
        return self.status in SOLD


class OrderLine(models.Model):
    """One line of an order, frozen. `variant` is only a way back to the catalogue and may be gone."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    variant = models.ForeignKey("catalog.Variant", models.SET_NULL, null=True, blank=True, related_name="+")
    sku = models.CharField("SKU", max_length=64)
    title = models.CharField(_("title"), max_length=200)
    options_text = models.CharField(_("options"), max_length=300, blank=True)
    image_url = models.CharField(max_length=500, blank=True)
    unit_price_minor = models.PositiveBigIntegerField(_("unit price"))
    quantity = models.PositiveIntegerField(_("quantity"))
    discount_minor = models.PositiveBigIntegerField(_("discount"), default=0)  # its share of the order's, for all its units
    tax_minor = models.PositiveBigIntegerField(_("tax"), default=0)  # for all its units, on top
    included_tax_minor = models.PositiveBigIntegerField(_("tax included"), default=0)  # for all its units
    requires_shipping = models.BooleanField(default=True)
    stock_counted = models.BooleanField(default=False)  # units of this line are (or were) reserved
    refunded_quantity = models.PositiveIntegerField(_("refunded"), default=0)  # by refunds of lines that have not failed
    restocked_quantity = models.PositiveIntegerField(_("back in stock"), default=0)

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="orders_line_has_units"),
            models.CheckConstraint(
                condition=Q(discount_minor__lte=F("unit_price_minor") * F("quantity")), name="orders_line_discount_within"
            ),
            models.CheckConstraint(condition=Q(refunded_quantity__lte=F("quantity")), name="orders_line_refunded_within"),
            models.CheckConstraint(condition=Q(restocked_quantity__lte=F("quantity")), name="orders_line_restocked_within"),
        ]
        indexes = [AnyCaseIndex(fields=["sku"], name="orders_line_sku")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"

    @property
    def unit_price(self) -> Money:
        return Money(self.unit_price_minor, self.order.currency)

    @property
    def total(self) -> Money:
        """What its units cost without discount."""
        return self.unit_price * self.quantity

    @property
    def discount(self) -> Money:
        return Money(self.discount_minor, self.order.currency)

    @property
    def paid(self) -> Money:
        """What was paid for all its units: after discount, with tax."""
        return self.total - self.discount + Money(self.tax_minor, self.order.currency)

    @property
    def refundable_quantity(self) -> int:
        return self.quantity - self.refunded_quantity


class OrderEvent(models.Model):
    """One entry of an order's timeline: a move between states, or something worth knowing (`to_status` empty)."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="events")
    from_status = models.CharField(max_length=12, choices=Status.choices, blank=True)
    to_status = models.CharField(max_length=12, choices=Status.choices, blank=True)
    what = models.CharField(_("what happened"), max_length=300)
    by = models.CharField(_("by"), max_length=254)  # an e-mail address of staff, "shopper", "webhook evt_…", "reconciler"
    at = models.DateTimeField(_("at"), auto_now_add=True)
    request_id = models.CharField(max_length=255, blank=True, default=stripe_request, editable=False)

    class Meta:
        verbose_name = _("timeline entry")
        verbose_name_plural = _("timeline")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.what
