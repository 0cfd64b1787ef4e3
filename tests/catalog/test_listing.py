"""Listings follow their products, whatever changes them and in whatever order."""

from __future__ import annotations

from threading import Event

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from catalog import listing, listing_signals
from catalog.index_models import Listing, Place
from catalog.listing import refresh_listings, refreshed_once
from catalog.models import Product, Variant
from tests import factories
from tests.catalog.waiting import somebody_waits_for_us
from tests.sandbox_process import wait_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree():
    top = factories.category(name="Top", slug="top")
    return top, factories.category(name="Below", slug="below", parent=top)


def shown_in(product):
    return set(Place.objects.filter(listing=product.pk).values_list("category_id", flat=True))


def test_it_lists_what_is_published_and_on_sale():
    product = factories.product()
    assert not Listing.objects.exists()
    factories.variant(product=product, price_minor=5900, option_values={"Size": "A3"})
    factories.variant(product=product, price_minor=4900, option_values={"Size": "A4"})
    factories.variant(product=product, price_minor=100, is_active=False, option_values={"Size": "A0"})
    factories.variant(product=product, price_minor=200, currency="USD")
    kept = Listing.objects.get()
    assert (kept.price_minor, kept.choices) == (4900, {"Size": ["A3", "A4"]})


def test_it_forgets_what_is_no_longer_on_sale():
    variant = factories.variant()
    product = variant.product
    variant.is_active = False
    variant.save()
    assert not Listing.objects.exists()
    variant.is_active = True
    variant.save()
    product.is_published = False
    product.save()
    assert not Listing.objects.exists()
    product.is_published = True
    product.save()
    assert Listing.objects.exists()
    variant.delete()
    assert not Listing.objects.exists()


def test_it_goes_with_its_product(tree):
    variant = factories.variant(product=factories.product(categories=[tree[1]]))
    factories.picture(product=variant.product)
    variant.product.delete()
    assert not Listing.objects.exists()
    assert not Place.objects.exists()


def test_it_is_placed_in_all_categories_above(tree):
    top, below = tree
    product = factories.variant(product=factories.product(categories=[below])).product
    assert shown_in(product) == {top.pk, below.pk}
    product.categories.clear()
    assert shown_in(product) == set()
    below.products.add(product)
    assert shown_in(product) == {top.pk, below.pk}
    below.products.clear()
    assert shown_in(product) == set()


def test_it_follows_a_category_that_is_hidden_moved_or_deleted(tree):
    top, below = tree
    product = factories.variant(product=factories.product(categories=[below])).product
    below.is_published = False
    below.save()
    assert shown_in(product) == set()
    below.is_published = True
    below.save()
    other = factories.category(slug="other")
    below.parent = other
    below.save()
    assert shown_in(product) == {other.pk, below.pk}
    top.delete()
    other.slug = "renamed"
    other.save()
    assert shown_in(product) == {other.pk, below.pk}
    below.delete()
    assert shown_in(product) == set()
    assert Listing.objects.get().categories == []


def test_it_writes_new_prices_and_positions_to_its_places(tree):
    variant = factories.variant(product=factories.product(categories=[tree[1]]))
    variant.price_minor = 100
    variant.save()
    Product.objects.filter(pk=variant.product_id).update(position=7)
    refresh_listings([variant.product_id])
    assert set(Place.objects.values_list("position", "price_minor")) == {(7, 100)}


def test_it_refreshes_once_what_changes_often(monkeypatch):
    seen = []
    refresh = listing._refresh
    monkeypatch.setattr(listing, "_refresh", lambda ids, learnt: seen.append(ids) or refresh(ids, learnt))
    with refreshed_once():
        product = factories.product()
        factories.variant(product=product)
        factories.variant(product=product)
    assert seen == [[product.pk]]
    assert Listing.objects.exists()


def test_it_costs_the_same_statements_for_many(django_assert_max_num_queries):
    home = factories.category()
    ids = [factories.variant(product=factories.product(categories=[home])).product_id for _each in range(12)]
    with django_assert_max_num_queries(12 + 12 * (connection.vendor == "sqlite")):  # executemany counts each row
        refresh_listings(ids)


def test_it_makes_all_anew_by_a_command():
    product = factories.variant().product
    Listing.objects.update(price_minor=1)
    Listing.objects.filter(pk=0).delete()
    call_command("refresh_listings")
    assert Listing.objects.get().price_minor == product.variants.get().price_minor


@pytest.mark.only_on("postgres")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("locked", [True, False])
def test_it_waits_for_another_refresh_of_the_product(race, monkeypatch, locked):
    """Without the lock, a refresh that began before the price changed writes the old price last."""
    variant = factories.variant(price_minor=4900)
    has_read, may_write = Event(), Event()
    offers = listing._offers

    def slow_offers(ids):
        found = offers(ids)
        if not has_read.is_set():
            has_read.set()
            assert may_write.wait(20)
        return found

    monkeypatch.setattr(listing, "_offers", slow_offers)
    if not locked:
        monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda self, **_how: self)

    def stale():
        refresh_listings([variant.product_id])

    def newer():
        assert has_read.wait(20)
        Variant.objects.filter(pk=variant.pk).update(price_minor=100)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '700ms'")
            try:
                refresh_listings([variant.product_id])
            except Exception:
                may_write.set()
                waited.append(True)
        may_write.set()
        if waited:
            refresh_listings([variant.product_id])

    waited = []
    outcomes = race(stale, newer)
    assert not any(isinstance(one, AssertionError) for one in outcomes)
    assert bool(waited) is locked
    assert (Listing.objects.get().price_minor == 100) is locked


@pytest.mark.only_on("postgres")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False], ids=["it waits", "the control: it does not"])
def test_it_places_nothing_in_a_category_that_is_hidden_at_the_same_time(race, monkeypatch, tree, guarded):
    top, below = tree
    product = factories.variant().product
    joined, hidden = Event(), Event()
    if not guarded:
        monkeypatch.setattr(listing_signals, "_let_nobody_join", lambda _category: None)

    def join():
        with transaction.atomic():
            product.categories.add(below)  # all above it are on show as yet
            joined.set()
            if guarded:
                wait_for(somebody_waits_for_us, seconds=20, what="the category, waiting")
            else:
                assert hidden.wait(20), "it was hidden before this was over"

    def hide():
        assert joined.wait(20)
        top.is_published = False
        top.save()
        hidden.set()

    assert race(join, hide) == [None, None]
    assert shown_in(product) == (set() if guarded else {top.pk, below.pk})
