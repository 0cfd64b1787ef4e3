"""Many products put into the shop or taken out; and what holds for every change of many: rights, limits, odd posts."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from catalog.bulk import admin as bulk_admin
from catalog.bulk import chosen
from catalog.bulk.publishing import show
from catalog.index_models import Listing
from catalog.models import Product
from tests import factories
from tests.catalog.admin_forms import list_of
from tests.catalog.bulk_pages import choose, messages_of, rows_of, step

ACTIONS = {"publish", "unpublish", "change_prices", "change_stock"}
ADDRESSES = [f"/admin/catalog/product/bulk/{name}/" for name in ("publish", "unpublish", "prices", "stock")]
ADDRESSES += [f"/admin/catalog/variant/bulk/{name}/" for name in ("prices", "stock")]


def some_products(count: int = 1, **fields) -> list[Product]:
    products = [factories.product(title=f"Print {number}", is_published=False, **fields) for number in range(count)]
    for product in products:
        factories.variant(product=product)
    return products


def staff(*rights: str) -> Client:
    user = User.objects.create_user("helper@shop.test", "password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="catalog", codename__in=rights))
    client = Client()
    client.force_login(user)
    return client


# -- Publishing -------------------------------------------------------------------------------------------------------


def test_it_asks_then_publishes_then_says_so(grace_client):
    first, second = some_products(2)
    bare, shown = factories.product(title="Bare", is_published=False), factories.product(title="Shown")
    page = choose(grace_client, "publish", first, second, bare, shown)
    told = rows_of(page)
    assert told["Print 0"] == ("not in the shop", "in the shop")
    assert "nothing of it can be bought" in told["Bare"][1]
    assert told["Shown"] == ("in the shop", "It is so already.")
    assert Product.objects.filter(is_published=True).count() == 1, "asking changes nothing"
    Product.objects.filter(pk=second.pk).delete()
    told = messages_of(grace_client, step(grace_client, page, "confirm"))
    assert told == ["2 products are in the shop now.", "Left as it was: one that is gone. Deleted meanwhile."]
    assert set(Product.objects.filter(is_published=True)) == {first, bare, shown}
    assert list(Listing.objects.values_list("pk", flat=True)) == [first.pk]
    assert [str(entry) for entry in LogEntry.objects.filter(object_id=str(first.pk))] == [
        "Changed “Print 0” — Changed Published: no → yes."
    ]


def test_it_takes_products_out_of_the_shop(grace_client, client):
    product = factories.variant().product
    assert client.get(product.get_absolute_url()).status_code == 200
    page = choose(grace_client, "unpublish", product)
    assert messages_of(grace_client, step(grace_client, page, "confirm")) == ["1 product was taken out of the shop."]
    assert client.get(product.get_absolute_url()).status_code == 404
    assert not Listing.objects.exists()


def test_it_logs_one_change_for_many_who_publish_at_once(race, grace):
    products = some_products(3)
    ids = [product.pk for product in products]
    done = race(*[lambda way=way: show(ids[::way], publish=True, by=grace) for way in (1, -1, 1, -1)])
    assert sorted(each.changed for each in done) == [0, 0, 0, 3]
    assert LogEntry.objects.count() == Listing.objects.count() == 3


# -- Every change -----------------------------------------------------------------------------------------------------


@pytest.mark.same_on_both
@pytest.mark.parametrize("address", ADDRESSES)
def test_it_does_nothing_on_get_and_nothing_for_shoppers(grace_client, ada_client, client, address):
    assert grace_client.get(address).status_code == 405
    for shopper in (ada_client, client):
        assert shopper.post(address, {"chosen": "1", "step": "confirm", "shown": "1"}).status_code == 302
    assert not LogEntry.objects.exists()


def test_it_carries_the_ids_that_were_shown_and_not_the_filter(grace_client):
    (wanted,) = some_products()
    page = choose(grace_client, "publish", wanted, query="?is_published__exact=0", select_across="1")
    (later,) = some_products()
    step(grace_client, page, "confirm")
    wanted.refresh_from_db()
    later.refresh_from_db()
    assert (wanted.is_published, later.is_published) == (True, False)


def test_it_says_that_too_many_are_chosen(grace_client, monkeypatch):
    monkeypatch.setattr(bulk_admin, "MOST_PRODUCTS", 2)
    monkeypatch.setattr(type(bulk_admin.PUBLISH), "most", 2)
    products = some_products(3)
    for action in sorted(ACTIONS):
        (told,) = messages_of(grace_client, choose(grace_client, action, products[0], select_across="1"))
        assert told.startswith("At once at most 2 products or 5000 variants.")
    assert choose(grace_client, "publish", *products[:2]).status_code == 200
    monkeypatch.setattr(bulk_admin.PRICES, "most", 1)
    assert choose(grace_client, "change_prices", *products[:2]).status_code == 302


def test_it_counts_what_was_deleted_while_staff_typed(grace_client):
    kept, gone = (factories.variant() for _each in range(2))
    asked = choose(grace_client, "change_stock", kept, gone)
    gone.delete()
    page = step(grace_client, asked, "look", units="1")
    assert list(rows_of(page)) == [kept.sku]
    assert "1 was deleted meanwhile." in page.content.decode()


@pytest.mark.same_on_both
def test_it_carries_as_many_ids_as_may_be_chosen():
    most = ",".join(chosen.pack(pk, 99_999_999, None) for pk in range(chosen.MOST_VARIANTS))
    assert len(chosen.unpack(most)) == chosen.MOST_VARIANTS
    assert len(most) < 200_000


def test_it_says_that_nothing_is_chosen(grace_client):
    some_products()
    answer = grace_client.post(list_of("product"), {"action": "publish", "index": "0"}, follow=True)
    assert "Items must be selected" in answer.content.decode()


@pytest.mark.parametrize(
    ("rights", "actions"),
    [
        (["view_product", "view_variant"], set()),
        (["view_product", "change_product"], {"publish", "unpublish"}),
        (["view_product", "view_variant", "change_variant"], {"change_prices", "change_stock"}),
    ],
)
def test_it_offers_and_does_only_what_somebody_may(db, rights, actions):
    helper = staff(*rights)
    (product,) = some_products()
    offered = helper.get(list_of("product")).context.get("action_form")
    assert {name for name, _label in (offered.fields["action"].choices if offered else [])} & ACTIONS == actions
    for action in sorted(ACTIONS - actions):
        assert choose(helper, action, product).status_code in (200, 302)
        address = f"/admin/catalog/product/bulk/{action.removeprefix('change_')}/"
        posted = {"chosen": str(product.pk), "shown": str(product.pk), "step": "confirm", "units": "5", "page": "p" * 20}
        assert helper.post(address, posted).status_code == 403
    assert not LogEntry.objects.exists()
    product.refresh_from_db()
    assert not product.is_published
