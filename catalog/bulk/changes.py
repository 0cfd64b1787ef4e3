"""The changes that staff may make to many at once, each with what it asks, what it shows and what it does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from catalog.bulk import prices, publishing, units
from catalog.bulk.chosen import MOST_PRODUCTS, MOST_VARIANTS, Unreadable
from catalog.bulk.forms import NothingToType, PricesForm, StockForm
from catalog.bulk.rows import Done, Row

Shown = dict[int, tuple[int | None, ...]]


class Change:
    """`name` stands in the address, `label` on the button. `about`: "product" or "variant", which its ids are of."""

    name: str
    label: Any
    permission: ClassVar[str]
    about: ClassVar[str] = "variant"
    most: ClassVar[int] = MOST_VARIANTS
    form: ClassVar[type[forms.Form]]

    @property
    def about_text(self) -> str:
        return gettext("Product") if self.about == "product" else gettext("Variant")

    def rows(self, ids: Iterable[int], form: Any) -> list[Row]:
        raise NotImplementedError

    def make(self, shown: Shown, form: Any, *, page: str, by: Any) -> Done:
        """Raises Unreadable for what no page of ours sends, DoneBefore for a page that was sent before."""
        raise NotImplementedError

    def told(self, count: int) -> str:
        raise NotImplementedError


class Publish(Change):
    permission, about, most, form = "catalog.change_product", "product", MOST_PRODUCTS, NothingToType

    def __init__(self, *, publish: bool) -> None:
        self.publish = publish
        self.name, self.label = ("publish", _("Publish")) if publish else ("unpublish", _("Take out of the shop"))

    def rows(self, ids: Iterable[int], form: Any) -> list[Row]:
        return publishing.rows(ids, publish=self.publish)

    def make(self, shown: Shown, form: Any, *, page: str, by: Any) -> Done:
        return publishing.show(shown, publish=self.publish, by=by)

    def told(self, count: int) -> str:
        if self.publish:
            return ngettext("%d product is in the shop now.", "%d products are in the shop now.", count) % count
        return ngettext("%d product was taken out of the shop.", "%d products were taken out of the shop.", count) % count


class ChangePrices(Change):
    name, label, permission, form = "prices", _("Change prices"), "catalog.change_variant", PricesForm

    def rows(self, ids: Iterable[int], form: Any) -> list[Row]:
        return prices.rows(ids, form.rule)

    def make(self, shown: Shown, form: Any, *, page: str, by: Any) -> Done:
        return prices.change_prices(prices.shown_prices(shown), form.rule, by=by)

    def told(self, count: int) -> str:
        return ngettext("%d price was changed.", "%d prices were changed.", count) % count


class ChangeStock(Change):
    name, label, permission, form = "stock", _("Change stock"), "catalog.change_variant", StockForm

    def rows(self, ids: Iterable[int], form: Any) -> list[Row]:
        return units.rows(ids, form.cleaned_data["units"])

    def make(self, shown: Shown, form: Any, *, page: str, by: Any) -> Done:
        if not re.fullmatch(r"[\w-]{16,64}", page, re.ASCII):
            raise Unreadable(page[:100])
        typed: Mapping[str, Any] = form.cleaned_data
        return units.change_stock(shown, typed["units"], reason=typed["reason"], page=page, by=by)

    def told(self, count: int) -> str:
        return ngettext("The stock of %d variant was changed.", "The stock of %d variants was changed.", count) % count


PUBLISH, UNPUBLISH = Publish(publish=True), Publish(publish=False)
PRICES, STOCK = ChangePrices(), ChangeStock()
