"""Staff delete something of a product while an import has it: one waits, none is stopped.

An import locks a product, then its variants and pictures. Were staff to begin with a variant, each would wait for the other,
and PostgreSQL would end one of the two.
"""

from __future__ import annotations

from threading import Event

import pytest
from django.db import OperationalError, connection
from django.urls import reverse

from catalog.admin_guards import KeepsPromises
from catalog.models import ProductImage, Variant
from tests import factories
from tests.catalog.admin_forms import filled_in, list_of, page_of
from tests.catalog.product_files import imported, written
from tests.catalog.waiting import somebody_waits_for_us
from tests.sandbox_process import wait_for

pytestmark = [pytest.mark.only_on("postgres"), pytest.mark.django_db(transaction=True)]


def delete_page(row):
    return reverse(f"admin:catalog_{row._meta.model_name}_delete", args=[row.pk]), {"post": "yes"}


def delete_in_list(_client, variant):
    chosen = {"action": "delete_selected", "_selected_action": [variant.pk], "post": "yes"}
    return list_of(variant._meta.model_name), chosen


def delete_on_the_products_page(what):
    def form(client, variant):
        address = page_of(variant.product)
        return address, filled_in(client, address, **{f"{what}__0__DELETE": "on"})

    return form


WAYS = {
    "a variant's page": lambda _client, variant: delete_page(variant),
    "a product's page": lambda _client, variant: delete_page(variant.product),
    "the list": delete_in_list,
    "a variant among others": delete_on_the_products_page("variants"),
    "a picture": delete_on_the_products_page("images"),
}


def race_with_an_import(race, client, way):
    """The import goes on once staff wait for what it has locked. Answers what became of each."""
    variant = factories.variant(sku="POT", price_minor=900)
    picture = factories.picture(product=variant.product, url="https://pictures.test/pot.jpg", position=3)
    address, form = way(client, variant)
    has_the_product = Event()
    line = {"Handle": variant.product.slug, "Variant SKU": "POT", "Variant Price": "9.50"}
    data = written(line | {"Image Src": picture.url, "Image Position": "1"})

    def hold(execute, sql, *rest):
        result = execute(sql, *rest)
        if not has_the_product.is_set() and 'FROM "catalog_product"' in sql and "FOR NO KEY UPDATE" in sql:
            has_the_product.set()
            wait_for(somebody_waits_for_us, seconds=20, what="staff waiting for the import")
        return result

    def import_it():
        with connection.execute_wrapper(hold):
            return [done.outcome for done in imported(data)]

    def delete():
        assert has_the_product.wait(20)
        return client.post(address, form).status_code

    return race(import_it, delete)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_it_waits_for_the_import_and_then_deletes(race, grace_client, way):
    assert race_with_an_import(race, grace_client, way) == [["changed"], 302]
    assert not (Variant.objects.exists() and ProductImage.objects.exists()), "one of them was to be deleted"


def test_the_race_shows_it_when_the_product_is_not_locked_first(race, grace_client, monkeypatch):
    monkeypatch.setattr(KeepsPromises, "_hold_products", lambda *_about: None)
    found = race_with_an_import(race, grace_client, WAYS["a variant's page"])
    assert "deadlock" in str(next(one for one in found if isinstance(one, OperationalError)))
