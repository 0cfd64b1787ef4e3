"""Products and categories as search engines find them: words for their results, and the addresses that they once had."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class OldAddress(models.Model):
    """An address that led to a product or a category and does no more; the last one that left it has it.

    It names the row, not another address: so there are no chains, and no rings. `address` is "product/slug" or
    "category/path". It is looked at only where nothing else is found (catalog/redirects.py).
    """

    address = models.CharField(_("address"), max_length=420, unique=True)
    product = models.ForeignKey("catalog.Product", models.CASCADE, null=True, related_name="+", verbose_name=_("product"))
    category = models.ForeignKey("catalog.Category", models.CASCADE, null=True, related_name="+", verbose_name=_("category"))

    class Meta:
        verbose_name = _("old address")
        verbose_name_plural = _("old addresses")
        constraints = [
            models.CheckConstraint(
                condition=Q(product=None, category__isnull=False) | Q(product__isnull=False, category=None),
                name="catalog_old_address_of_one",
            )
        ]

    def __str__(self) -> str:
        return self.address

    def address_now(self) -> str:
        there: Any = self.product or self.category
        return there.get_absolute_url()


class FindableQuerySet(models.QuerySet[Any]):
    def update(self, **values: Any) -> int:
        """As ever; addresses that change in bulk are remembered too, also for `bulk_update`."""
        field = self.model.named_by
        if field not in values:
            return super().update(**values)
        with transaction.atomic():
            named = self.model._base_manager.select_for_update().filter(pk__in=self.order_by().values("pk")).order_by("pk")
            remember(self.model, named.values_list("pk", field))
            return super().update(**values)


class Findable(models.Model):
    """Has an address made of the field `named_by`, and words for results in search engines (empty: the page's own)."""

    named_by: ClassVar[str] = "slug"

    seo_title = models.CharField(
        _("title in search results"),
        max_length=200,
        blank=True,
        help_text=_("At most 200 characters, of which about 60 are shown. Empty: the name and the shop's name."),
    )
    seo_description = models.CharField(
        _("description in search results"),
        max_length=400,
        blank=True,
        help_text=_("At most 400 characters, of which about 155 are shown. Empty: the beginning of the page's own text."),
    )

    class Meta:
        abstract = True

    def save(self, **kwargs: Any) -> None:
        """Save, and remember the address it had. The row is locked before, so that of two renamings none is forgotten."""
        with transaction.atomic():
            saved = kwargs.get("update_fields")
            moves = not self._state.adding and (saved is None or self.named_by in saved)
            before = self._names() if moves else []
            super().save(**kwargs)
            remember(type(self), [(pk, name) for pk, name in before if name != getattr(self, self.named_by)])

    def _names(self) -> list[tuple[int, str]]:
        rows = type(self)._base_manager.select_for_update(no_key=True).filter(pk=self.pk)
        return list(rows.values_list("pk", self.named_by))


def remember(model: type[models.Model], named: Iterable[tuple[int, str]]) -> None:
    """Write down that these rows had these names. One statement for 500 of them."""
    kind = model._meta.model_name
    rows = [OldAddress(address=f"{kind}/{name}", **{f"{kind}_id": pk}) for pk, name in named]
    unique, updated = ["address"], ["product", "category"]
    OldAddress.objects.bulk_create(rows, batch_size=500, update_conflicts=True, unique_fields=unique, update_fields=updated)
