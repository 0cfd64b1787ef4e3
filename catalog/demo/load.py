"""Writing the demo catalogue into the shop: categories first, then one product after another, each whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from django.conf import settings
from django.db import IntegrityError

from catalog.demo.catalogue import PARENTS, Entry, entries, leaves
from catalog.demo.pictures import Shot, draw
from catalog.demo.prices import offers
from catalog.images import StoredPicture, attach, discard, upload
from catalog.listing import refreshed_once
from catalog.models import Category, Option, Product, ProductImage, Variant
from catalog.stock import adjust

BY = "demo catalogue"


def missing_entries(limit: int | None = None) -> list[tuple[int, Entry]]:
    """What is not in the shop yet, with its position. Whoever deletes a demo product gets it back with the next load."""
    wanted = list(enumerate(entries()))[:limit]
    known = set(Product.objects.filter(slug__in=[entry.slug for _at, entry in wanted]).values_list("slug", flat=True))
    return [(at, entry) for at, entry in wanted if entry.slug not in known]


def load_categories() -> dict[str, Category]:
    """The tree, by path; categories that are there stay as they are."""
    tree: dict[str, Category] = {}
    for number, ((parent_name, parent_slug), (name, slug), blurb) in enumerate(leaves()):
        if parent_slug not in tree:
            tree[parent_slug] = _category(parent_slug, None, parent_name, PARENTS[parent_slug], len(tree))
        tree[f"{parent_slug}/{slug}"] = _category(slug, tree[parent_slug], name, blurb, number)
    return tree


def _category(slug: str, parent: Category | None, name: str, description: str, position: int) -> Category:
    about = {"slug": slug, "parent": parent, "name": name, "description": description, "position": position}
    path = f"{parent.path}/{slug}" if parent else slug
    return Category.objects.get_or_create(path=path, defaults=about)[0]


@contextmanager
def drawings(slugs: list[str]) -> Iterator[Iterator[list[Shot]]]:
    """The pictures of each product in turn, drawn by as many processes as there are processors."""
    jobs = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, len(slugs) // 2)
    if jobs < 2:
        yield map(draw, slugs)
        return
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))  # fork would copy our database connection
    try:
        yield pool.map(draw, slugs)
    finally:
        pool.shutdown(cancel_futures=True)


def load_product(entry: Entry, position: int, shots: list[Shot], tree: dict[str, Category]) -> bool:
    """Store the pictures, then write the product in one transaction. False: somebody else loaded it meanwhile.

    Raises StorageDown.
    """
    stored = {shot.role: (shot.alt, upload(shot.picture)) for shot in shots}
    try:
        with refreshed_once():
            product = _product(entry, position, tree)
            images = {role: attach(product, picture, alt=alt) for role, (alt, picture) in stored.items()}
            _variants(product, entry, images)
    except IntegrityError:
        _discard_all([picture for _alt, picture in stored.values()])
        return False
    return True


def _product(entry: Entry, position: int, tree: dict[str, Category]) -> Product:
    piece, ((_parent, parent_slug), (_name, slug)) = entry.piece, entry.series.category
    product = Product.objects.create(
        title=piece.title,
        slug=entry.slug,
        summary=piece.summary,
        description=entry.description,
        requires_shipping=piece.kind == "print",
        is_published=True,
        position=position,
    )
    product.categories.add(tree[f"{parent_slug}/{slug}"])
    return product


def _variants(product: Product, entry: Entry, images: dict[str, ProductImage]) -> None:
    names: list[str] = []
    for number, offer in enumerate(offers(entry, settings.SHOP_CURRENCY)):
        names += [name for name in offer.options if name not in names]
        variant = Variant.objects.create(
            product=product,
            sku=offer.sku,
            option_values=offer.options,
            price_minor=offer.price.minor,
            compare_at_minor=offer.compare_at.minor if offer.compare_at else None,
            currency=offer.price.currency,
            stock_tracked=offer.stock is not None,
            image=images.get(offer.role),
            position=number,
        )
        if offer.stock:
            adjust(variant.pk, offer.stock, by=BY, reference="opening stock")
    Option.objects.bulk_create(Option(product=product, name=name, position=at) for at, name in enumerate(names))


def _discard_all(pictures: list[StoredPicture]) -> None:
    for picture in pictures:
        discard(picture)
