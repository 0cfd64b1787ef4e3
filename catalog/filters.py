"""What a list is asked for, and the address that says so: words, category, prices, stock, options, order.

Options are asked for as `option.Size=A3`. The prefix keeps them from meeting the other names, however staff call an option.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.validators import slug_re
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import MAX_PRICE_MINOR
from money import Money

OPTION = "option."
MOST_VALUES = 40  # chosen at once, of all options together
LONGEST = 200
RELEVANCE, FEATURED = "relevance", "featured"
SORTS = {
    RELEVANCE: gettext_lazy("Best match"),
    FEATURED: gettext_lazy("The shop's order"),
    "newest": gettext_lazy("Newest"),
    "price": gettext_lazy("Price, low to high"),
    "price-down": gettext_lazy("Price, high to low"),
}


class BadFilter(ValueError):
    """The address asks for what cannot be. Its text says so to the visitor."""


@dataclass(frozen=True)
class Chip:
    """A filter that is on. `without` is the query string of the same list without it."""

    text: str
    without: str


@dataclass(frozen=True)
class Asked:
    """Prices are minor units of the shop's currency; `options` are (name, chosen values), sorted."""

    q: str = ""
    category: str = ""
    price_from: int | None = None
    price_to: int | None = None
    in_stock: bool = False
    options: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sort: str = ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.category or self.in_stock or self.options or self.price_from is not None or self.price_to is not None)

    @property
    def order(self) -> str:
        return self.sort or (RELEVANCE if self.q else FEATURED)

    @property
    def sorts(self) -> list[tuple[str, Any, bool]]:
        """(value, name, is it on) of each order that this list can be in."""
        return [(key, name, key == self.order) for key, name in SORTS.items() if self.q or key != RELEVANCE]

    def query(self, **more: str) -> str:
        """The query string, always in the same order; `more` comes last."""
        pairs: list[tuple[str, str]] = [("q", self.q), ("category", self.category)]
        pairs += [(OPTION + name, value) for name, values in self.options for value in values]
        pairs += [("price_from", _typed(self.price_from)), ("price_to", _typed(self.price_to))]
        pairs += [("in_stock", "1" if self.in_stock else ""), ("sort", self.sort), *more.items()]
        return urlencode([(name, value) for name, value in pairs if value])

    def chips(self, category_name: str = "") -> tuple[Chip, ...]:
        """What is on, each with the way to take it off."""
        chips = [
            Chip(f"{name}: {value}", self._without(name, value).query()) for name, values in self.options for value in values
        ]
        if self.category:
            chips.insert(0, Chip(category_name or self.category, replace(self, category="").query()))
        if self.price_from is not None:
            text = _("from %(price)s") % {"price": _shown(self.price_from)}
            chips.append(Chip(text, replace(self, price_from=None).query()))
        if self.price_to is not None:
            text = _("up to %(price)s") % {"price": _shown(self.price_to)}
            chips.append(Chip(text, replace(self, price_to=None).query()))
        if self.in_stock:
            chips.append(Chip(_("In stock"), replace(self, in_stock=False).query()))
        return tuple(chips)

    def without_option(self, name: str) -> Asked:
        return replace(self, options=tuple(pair for pair in self.options if pair[0] != name))

    def unfiltered(self) -> Asked:
        return Asked(q=self.q, sort=self.sort)

    @property
    def price_from_typed(self) -> str:
        return _typed(self.price_from)

    @property
    def price_to_typed(self) -> str:
        return _typed(self.price_to)

    def _without(self, name: str, value: str) -> Asked:
        left = ((key, tuple(one for one in values if (key, one) != (name, value))) for key, values in self.options)
        return replace(self, options=tuple((key, values) for key, values in left if values))


def asked_for(parameters: QueryDict, *, q: str = "") -> Asked:
    """Read a query string. Raises BadFilter. Parameters that nobody knows are ignored."""
    category = parameters.get("category", "").strip("/")
    if category and not all(slug_re.match(part) for part in category.split("/")):
        raise BadFilter(_("The part “category” of this address is not the address of a category."))
    sort = parameters.get("sort", "")
    if sort and (sort not in SORTS or (sort == RELEVANCE and not q)):
        raise BadFilter(_("The part “sort” of this address names an order that lists do not have."))
    price_from, price_to = _price(parameters, "price_from"), _price(parameters, "price_to")
    if price_from is not None and price_to is not None and price_from > price_to:
        raise BadFilter(_("The lowest price is higher than the highest one."))
    return Asked(
        q=q,
        category=category,
        price_from=price_from,
        price_to=price_to,
        in_stock=parameters.get("in_stock", "") not in ("", "0"),
        options=_options(parameters),
        sort="" if sort == (RELEVANCE if q else FEATURED) else sort,
    )


def _options(parameters: QueryDict) -> tuple[tuple[str, tuple[str, ...]], ...]:
    chosen = {name[len(OPTION) :]: _clean(values) for name, values in parameters.lists() if name.startswith(OPTION)}
    if sum(map(len, chosen.values())) > MOST_VALUES:
        raise BadFilter(_("This address asks for too many options at once."))
    return tuple(sorted((name, values) for name, values in chosen.items() if name and values and len(name) <= LONGEST))


def _clean(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if 0 < len(value) <= LONGEST}))


def _price(parameters: QueryDict, name: str) -> int | None:
    text = parameters.get(name, "").strip()
    if not text:
        return None
    try:
        price = Money.parse(text, settings.SHOP_CURRENCY).minor
    except ValueError:
        price = -1
    if not 0 <= price <= MAX_PRICE_MINOR:
        example = Money(MAX_PRICE_MINOR, settings.SHOP_CURRENCY)
        raise BadFilter(
            _("“%(text)s” is no price. Type an amount up to %(example)s.") % {"text": text[:20], "example": example}
        )
    return price


def _typed(price: int | None) -> str:
    return "" if price is None else str(Money(price, settings.SHOP_CURRENCY).decimal)


def _shown(price: int) -> str:
    return str(Money(price, settings.SHOP_CURRENCY))
