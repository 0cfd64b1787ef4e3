from __future__ import annotations

import pytest

from cart.cart import Cart
from cart.totals import charge_problem, price_cart
from catalog import stock
from catalog.models import Product, Variant
from money import Money
from tests import factories, shelf
from tests.cart.sessions import cart_with, next_request

pytestmark = pytest.mark.django_db


def change(row, **fields) -> None:
    type(row).objects.filter(pk=row.pk).update(**fields)


def told(cart: Cart) -> list[str]:
    """Everything that is said about the cart when it is looked at once more, by its next request."""
    priced = price_cart(Cart(next_request(cart._session)))
    return [*priced.notices, *(notice for line in priced.lines for notice in line.notices)]


# -- What it costs ----------------------------------------------------------------------------------------------------


def test_it_prices_every_line_from_the_database():
    print_, download = factories.variant(price_minor=4900), factories.download(price_minor=900)
    priced = price_cart(cart_with((print_.pk, 2), (download.pk, 3), price_minor=1))
    assert [(line.variant, line.quantity, line.unit_price, line.total) for line in priced.lines] == [
        (print_, 2, Money(4900, "EUR"), Money(9800, "EUR")),
        (download, 3, Money(900, "EUR"), Money(2700, "EUR")),
    ]
    assert priced.subtotal == Money(12_500, "EUR")
    assert priced.count == 5
    assert priced.requires_shipping
    assert priced.can_checkout


def test_it_needs_no_shipping_for_downloads():
    assert not price_cart(cart_with((factories.download().pk, 1))).requires_shipping


def test_it_finds_nothing_to_pay_in_an_empty_cart():
    priced = price_cart(cart_with())
    assert priced.is_empty
    assert priced.subtotal == Money(0, "EUR")
    assert not priced.can_checkout
    assert not priced.has_changed


def test_it_takes_two_queries_however_many_lines(django_assert_num_queries):
    variants = [factories.variant() for _unused in range(6)]
    factories.picture(product=variants[0].product)
    cart = cart_with(*((variant.pk, 1) for variant in variants))
    with django_assert_num_queries(2):
        priced = price_cart(cart)
        assert priced.lines[0].image
        assert not priced.lines[1].image
        assert priced.requires_shipping


def test_it_shows_the_variants_own_picture_else_the_products_first():
    product = factories.product()
    second, first = factories.picture(product=product, position=2), factories.picture(product=product, position=1)
    framed, plain = factories.variant(product=product, image=second), factories.variant(product=product)
    lines = price_cart(cart_with((framed.pk, 1), (plain.pk, 1))).lines
    assert [line.image for line in lines] == [second, first]


# -- What changed, told once ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "words"), [(5900, "from €49.00 to €59.00"), (3900, "from €49.00 to €39.00")])
def test_it_tells_a_new_price_once(now, words):
    variant = factories.variant(price_minor=4900)
    cart = cart_with((variant.pk, 1))
    assert told(cart) == []
    change(variant, price_minor=now)
    priced = price_cart(cart)
    assert priced.has_changed
    assert words in priced.lines[0].notices[0]
    assert priced.subtotal == Money(now, "EUR")
    assert told(cart) == []


def test_it_tells_once_that_fewer_are_left():
    variant = factories.variant(on_hand=2)
    cart = cart_with((variant.pk, 5))
    priced = price_cart(cart)
    assert priced.lines[0].notices == ["Only 2 left: we changed the quantity."]
    assert (priced.count, priced.subtotal) == (2, Money(9800, "EUR"))
    assert cart.quantities == {variant.pk: 2}
    assert told(cart) == []


def test_it_tells_a_new_price_and_a_lower_quantity_together():
    variant = factories.variant(on_hand=1, price_minor=5900)
    cart = cart_with((variant.pk, 3))
    assert len(price_cart(cart).lines[0].notices) == 2
    assert told(cart) == []


def test_it_takes_out_what_is_sold_out_and_tells_once():
    variant, other = factories.variant(on_hand=0), factories.variant()
    cart = cart_with((variant.pk, 1), (other.pk, 1))
    priced = price_cart(cart)
    assert [line.variant for line in priced.lines] == [other]
    assert "Flow Field No. 7" in priced.notices[0]
    assert "sold out" in priced.notices[0]
    assert cart.quantities == {other.pk: 1}
    assert told(cart) == []


def unpublish(variant: Variant) -> None:
    change(variant.product, is_published=False)


def switch_off(variant: Variant) -> None:
    change(variant, is_active=False)


def price_in_dollars(variant: Variant) -> None:
    change(variant, currency="USD")


def delete(variant: Variant) -> None:
    variant.delete()


def delete_product(variant: Variant) -> None:
    Product.objects.get(pk=variant.product_id).delete()


@pytest.mark.parametrize("remove", [unpublish, switch_off, price_in_dollars, delete, delete_product])
def test_it_takes_out_what_is_no_longer_on_sale_and_tells_once(remove):
    variant, other = factories.variant(), factories.variant(price_minor=900)
    cart = cart_with((variant.pk, 3), (other.pk, 1))
    remove(variant)
    priced = price_cart(cart)
    assert [line.variant for line in priced.lines] == [other]
    assert priced.notices == ["Something in your cart is no longer on sale. We took it out."]
    assert priced.subtotal == Money(900, "EUR")
    assert cart.quantities == {other.pk: 1}
    assert told(cart) == []


def test_it_leaves_the_session_alone_while_nothing_changed():
    cart = cart_with((factories.variant().pk, 1))
    visit = next_request(cart._session)
    price_cart(Cart(visit))
    assert not visit.modified


# -- Stock of one's own and of others ---------------------------------------------------------------------------------


def test_it_does_not_count_the_visitors_own_hold_as_missing():
    variant = factories.variant(on_hand=3)
    shelf.reserve(variant.pk, 3)
    cart = cart_with((variant.pk, 3))
    cart.remember_order("AAAA-BBBB", {variant.pk: 3})
    priced = price_cart(cart)
    assert priced.count == 3
    assert priced.lines[0].available == 3
    assert not priced.has_changed


def test_it_gives_the_visitor_no_more_than_what_is_free_and_the_own_hold():
    variant = factories.variant(on_hand=5)
    shelf.reserve(variant.pk, 2)  # the visitor's
    shelf.reserve(variant.pk, 2)  # somebody else's
    cart = cart_with((variant.pk, 5))
    cart.remember_order("AAAA-BBBB", {variant.pk: 2})
    assert price_cart(cart).count == 3


def test_it_counts_the_hold_of_another_as_missing():
    variant = factories.variant(on_hand=3)
    shelf.reserve(variant.pk, 3)
    assert price_cart(cart_with((variant.pk, 1))).is_empty


@pytest.mark.parametrize(("lost", "left"), [(2, 1), (3, 0), (5, 0)])
def test_it_takes_what_staff_took_away_from_the_own_hold_too(lost, left):
    variant = factories.variant(on_hand=5)
    shelf.reserve(variant.pk, 3)  # the visitor's
    shelf.reserve(variant.pk, 2)  # somebody else's
    stock.adjust(variant.pk, -lost, by="grace@shop.test", reference="lost", oversell=True)
    cart = cart_with((variant.pk, 3))
    cart.remember_order("AAAA-BBBB", {variant.pk: 3})
    assert price_cart(cart).count == left


def test_it_never_runs_out_of_what_is_not_counted():
    line = price_cart(cart_with((factories.download().pk, 99), price_minor=900)).lines[0]
    assert (line.quantity, line.available, line.notices) == (99, None, [])


# -- What can be charged ----------------------------------------------------------------------------------------------

CHARGES = [
    (0, "EUR", ""),
    (49, "EUR", "The smallest amount that can be paid is €0.50."),
    (50, "EUR", ""),
    (99_999_999, "EUR", ""),
    (100_000_000, "EUR", "The largest amount that can be paid at once is €999,999.99."),
    (49, "JPY", "The smallest amount that can be paid is ¥50."),
    (50, "JPY", ""),
    (17_499, "HUF", "The smallest amount that can be paid is HUF 175.00."),
    (10, "KWD", ""),
]


@pytest.mark.parametrize(("minor", "code", "sentence"), CHARGES)
def test_it_says_in_the_cart_what_stripe_would_refuse_to_charge(minor, code, sentence):
    assert charge_problem(Money(minor, code)) == sentence


def test_it_lets_nobody_check_out_with_too_little_or_too_much():
    cheap = factories.download(price_minor=10)
    dear = factories.download(price_minor=99_999_999)
    assert not price_cart(cart_with((cheap.pk, 4))).can_checkout
    assert price_cart(cart_with((cheap.pk, 5))).can_checkout
    assert price_cart(cart_with((dear.pk, 1))).can_checkout
    priced = price_cart(cart_with((dear.pk, 1), (cheap.pk, 1)))
    assert not priced.can_checkout
    assert "largest" in priced.problem


def test_it_prices_in_the_currency_of_the_shop_only(settings):
    settings.SHOP_CURRENCY = "JPY"
    yen, euro = factories.variant(price_minor=500, currency="JPY"), factories.variant(price_minor=500, currency="EUR")
    priced = price_cart(cart_with((yen.pk, 2), (euro.pk, 1)))
    assert [line.variant for line in priced.lines] == [yen]
    assert priced.subtotal == Money(1000, "JPY")
