"""Keeping the listings: what lists and search read, written in the transaction of whatever changes it.

catalog/listing_signals.py calls `refresh_listings` for rows that are saved one by one. Whoever writes in bulk calls it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from django.db import connection, transaction

from catalog.choices import learn_choices
from catalog.index import Entry, index
from catalog.index_models import Listing
from catalog.models import Category, Product, Variant
from catalog.terms import category_token, priced_tokens, tokens, words_of
from catalog.typos import learn_words

BATCH = 1_000
MOST_LEARNT = 100_000  # words that a run remembers to have stored
_waiting: ContextVar[set[int] | None] = ContextVar("waiting", default=None)


def refresh_listings(product_ids: Iterable[int], *, learnt: set[str] | None = None) -> None:
    """Make the listings of these products what they should be now. A dozen statements for each thousand.

    `learnt`: words that an earlier call of the same run has stored; those of this call are added.
    Safe under concurrent calls: the products are locked, in the order of their ids, until the transaction ends.
    """
    ids = sorted(set(product_ids))
    waiting = _waiting.get()
    if waiting is not None:
        waiting.update(ids)
        return
    learnt = set() if learnt is None else learnt
    for start in range(0, len(ids), BATCH):
        _refresh(ids[start : start + BATCH], learnt)


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
    last, learnt = 0, set[str]()
    while ids := list(Product.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        refresh_listings(ids, learnt=learnt)
        last = ids[-1]
        progress(len(ids))


class Told(NamedTuple):
    """What a product says of itself."""

    pk: int
    position: int
    is_published: bool
    title: str
    summary: str
    description: str


class Offer(NamedTuple):
    """What is offered of it."""

    product_id: int
    sku: str
    option_values: dict[str, str]
    price_minor: int


@transaction.atomic
def _refresh(ids: list[int], learnt: set[str]) -> None:
    locked = Product.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    products = [told for told in map(Told._make, locked.values_list(*Told._fields)) if told.is_published]
    offers = _offers([product.pk for product in products])
    listed = [product for product in products if product.pk in offers]
    _forget(set(ids) - {product.pk for product in listed})
    if not listed:
        return
    shown_in = _shown_in([product.pk for product in listed])
    words: set[str] = set()
    index().store([_entry(product, offers[product.pk], sorted(shown_in[product.pk]), words) for product in listed])
    _place([product.pk for product in listed])
    learn_words(words - learnt)
    learn_choices({(name, str(value)) for some in offers.values() for one in some for name, value in one.option_values.items()})
    if len(learnt) < MOST_LEARNT:
        learnt |= words


def _forget(ids: set[int]) -> None:
    gone = list(Listing.objects.filter(pk__in=ids).values_list("pk", flat=True)) if ids else []
    if gone:
        Listing.objects.filter(pk__in=gone).delete()  # with its places, and its words by a signal


def _offers(ids: list[int]) -> dict[int, list[Offer]]:
    found: dict[int, list[Offer]] = defaultdict(list)
    wanted = Variant.objects.offered().filter(product__in=ids).order_by("position", "pk")
    for offer in map(Offer._make, wanted.values_list(*Offer._fields)):
        found[offer.product_id].append(offer)
    return dict(found)


def _choices(offers: list[Offer]) -> dict[str, list[str]]:
    choices: dict[str, dict[str, None]] = {}
    for offer in offers:
        for name, value in offer.option_values.items():
            choices.setdefault(str(name), {})[str(value)] = None
    return {name: list(values) for name, values in choices.items()}


def _entry(product: Told, offers: list[Offer], categories: list[int], words: set[str]) -> Entry:
    """The listing. What it says anywhere is added to `words`."""
    choices = _choices(offers)
    options = [offer.sku for offer in offers] + [value for values in choices.values() for value in values]
    body = f"{product.summary} {product.description}"
    found = tokens(title=product.title, options=options, body=body, choices=choices)
    words.update(words_of(found))
    found |= set(map(category_token, categories))
    lowest = min(offer.price_minor for offer in offers)
    found |= priced_tokens(found, lowest)
    return Entry(product.pk, product.position, lowest, json.dumps(choices), json.dumps(categories), " ".join(found))


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


# What a listing says of its categories, as rows. {each} makes them of JSON; {ids} are the listings.
ENDED = """
    DELETE FROM catalog_place WHERE listing_id IN ({ids}) AND NOT EXISTS (
        SELECT 1 FROM catalog_listing l, {each}(l.categories) AS inside
        WHERE l.product_id = catalog_place.listing_id AND CAST(inside.value AS bigint) = catalog_place.category_id)
"""
PLACED = """
    INSERT INTO catalog_place (category_id, listing_id, position, price_minor)
    SELECT CAST(inside.value AS bigint), l.product_id, l.position, l.price_minor
    FROM catalog_listing l, {each}(l.categories) AS inside WHERE l.product_id IN ({ids})
    ON CONFLICT (category_id, listing_id) DO UPDATE SET position = EXCLUDED.position, price_minor = EXCLUDED.price_minor
    WHERE (catalog_place.position, catalog_place.price_minor) <> (EXCLUDED.position, EXCLUDED.price_minor)
"""


def _place(ids: list[int]) -> None:
    """Delete the places that ended, write those that are new or changed."""
    with connection.cursor() as cursor:
        for statement in (ENDED, PLACED):
            cursor.execute(statement.format(each=index().EACH, ids=", ".join(map(str, ids))))
