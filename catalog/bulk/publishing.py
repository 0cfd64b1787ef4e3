"""Put products into the shop, or take them out, many at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from catalog.bulk.chosen import pack
from catalog.bulk.rows import Done, Row
from catalog.history import log_products, told
from catalog.listing import refresh_listings
from catalog.models import Product, Variant


def rows(ids: Iterable[int], *, publish: bool) -> list[Row]:
    offered = Exists(Variant.objects.offered().filter(product=OuterRef("pk")))
    found = Product.objects.filter(pk__in=list(ids)).annotate(has_offers=offered).order_by("position", "id")
    return [_row(product, publish) for product in found]


def _row(product: Any, publish: bool) -> Row:
    before = _state(product.is_published)
    if product.is_published == publish:
        return Row(product, before, why=_("It is so already."))
    after = _state(publish)
    if publish and not product.has_offers:
        after = _("in the shop, but nothing of it can be bought: no variant is on sale")
    return Row(product, before, after, packed=pack(product.pk))


@transaction.atomic
def show(ids: Iterable[int], *, publish: bool, by: Any) -> Done:
    """Publish these products, or take them out of the shop. Those that are so already, and those that are gone, are left.

    Safe under concurrent calls: the products are locked, so each change is done and logged once.
    """
    ids = set(ids)
    found = list(Product.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
    changed = [product for product in found if product.is_published != publish]
    pks = [product.pk for product in changed]
    Product.objects.filter(pk__in=pks).update(is_published=publish, updated_at=Now())
    log_products(changed, [told("Published", not publish, publish)], by=by)
    refresh_listings(pks)
    done = Done(changed=len(changed), already=len(found) - len(changed))
    for _gone in range(len(ids) - len(found)):
        done.leave(_("Deleted meanwhile"), None)
    return done


def _state(is_published: bool) -> str:
    return _("in the shop") if is_published else _("not in the shop")
