from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cart.totals import price_cart
from catalog.models import Product, ProductImage, Variant
from orders.models import Order, OrderLine
from orders.place import CartBought, CartChanged, OpenOrderInTheWay, open_order_of
from orders.status import Status
from orders.transitions import cancel, expire
from tests import factories
from tests.orders.placing import basket, pay, place, placed, stock_of, violations

pytestmark = pytest.mark.django_db


def nothing_happened(variant: Variant, *, on_hand: int) -> bool:
    return stock_of(variant) == (on_hand, 0) and not Order.objects.exists() and not OrderLine.objects.exists()


# -- What is promised -------------------------------------------------------------------------------------------------


def test_it_freezes_every_line_and_reserves_its_units():
    product = factories.product(title="Terrain", requires_shipping=True)
    print_ = factories.variant(product=product, sku="T-A3", on_hand=10, option_values={"Size": "A3", "Paper": "Matte"})
    picture = factories.picture(product=product)
    download = factories.download(price_minor=900)
    order = placed((print_, 2), (download, 3))
    first, second = order.lines.all()
    assert (first.variant, first.sku, first.title, first.options_text) == (print_, "T-A3", "Terrain", "A3 / Matte")
    assert (first.unit_price_minor, first.quantity, first.image_url) == (4900, 2, picture.url)
    assert (first.stock_counted, first.requires_shipping) == (True, True)
    assert (second.variant, second.stock_counted, second.requires_shipping, second.image_url) == (download, False, False, "")
    assert stock_of(print_) == (10, 2)
    assert stock_of(download) == (0, 0)
    assert violations() == {}


def test_it_adds_up_goods_and_shipping():
    rate = factories.shipping_rate(name="Parcel", price_minor=590, countries=["DE"], min_days=2, max_days=4)
    order = placed((factories.variant(price_minor=4900), 2), rate=rate)
    assert (order.subtotal_minor, order.shipping_minor, order.total_minor, order.currency) == (9800, 590, 10_390, "EUR")
    assert (order.requires_shipping, order.shipping_name) == (True, "Parcel")
    assert (order.shipping_countries, order.shipping_days) == (["DE"], [2, 4])
    assert (order.paid_minor, order.refunded_minor, order.paid_at) == (0, 0, None)


def test_it_has_no_shipping_without_a_rate():
    order = placed((factories.download(price_minor=900), 1))
    assert (order.total_minor, order.shipping_minor, order.requires_shipping, order.shipping_days) == (900, 0, False, [])


def test_it_holds_the_units_for_the_time_that_is_set(settings):
    settings.ORDER_HOLD_MINUTES = 45
    before = timezone.now()
    order = placed((factories.variant(), 1))
    assert before <= order.expires_at - timedelta(minutes=45) <= timezone.now()


def test_it_belongs_to_who_is_signed_in(ada):
    mine, guests = placed((factories.variant(), 1), user=ada), placed((factories.variant(), 1))
    assert (mine.user, mine.email) == (ada, "ada@shop.test")
    assert (guests.user, guests.email) == (None, "")


def test_it_begins_the_timeline(ada):
    events = placed((factories.variant(), 1), user=ada).events.values_list("from_status", "to_status", "what", "by")
    assert [*events] == [("", Status.PENDING, "Placed", "ada@shop.test")]
    assert placed((factories.variant(), 1)).events.get().by == "shopper"


def test_it_changes_nothing_later_when_the_catalogue_does():
    product = factories.product(title="Terrain")
    picture = factories.picture(product=product)
    variant = factories.variant(product=product, sku="T-A3", price_minor=4900, option_values={"Size": "A3"})
    rate = factories.shipping_rate(price_minor=590)
    order = placed((variant, 2), rate=rate)
    before = (Order.objects.values().get(pk=order.pk), OrderLine.objects.values().get(order=order))
    Product.objects.update(title="Other", is_published=False, requires_shipping=False)
    Variant.objects.update(sku="OTHER", price_minor=1, currency="USD", option_values={}, is_active=False)
    ProductImage.objects.filter(pk=picture.pk).update(url="/media/other.webp")
    type(rate).objects.update(name="Other", price_minor=1, countries=[])
    assert (Order.objects.values().get(pk=order.pk), OrderLine.objects.values().get(order=order)) == before


def test_it_outlives_the_product():
    variant = factories.variant(price_minor=4900)
    order = placed((variant, 2))
    pay(order)
    variant.product.delete()
    line = order.lines.get()
    assert (line.variant, line.sku, line.total.minor) == (None, variant.sku, 9800)
    assert violations() == {}


# -- What stands in the way -------------------------------------------------------------------------------------------


def test_it_reserves_nothing_if_fewer_are_left_than_were_shown():
    plenty, few = factories.variant(on_hand=10), factories.variant(on_hand=2)
    cart = basket((plenty, 1), (few, 2))
    priced = price_cart(cart)
    theirs = placed((few, 1))
    with pytest.raises(CartChanged):
        place(cart, priced)
    assert (stock_of(plenty), stock_of(few)) == ((10, 0), (2, 1))
    assert Order.objects.get() == theirs


CHANGES = {
    "dearer": lambda variant: Variant.objects.update(price_minor=5900),
    "cheaper": lambda variant: Variant.objects.update(price_minor=3900),
    "in another currency": lambda variant: Variant.objects.update(currency="USD"),
    "switched off": lambda variant: Variant.objects.update(is_active=False),
    "unpublished": lambda variant: Product.objects.update(is_published=False),
    "sold out": lambda variant: Variant.objects.update(stock_on_hand=1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_it_reserves_nothing_if_a_thing_changed_since_it_was_shown(change):
    variant = factories.variant(price_minor=4900, on_hand=5)
    cart = basket((variant, 2))
    priced = price_cart(cart)
    change(variant)
    with pytest.raises(CartChanged):
        place(cart, priced)
    assert nothing_happened(variant, on_hand=stock_of(variant)[0])


@pytest.mark.parametrize("counted", [True, False])
def test_it_reserves_nothing_if_a_thing_was_deleted_since_it_was_shown(counted):
    other = factories.variant(on_hand=5)
    gone = factories.variant() if counted else factories.download()
    cart = basket((other, 1), (gone, 1))
    priced = price_cart(cart)
    Variant.objects.filter(pk=gone.pk).delete()
    with pytest.raises(CartChanged):
        place(cart, priced)
    assert nothing_happened(other, on_hand=5)


def test_it_takes_a_price_that_went_up_and_came_back():
    variant = factories.variant(price_minor=4900)
    cart = basket((variant, 1))
    priced = price_cart(cart)
    Variant.objects.update(price_minor=5900)
    Variant.objects.update(price_minor=4900)
    assert place(cart, priced).total_minor == 4900


# -- The same cart again ----------------------------------------------------------------------------------------------


def test_it_gives_the_same_order_for_the_same_cart(ada):
    variant, rate = factories.variant(on_hand=5), factories.shipping_rate()
    cart = basket((variant, 2))
    order = place(cart, user=ada, rate=rate)
    cart.remember_order(order.number, {variant.pk: 2})
    assert place(cart, user=ada, rate=rate) == order
    assert stock_of(variant) == (5, 2)
    assert order.lines.count() == order.events.count() == 1


def test_it_sells_the_last_ones_to_the_cart_that_holds_them_already():
    variant = factories.variant(on_hand=2)
    cart = basket((variant, 2))
    order = place(cart)
    cart.remember_order(order.number, {variant.pk: 2})
    assert place(cart) == order


def test_it_does_not_mind_the_order_of_the_lines():
    one, other = factories.variant(), factories.variant()
    cart, turned = basket((one, 1), (other, 2)), basket((other, 2), (one, 1))
    assert place(cart) == place(cart, price_cart(turned))


@pytest.mark.parametrize("difference", ["quantity", "line", "price", "owner", "rate", "rate's price"])
def test_it_names_the_open_order_that_is_in_the_way_of_another(difference, ada):
    variant, more, rate = (
        factories.variant(on_hand=9, price_minor=4900),
        factories.variant(on_hand=9),
        factories.shipping_rate(),
    )
    cart = basket((variant, 2))
    order = place(cart, rate=rate)
    user = ada if difference == "owner" else None
    if difference == "quantity":
        cart.set(variant.pk, 1, price_minor=4900)
    elif difference == "line":
        cart.add(more.pk, 1, price_minor=4900)
    elif difference == "price":
        Variant.objects.update(price_minor=5000)
    elif difference == "rate's price":
        rate.price_minor += 1
    else:
        rate = rate if user else factories.shipping_rate()
    with pytest.raises(OpenOrderInTheWay) as refused:
        place(cart, user=user, rate=rate)
    assert refused.value.order == order
    assert Order.objects.count() == 1
    assert (stock_of(variant), stock_of(more)) == ((9, 2), (9, 0))


@pytest.mark.parametrize("end", [expire, cancel])
def test_it_places_anew_once_the_order_has_ended(end):
    variant = factories.variant(on_hand=2)
    cart = basket((variant, 2))
    first = place(cart)
    assert open_order_of(cart.id) == first
    end(first, by="test")
    assert open_order_of(cart.id) is None
    second = place(cart)
    assert second != first
    assert stock_of(variant) == (2, 2)
    assert violations() == {}


def test_it_places_orders_of_different_carts_side_by_side():
    variant = factories.variant(on_hand=5)
    assert placed((variant, 2)) != placed((variant, 2))
    assert stock_of(variant) == (5, 4)


def test_it_does_not_sell_to_a_request_that_has_not_heard_of_the_payment():
    """Its session was read before the cart was emptied: the same cart, with the same things."""
    print_ = factories.variant(on_hand=5)
    cart = basket((print_, 2))
    order = place(cart)
    pay(order)
    with pytest.raises(CartBought) as caught:
        place(cart)
    assert (caught.value.order, Order.objects.get(), stock_of(print_)) == (order, order, (3, 0))
    cart.add(print_.pk, 1, price_minor=print_.price_minor)
    assert place(cart).lines.get().quantity == 3
