"""Codes that make goods cheaper, and the orders that use them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.search_indexes import AnyCaseIndex
from money import Money
from promotions.codes import LONGEST, fold
from promotions.discount import percent_of


class PromotionQuerySet(models.QuerySet["Promotion"]):
    def live(self, now: datetime) -> PromotionQuerySet:
        """Those that have begun, have not ended, and are used less often than they may be."""
        begun, not_over = Q(starts_at=None) | Q(starts_at__lte=now), Q(ends_at=None) | Q(ends_at__gt=now)
        return self.left().filter(begun, not_over, is_active=True)

    def left(self) -> PromotionQuerySet:
        """Those that are used less often than they may be."""
        return self.filter(Q(most_uses=None) | Q(uses__lt=F("most_uses")))

    def find(self, typed: str) -> Promotion | None:
        """What the shopper means by `typed`; None for what is not (or not yet) there to be used."""
        code = fold(typed)
        begun = Q(starts_at=None) | Q(starts_at__lte=timezone.now())
        return self.filter(begun, code=code, currency=settings.SHOP_CURRENCY, is_active=True).first() if code else None


class Promotion(models.Model):
    """A code that takes a percentage or an amount off the goods of an order, never off its shipping.

    `uses` counts the orders that hold or have bought with it; promotions/uses.py alone moves it. Empty limits: none.
    """

    TERMS = ("code", "percent", "amount_minor", "currency", "minimum_minor", "most_uses_per_customer")

    code = models.CharField(_("code"), max_length=LONGEST, unique=True)
    percent = models.PositiveSmallIntegerField(_("percent"), null=True, blank=True)
    amount_minor = models.PositiveBigIntegerField(_("amount"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    minimum_minor = models.PositiveBigIntegerField(_("goods for at least"), default=0)
    most_uses = models.PositiveIntegerField(_("uses at most"), null=True, blank=True)
    most_uses_per_customer = models.PositiveIntegerField(_("uses at most for each customer"), null=True, blank=True)
    uses = models.PositiveIntegerField(_("uses"), default=0, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        verbose_name = _("promotion code")
        verbose_name_plural = _("promotion codes")
        ordering = ["-id"]
        indexes = [AnyCaseIndex(fields=["code"], name="promotions_code_begins")]
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__gte=1, percent__lte=100, amount_minor=None) | Q(percent=None, amount_minor__gte=1),
                name="promotions_percent_or_amount",
            ),
            models.CheckConstraint(
                condition=Q(most_uses=None) | Q(uses__lte=F("most_uses")), name="promotions_uses_within_limit"
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(starts_at__lt=F("ends_at")), name="promotions_dates_ordered"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Write everything but `uses`, which others move meanwhile; and the code in its one spelling."""
        self.code = fold(self.code) or self.code
        if not self._state.adding and update_fields is None:
            update_fields = [
                field.name for field in self._meta.concrete_fields if not field.primary_key and field.name != "uses"
            ]
        super().save(*args, update_fields=update_fields, **kwargs)

    @property
    def worth(self) -> str:
        """What it takes off, as a person reads it."""
        return f"{self.percent} %" if self.percent else str(Money(self.amount_minor or 0, self.currency))

    @property
    def rule(self) -> str:
        """The same in a spelling that no language changes: to notice that it is another."""
        return f"{self.percent}%" if self.percent else f"{self.amount_minor} {self.currency}"

    @property
    def minimum(self) -> Money:
        return Money(self.minimum_minor, self.currency)

    def discount_on(self, goods: Money) -> Money:
        """What it takes off `goods`, never more than they cost."""
        if self.percent:
            return percent_of(goods, self.percent)
        return Money(min(self.amount_minor or 0, goods.minor), goods.currency)


class Use(models.Model):
    """An order that holds a code, or has bought with it. `released_at`: the order ended unpaid, the use is free again."""

    promotion = models.ForeignKey(Promotion, models.PROTECT, related_name="+", verbose_name=_("promotion code"))
    order_number = models.CharField(_("order"), max_length=19, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("user")
    )
    taken_at = models.DateTimeField(_("taken"), auto_now_add=True)
    released_at = models.DateTimeField(_("released"), null=True, blank=True)

    class Meta:
        verbose_name = _("use of a code")
        verbose_name_plural = _("uses of codes")
        ordering = ["-id"]
        indexes = [AnyCaseIndex(fields=["order_number"], name="promotions_use_order_begins")]

    def __str__(self) -> str:
        return f"{self.promotion} {self.order_number}"
