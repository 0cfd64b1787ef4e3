"""What a confirmation page lists, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import Product, Variant

NAMED = 20  # in a message; more are counted


@dataclass(frozen=True)
class Row:
    """One thing that changes from `before` to `after`, or does not: then `why` says it. `packed` is sent back."""

    thing: Model
    before: str
    after: str = ""
    why: str = ""
    packed: str = ""

    @property
    def name(self) -> str:
        return named(self.thing)

    @property
    def address(self) -> str:
        return reverse(f"admin:catalog_{self.thing._meta.model_name}_change", args=[self.thing.pk])


@dataclass
class Done:
    """How many changed, how many were as wished already, and who was left alone: names by the reason."""

    changed: int = 0
    already: int = 0
    left: dict[str, list[str]] = field(default_factory=dict)

    def leave(self, why: str, thing: Model | None) -> None:
        self.left.setdefault(why, []).append(named(thing))


def named(thing: Any) -> str:
    if thing is None:
        return _("one that is gone")
    return f"{thing.sku} · {thing}" if isinstance(thing, Variant) else str(thing)


def enumerated(names: list[str]) -> str:
    """As a message says it."""
    told = ", ".join(names[:NAMED])
    more = len(names) - NAMED
    return told if more <= 0 else _("%(names)s and %(more)d more") % {"names": told, "more": more}


def variants_in_order(ids: Iterable[int]) -> list[Variant]:
    """With their products, as the lists of staff have them."""
    found = Variant.objects.filter(pk__in=list(ids)).select_related("product")
    return list(found.order_by("product__position", "product_id", "position", "id"))


def locked_variants(ids: Iterable[int]) -> dict[int, Variant]:
    """Lock products, then variants, until the transaction ends: in the order that everybody keeps. Those that are there."""
    ids = list(ids)
    of = set(Variant.objects.filter(pk__in=ids).values_list("product_id", flat=True))
    products = {one.pk: one for one in Product.objects.select_for_update(no_key=True).filter(pk__in=of).order_by("pk")}
    found = {one.pk: one for one in Variant.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")}
    for variant in found.values():
        if variant.product_id in products:
            variant.product = products[variant.product_id]
    return found
