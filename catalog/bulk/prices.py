"""Prices of many variants changed by one rule. Only a price that is still what staff were shown is changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.bulk.chosen import Unreadable, pack
from catalog.bulk.rows import Done, Row, locked_variants, variants_in_order
from catalog.changes import touch
from catalog.history import log_variants, priced, told
from catalog.listing import refresh_listings
from catalog.models import MAX_PRICE_MINOR, Variant
from money.currencies import currency

HUNDRED_PERCENT = 10_000  # in hundredths of a percent
# Ten times as quick as `bulk_update`, and on SQLite nobody else can write meanwhile.
SET_PRICES = "UPDATE catalog_variant SET price_minor = %s, compare_at_minor = %s WHERE id = %s"


class How(models.TextChoices):
    PERCENT = "percent", gettext_lazy("By percent")
    AMOUNT = "amount", gettext_lazy("By an amount")
    SET = "set", gettext_lazy("To an amount")
    BACK = "back", gettext_lazy("Back to the price before (ends a sale)")


class Before(models.TextChoices):
    """What becomes of the price before, which is crossed out beside the price. It is dropped where it is no longer higher."""

    KEEP = "keep", gettext_lazy("Leave it")
    OLD = "old", gettext_lazy("What it cost until now, where the price falls (begins a sale)")
    NONE = "none", gettext_lazy("Remove it")


class Prices(NamedTuple):
    """A price and the price before, in minor units of the shop's currency."""

    price: int
    before: int | None

    def __str__(self) -> str:
        now = priced(self.price, settings.SHOP_CURRENCY)
        return now if self.before is None else _("%(price)s, before %(before)s") % {"price": now, "before": self._before}

    @property
    def _before(self) -> str:
        return priced(self.before, settings.SHOP_CURRENCY)


class Rule(NamedTuple):
    """`hundredths` of a percent, more (or less, below 0), or an `amount` of minor units, by `how`."""

    how: str
    hundredths: int = 0
    amount: int = 0
    before: str = Before.KEEP


class NotPriced(Exception):
    """The rule gives no price that a variant may have; the words are for staff."""


def new_prices(old: Prices, rule: Rule) -> Prices:
    """What the rule makes of these. Raises NotPriced."""
    price = _new_price(old, rule)
    if price < 0:
        raise NotPriced(_("It would cost less than nothing."))
    if price > MAX_PRICE_MINOR:
        raise NotPriced(_("At most %(limit)s.") % {"limit": priced(MAX_PRICE_MINOR, settings.SHOP_CURRENCY)})
    return Prices(price, _new_before(old, price, rule))


def by_percent(minor: int, hundredths: int, *, step: int) -> int:
    """`minor` and so many hundredths of a percent more, rounded half up to a multiple of `step`; exact, by integers."""
    unit = HUNDRED_PERCENT * step
    return step * ((2 * minor * (HUNDRED_PERCENT + hundredths) + unit) // (2 * unit))


def _new_price(old: Prices, rule: Rule) -> int:
    if rule.how == How.BACK:
        if old.before is None or old.before <= old.price:
            raise NotPriced(_("It has no price before that is higher."))
        return old.before
    if rule.how == How.PERCENT:
        return by_percent(old.price, rule.hundredths, step=currency(settings.SHOP_CURRENCY).step)
    return rule.amount if rule.how == How.SET else old.price + rule.amount


def _new_before(old: Prices, price: int, rule: Rule) -> int | None:
    """Of one reduction after another the highest price stays crossed out: it is what the sale began with."""
    before = None if rule.how == How.BACK or rule.before == Before.NONE else old.before
    if rule.before == Before.OLD and rule.how != How.BACK and price < old.price:
        before = max(old.price, old.before or 0)
    return before if before is not None and before > price else None


def rows(ids: Iterable[int], rule: Rule) -> list[Row]:
    return [_row(variant, rule) for variant in variants_in_order(ids)]


def _row(variant: Variant, rule: Rule) -> Row:
    if variant.currency != settings.SHOP_CURRENCY:
        return Row(variant, str(variant.price), why=_("It is not priced in the shop's currency. Type its price on its page."))
    old = _prices_of(variant)
    try:
        new = new_prices(old, rule)
    except NotPriced as error:
        return Row(variant, str(old), why=str(error))
    if new == old:
        return Row(variant, str(old), why=_("It is so already."))
    return Row(variant, str(old), str(new), packed=pack(variant.pk, *old))


def shown_prices(unpacked: dict[int, tuple[int | None, ...]]) -> dict[int, Prices]:
    """What a page sent back. Raises Unreadable."""
    found = {}
    for pk, shown in unpacked.items():
        if len(shown) != 2 or shown[0] is None:
            raise Unreadable(f"{pk}: {shown}")
        found[pk] = Prices(shown[0], shown[1])
    return found


@transaction.atomic
def change_prices(shown: dict[int, Prices], rule: Rule, *, by: Any) -> Done:
    """Price by the rule each variant that still has the prices shown; the others are named and stay as they are.

    Safe under concurrent calls: what is compared is locked until it is written.
    """
    locked, done = locked_variants(shown), Done()
    changed: list[tuple[Variant, Prices, Prices]] = []
    for pk, old in shown.items():
        variant = locked.get(pk)
        if variant is None:
            done.leave(_("Deleted meanwhile"), None)
            continue
        new, now = _wanted(old, rule), _prices_of(variant)
        if now == new and variant.currency == settings.SHOP_CURRENCY:
            done.already += 1
        elif new is None or now != old or variant.currency != settings.SHOP_CURRENCY:
            done.leave(_("Priced by somebody else since you looked"), variant)
        else:
            variant.price_minor, variant.compare_at_minor = new
            changed.append((variant, old, new))
    _write([variant for variant, _old, _new in changed])
    log_variants(((variant, _words(old, new)) for variant, old, new in changed), by=by)
    done.changed = len(changed)
    return done


def _wanted(old: Prices, rule: Rule) -> Prices | None:
    try:
        return new_prices(old, rule)
    except NotPriced:
        return None


def _write(variants: list[Variant]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(SET_PRICES, [(one.price_minor, one.compare_at_minor, one.pk) for one in variants])
    products = list({variant.product_id for variant in variants})
    touch(products)
    refresh_listings(products)


def _prices_of(variant: Variant) -> Prices:
    return Prices(variant.price_minor, variant.compare_at_minor)


def _words(old: Prices, new: Prices) -> list[str]:
    code = settings.SHOP_CURRENCY
    pairs = [("Price", old.price, new.price), ("Price before", old.before, new.before)]
    return [told(label, priced(was, code), priced(now, code)) for label, was, now in pairs if was != now]
