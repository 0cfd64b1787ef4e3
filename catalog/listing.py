"""Keeping the listings: what lists and search read, written in the transaction of whatever changes it.

catalog/listing_signals.py calls `refresh_listings` for rows that are saved one by one. Whoever writes in bulk calls it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import transaction

from catalog.index import index
from catalog.index_models import Listing, Place
from catalog.models import Category, Product, Variant
from catalog.terms import tokens
from catalog.typos import learn_words

BATCH = 1_000
_waiting: ContextVar[set[int] | None] = ContextVar("waiting", default=None)


def refresh_listings(product_ids: Iterable[int]) -> None:
    """Make the listings of these products what they should be now. A dozen statements for each thousand.

    Safe under concurrent calls: the products are locked, in the order of their ids, until the transaction ends.
    """
    ids = sorted(set(product_ids))
    waiting = _waiting.get()
    if waiting is not None:
        waiting.update(ids)
        return
    for start in range(0, len(ids), BATCH):
        _refresh(ids[start : start + BATCH])


@contextmanager
def refreshed_once() -> Iterator[None]:
    """Within, listings wait; at the end each is made once. One transaction; an error undoes it all."""
    with transaction.atomic():
        waiting: set[int] = set()
        token = _waiting.set(waiting)
        try:
            yield
        finally:
            _waiting.reset(token)
        refresh_listings(waiting)


def refresh_all(progress: Callable[[int], object] = lambda _count: None) -> None:
    """Make all listings anew, a thousand at a time, each thousand a transaction. `progress` gets how many are done."""
    last = 0
    while ids := list(Product.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        refresh_listings(ids)
        last = ids[-1]
        progress(len(ids))


@transaction.atomic
def _refresh(ids: list[int]) -> None:
    locked = Product.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    products = [product for product in locked if product.is_published]
    offers = _offers([product.pk for product in products])
    listed = [product for product in products if product.pk in offers]
    _forget(set(ids) - {product.pk for product in listed})
    if not listed:
        return
    shown_in = _shown_in([product.pk for product in listed])
    listings = [_listing(product, offers[product.pk], sorted(shown_in[product.pk])) for product in listed]
    fields = ["position", "price_minor", "choices", "categories"]
    Listing.objects.bulk_create(listings, update_conflicts=True, unique_fields=["product"], update_fields=fields)
    terms = {product.pk: _terms(product, offers[product.pk]) for product in listed}
    index().store(terms)
    learn_words({token[1:] for found in terms.values() for token in found if token[0] == "d"})
    _place(listings)


def _forget(ids: set[int]) -> None:
    gone = list(Listing.objects.filter(pk__in=ids).values_list("pk", flat=True)) if ids else []
    if gone:
        Listing.objects.filter(pk__in=gone).delete()  # with its places, and its words by a signal


def _offers(ids: list[int]) -> dict[int, list[Variant]]:
    found: dict[int, list[Variant]] = defaultdict(list)
    wanted = Variant.objects.offered().filter(product__in=ids).order_by("position", "pk")
    for variant in wanted.only("product", "sku", "option_values", "price_minor"):
        found[variant.product_id].append(variant)
    return dict(found)


def _choices(offers: list[Variant]) -> dict[str, list[str]]:
    choices: dict[str, dict[str, None]] = {}
    for variant in offers:
        for name, value in variant.option_values.items():
            choices.setdefault(str(name), {})[str(value)] = None
    return {name: list(values) for name, values in choices.items()}


def _listing(product: Product, offers: list[Variant], categories: list[int]) -> Listing:
    lowest = min(variant.price_minor for variant in offers)
    about: dict[str, Any] = {"position": product.position, "choices": _choices(offers), "categories": categories}
    return Listing(product=product, price_minor=lowest, **about)


def _terms(product: Product, offers: list[Variant]) -> set[str]:
    choices = _choices(offers)
    words = [variant.sku for variant in offers] + [value for values in choices.values() for value in values]
    body = f"{product.summary} {product.description}"
    return tokens(title=product.title, options=words, body=body, choices=choices)


def _shown_in(ids: list[int]) -> dict[int, set[int]]:
    """By product, the categories whose pages show it: its own and all above, where every one of them is published."""
    members = Product.categories.through.objects.filter(product__in=ids).values_list("product_id", "category__path")
    paths = {path for _product, path in members}
    above = {path: _ways_up(path) for path in paths}
    wanted = {way for ways in above.values() for way in ways}
    known = {one.path: one for one in Category.objects.filter(path__in=wanted).only("path", "is_published")} if wanted else {}
    found: dict[int, set[int]] = defaultdict(set)
    for product, path in members:
        ways = [known.get(way) for way in above[path]]
        if all(way and way.is_published for way in ways):
            found[product].update(way.pk for way in ways if way)
    return found


def _ways_up(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _place(listings: list[Listing]) -> None:
    """Write the places that are new or changed, delete those that ended."""
    wanted = {
        (category, listing.pk): (listing.position, listing.price_minor)
        for listing in listings
        for category in listing.categories
    }
    there = {
        (place.category_id, place.listing_id): place
        for place in Place.objects.filter(listing__in=[each.pk for each in listings])
    }
    ended = [place.pk for key, place in there.items() if key not in wanted]
    if ended:
        Place.objects.filter(pk__in=ended).delete()
    new = [
        Place(category_id=category, listing_id=listing, position=position, price_minor=price)
        for (category, listing), (position, price) in wanted.items()
        if (place := there.get((category, listing))) is None or (place.position, place.price_minor) != (position, price)
    ]
    if new:
        keys, fields = ["category", "listing"], ["position", "price_minor"]
        Place.objects.bulk_create(new, update_conflicts=True, unique_fields=keys, update_fields=fields)
