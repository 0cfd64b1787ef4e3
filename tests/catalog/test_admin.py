from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from catalog.models import Category, Product, StockMovement, Variant
from tests import factories
from tests.catalog import files
from tests.catalog.admin_forms import errors_of, fields_of, list_of, page_of, submit

ADD = "/admin/catalog/product/add/"
LISTS = ["product", "variant", "category", "stockmovement"]


# -- Lists ------------------------------------------------------------------------------------------------------------


def test_it_asks_the_database_as_often_for_many_variants_on_a_page(grace_client, django_assert_max_num_queries):
    product = factories.variant().product
    factories.picture(product=product)
    grace_client.get(page_of(product))
    with django_assert_max_num_queries(25) as few:
        grace_client.get(page_of(product))
    for _more in range(8):
        factories.variant(product=product)
    with django_assert_max_num_queries(len(few)):
        grace_client.get(page_of(product))


def test_it_answers_questions_in_the_list_of_products(grace_client):
    product = factories.product(title="Murmuration", categories=[factories.category(name="Flow fields")])
    picture = factories.picture(product=product)
    factories.variant(product=product, price_minor=1900, on_hand=3)
    factories.variant(product=product, price_minor=4900, on_hand=4)
    page = grace_client.get(list_of("product")).content.decode()
    for shown in (picture.url, "Murmuration", "€19.00 – €49.00", ">7<", "Flow fields"):
        assert shown in page


@pytest.mark.parametrize(
    ("query", "found"),
    [("?stock=out", {"Gone"}), ("?stock=low", {"Few"}), ("?stock=plenty", {"Many"}), ("?stock=uncounted", {"File"})],
)
def test_it_filters_by_stock(grace_client, query, found):
    for title, units in (("Gone", 0), ("Few", 2), ("Many", 50)):
        factories.variant(product=factories.product(title=title), on_hand=units)
    factories.variant(product=factories.product(title="File"), on_hand=0, stock_tracked=False)
    answer = grace_client.get(list_of("product", query))
    assert {product.title for product in answer.context["cl"].result_list} == found
    answer = grace_client.get(list_of("variant", query))
    assert {variant.product.title for variant in answer.context["cl"].result_list} == found


def test_it_filters_by_a_category_and_all_below_it(grace_client):
    prints = factories.category(name="Prints", slug="prints")
    fields = factories.category(name="Fields", slug="fields", parent=prints)
    below = factories.product(title="Below", categories=[fields, prints])
    factories.product(title="Elsewhere", categories=[factories.category(name="Printsy", slug="printsy")])
    answer = grace_client.get(list_of("product", "?category=prints"))
    assert list(answer.context["cl"].result_list) == [below]


@pytest.mark.parametrize("query", ["?stock=nonsense", "?category=no/such", "?q=%00", "?o=99", "?p=7777", "?created_at__gte=x"])
def test_it_never_fails_on_odd_queries(grace_client, query):
    assert grace_client.get(list_of("product", query), follow=True).status_code in (200, 400)


def test_it_finds_products_by_sku_and_publishes_them(grace_client):
    product = factories.product(is_published=False)
    factories.variant(product=product, sku="FIND-ME")
    answer = grace_client.get(list_of("product", "?q=find-me"))
    assert list(answer.context["cl"].result_list) == [product]
    for action, published in (("publish", True), ("unpublish", False)):
        asked = grace_client.post(list_of("product"), {"action": action, "_selected_action": [product.pk]})
        form = {**fields_of(asked.content.decode()), "step": "confirm"}
        assert grace_client.post(f"/admin/catalog/product/bulk/{action}/", form).status_code == 302
        product.refresh_from_db()
        assert product.is_published is published


def test_it_links_to_the_shop_only_what_is_in_the_shop(grace_client):
    product = factories.product()
    assert "View on site" in grace_client.get(page_of(product)).content.decode()
    Product.objects.update(is_published=False)
    assert "View on site" not in grace_client.get(page_of(product)).content.decode()


def test_it_shows_the_tree_of_categories(grace_client):
    parent = factories.category(name="Prints", slug="prints")
    child = factories.category(name="Fields", slug="fields", parent=parent)
    factories.product(categories=[child])
    rows = [(row.path, row.product_count) for row in grace_client.get(list_of("category")).context["cl"].result_list]
    assert rows == [("prints", 0), ("prints/fields", 1)]
    answer = submit(grace_client, page_of(parent), parent=child.pk)
    assert errors_of(answer) == {"parent": ["A category cannot lie below itself."]}
    assert Category.objects.get(pk=parent.pk).parent is None


def test_it_moves_no_category_where_what_lies_below_would_have_too_long_an_address(grace_client):
    top = factories.category(slug="prints")
    below = top
    for number in range(4):
        below = factories.category(slug=f"{number}".ljust(80, "z"), parent=below)
    elsewhere = factories.category(slug="e" * 69)  # with it, a slash and all below, 400 letters
    longer = factories.category(slug="e" * 70)
    answer = submit(grace_client, page_of(top), parent=longer.pk)
    assert errors_of(answer) == {"parent": [f"The address of “{below.path}”, which lies below it, would be too long."]}
    assert list(errors_of(submit(grace_client, page_of(top), slug="p" * 77))) == ["slug"]
    assert submit(grace_client, page_of(top), parent=elsewhere.pk).status_code == 302
    below.refresh_from_db()
    assert len(below.path) == 400
    assert submit(grace_client, page_of(top), name="Renamed").status_code == 302


def test_it_marks_nothing_up_inline(grace_client, stocked):
    factories.picture(product=stocked.product)
    for address in [*map(list_of, LISTS), page_of(stocked), page_of(stocked.product), ADD]:
        answer = grace_client.get(address)
        assert "unsafe-inline" not in answer["Content-Security-Policy"]
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", answer.content.decode()), address


# -- Products ---------------------------------------------------------------------------------------------------------


def test_it_adds_a_product_with_a_picture_and_stock(grace_client, media):
    answer = submit(
        grace_client,
        ADD,
        title="New Print",
        slug="new-print",
        is_published="on",
        images__0__alt="Red and quiet",
        images__0__file=files.encoded(),
        variants__0__sku="NEW-A3",
        variants__0__option_values="Size: A3; Paper: Matte",
        variants__0__price_minor="49.50",
        variants__0__compare_at_minor="60",
        variants__0__units="12",
        variants__0__reason="first delivery",
    )
    assert answer.status_code == 302, errors_of(answer)
    variant = Variant.objects.get()
    assert (variant.price_minor, variant.compare_at_minor, variant.currency) == (4950, 6000, "EUR")
    assert (variant.stock_on_hand, variant.option_values) == (12, {"Size": "A3", "Paper": "Matte"})
    movement = StockMovement.objects.get()
    assert (movement.kind, movement.delta, movement.by, movement.reference) == (
        "restock",
        12,
        "grace@shop.test",
        "first delivery",
    )
    product = Product.objects.get()
    assert [option.name for option in product.options.all()] == ["Size", "Paper"]
    image = product.images.get()
    assert (image.alt, image.width, image.renditions) == ("Red and quiet", 1600, [])
    assert image.due_at
    assert (media / image.name).exists()
    assert Client().get(product.get_absolute_url()).status_code == 200


def test_it_changes_nothing_when_nothing_is_changed(grace_client, stocked, media):
    factories.picture(product=stocked.product)
    before = list(Variant.objects.values())
    assert submit(grace_client, page_of(stocked.product)).status_code == 302
    assert submit(grace_client, page_of(stocked)).status_code == 302
    assert list(Variant.objects.values()) == before


@pytest.mark.parametrize(
    ("price", "why"),
    [
        ("12,50", "Type an amount such as"),
        ("€12", "Type an amount such as"),
        ("1e3", "Type an amount such as"),
        ("12.505", "no such small amounts"),
        ("-1", "At least"),
        ("1000000", "At most €999,999.99"),
        ("", "required"),
    ],
)
def test_it_says_beside_the_price_what_is_wrong(grace_client, stocked, price, why):
    told = errors_of(submit(grace_client, page_of(stocked.product), variants__0__price_minor=price))
    assert list(told) == ["variants-0-price_minor"]
    assert why in told["variants-0-price_minor"][0]


def test_it_asks_for_a_higher_price_before(grace_client, stocked):
    told = errors_of(submit(grace_client, page_of(stocked), compare_at_minor="49"))
    assert "must be higher" in told["compare_at_minor"][0]


def test_it_refuses_two_variants_that_cannot_be_told_apart(grace_client, stocked):
    factories.variant(product=stocked.product, option_values={"Size": "A4"})
    told = errors_of(submit(grace_client, page_of(stocked.product), variants__1__option_values="Size: A3"))
    assert "same options" in told["variants-1-option_values"][0]


@pytest.mark.parametrize("typed", ["Size", "Size:", ": A3", "Size: A3; Size: A4", f"Size: {'x' * 101}"])
def test_it_says_how_options_are_written(grace_client, stocked, typed):
    assert list(errors_of(submit(grace_client, page_of(stocked), option_values=typed))) == ["option_values"]


def test_it_asks_for_a_new_price_after_a_change_of_currency(grace_client, stocked, settings):
    settings.SHOP_CURRENCY = "JPY"
    assert "Not on sale: it costs €49.00" in grace_client.get(page_of(stocked)).content.decode()
    assert submit(grace_client, page_of(stocked)).status_code == 302
    stocked.refresh_from_db()
    assert (stocked.price_minor, stocked.currency) == (4900, "EUR")
    assert submit(grace_client, page_of(stocked), price_minor="7800").status_code == 302
    stocked.refresh_from_db()
    assert (stocked.price_minor, stocked.currency) == (7800, "JPY")


# -- Who may ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def looker(db: None) -> Client:
    """Staff who may look at the catalogue and nothing else."""
    user = User.objects.create_user("looker@shop.test", "password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="catalog", codename__startswith="view_"))
    client = Client()
    client.force_login(user)
    return client


def test_it_shows_everything_to_those_who_may_only_look(looker, stocked, media):
    factories.picture(product=stocked.product)
    for row in (stocked, stocked.product, stocked.movements.first()):
        assert looker.get(page_of(row)).status_code == 200
    for name in LISTS:
        assert looker.get(list_of(name)).status_code == 200


def test_it_stores_no_files_of_those_who_may_only_look(looker, stocked, media):
    form = {"images-0-file": files.encoded(), "images-TOTAL_FORMS": "1", "images-INITIAL_FORMS": "0"}
    assert looker.post(page_of(stocked.product), form).status_code == 403
    assert list(media.rglob("*.*")) == []


def test_it_shows_nothing_to_shoppers(ada_client, stocked):
    for address in (page_of(stocked), list_of("product"), ADD):
        assert ada_client.get(address).status_code == 302
