"""Placing with a promotion code: what is frozen, what is held, and what is given back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from cart.totals import price_cart
from orders.models import Order, OrderLine
from orders.place import CartBought, CartChanged, OpenOrderInTheWay
from orders.transitions import InvalidTransition, cancel, expire, mark_refunded
from promotions.models import Promotion, Use
from tests import factories
from tests.orders.placing import basket, pay, place, placed, stock_of, violations

pytestmark = pytest.mark.django_db


def held() -> tuple[int, int]:
    """(the counter of the one promotion, its uses that were not released)"""
    return Promotion.objects.get().uses, Use.objects.filter(released_at=None).count()


# -- What is promised -------------------------------------------------------------------------------------------------


@pytest.mark.case("F71")
@pytest.mark.parametrize(
    ("currency", "price", "shipping", "off", "shares"),
    [("EUR", 1905, 590, 857, [571, 286]), ("JPY", 1299, 650, 585, [390, 195]), ("KWD", 12_990, 650, 5850, [3900, 1950])],
)
def test_it_freezes_the_discount_line_by_line(settings, currency, price, shipping, off, shares):
    """15 % of three pieces, the third of another kind."""
    settings.SHOP_CURRENCY = currency
    factories.promotion(percent=15, currency=currency)
    rate = factories.shipping_rate(price_minor=shipping, currency=currency)
    one, other = (factories.variant(price_minor=price, currency=currency) for _unused in range(2))
    order = placed((one, 2), (other, 1), rate=rate, code="SPRING")
    assert (order.subtotal_minor, order.discount_minor, order.discount_code) == (3 * price, off, "SPRING")
    assert order.total_minor == 3 * price - off + shipping
    assert [line.discount_minor for line in order.lines.all()] == shares
    assert [line.paid.minor for line in order.lines.all()] == [2 * price - shares[0], price - shares[1]]
    assert held() == (1, 1)
    assert violations() == {}


def test_it_takes_an_amount_off_the_goods_and_never_off_the_shipping():
    factories.promotion(amount_minor=5000)
    order = placed((factories.variant(price_minor=4900), 1), rate=factories.shipping_rate(price_minor=590), code="SPRING")
    assert (order.discount_minor, order.total_minor) == (4900, 590)


@pytest.mark.parametrize(
    "wrong", [{"total_minor": 1}, {"discount_minor": 1}, {"tax_minor": 1}, {"discount_minor": 9000, "total_minor": 0}], ids=str
)
def test_it_holds_only_amounts_that_add_up(wrong):
    order = placed((factories.variant(price_minor=4900), 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderLine.objects.filter(order=order).update(discount_minor=4901)


def test_it_changes_nothing_later_when_the_promotion_does():
    promotion = factories.promotion()
    order = placed((factories.variant(price_minor=4900), 1), code="SPRING")
    before = Order.objects.values().get()
    Promotion.objects.filter(pk=promotion.pk).update(code="OTHER", percent=50, is_active=False)
    assert Order.objects.values().get() == before
    assert pay(order)
    assert violations() == {}


# -- What stands in the way -------------------------------------------------------------------------------------------

CHANGES = {
    "used up": lambda: Promotion.objects.update(most_uses=0),
    "switched off": lambda: Promotion.objects.update(is_active=False),
    "less": lambda: Promotion.objects.update(percent=5),
    "a higher minimum": lambda: Promotion.objects.update(minimum_minor=10_000),
    "for customers": lambda: Promotion.objects.update(most_uses_per_customer=1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_it_places_nothing_if_the_code_changed_since_it_was_shown(change):
    factories.promotion()
    variant = factories.variant(on_hand=5)
    cart = basket((variant, 2), code="SPRING")
    priced = price_cart(cart)
    change()
    with pytest.raises(CartChanged):
        place(cart, priced)
    assert (stock_of(variant), held(), Order.objects.exists()) == ((5, 0), (0, 0), False)


def test_it_takes_no_use_if_the_stock_is_gone():
    factories.promotion()
    few = factories.variant(on_hand=1)
    cart = basket((few, 1), code="SPRING")
    priced = price_cart(cart)
    placed((few, 1))
    with pytest.raises(CartChanged):
        place(cart, priced)
    assert held() == (0, 0)


def test_it_holds_one_use_however_often_it_is_asked():
    factories.promotion(most_uses=1)
    cart = basket((factories.variant(), 1), code="SPRING")
    order = place(cart)
    cart.remember_order(order.number, {})
    assert place(cart) == order
    assert held() == (1, 1)


def test_it_names_the_open_order_that_has_no_code_or_another():
    factories.promotion()
    cart = basket((factories.variant(), 1))
    order = place(cart)
    cart.use_code("SPRING", rule="10%")
    with pytest.raises(OpenOrderInTheWay) as refused:
        place(cart)
    assert (refused.value.order, held()) == (order, (0, 0))


def test_it_does_not_sell_again_to_a_request_that_has_not_heard_of_the_payment():
    factories.promotion()
    cart = basket((factories.variant(), 1), code="SPRING")
    pay(place(cart))
    with pytest.raises(CartBought):
        place(cart)
    assert held() == (1, 1)


# -- What becomes of it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [expire, cancel])
def test_it_gives_the_use_back_when_the_order_ends_unpaid(end):
    factories.promotion(most_uses=1)
    order = placed((factories.variant(), 1), code="SPRING")
    assert end(order, by="test")
    assert held() == (0, 0)
    assert end(order, by="test") is False
    assert held() == (0, 0)
    placed((factories.variant(), 1), code="SPRING")
    assert held() == (1, 1)
    assert violations() == {}


@pytest.mark.case("A18")
def test_it_keeps_the_use_when_it_is_paid_and_when_it_is_refunded():
    factories.promotion(most_uses=1)
    another = basket((factories.variant(), 1), code="SPRING")
    shown = price_cart(another)
    order = placed((factories.variant(), 1), code="SPRING")
    pay(order)
    assert held() == (1, 1)
    mark_refunded(order, by="test")
    assert held() == (1, 1)
    with pytest.raises(CartChanged):
        place(another, shown)


# -- Races ------------------------------------------------------------------------------------------------------------


def placers(how_many: int, *, user=None) -> list[Callable[[], Order]]:
    """Shoppers, or tabs of one, who have all seen their own cart with the code, and press the button."""
    carts = [basket((factories.variant(on_hand=50), 1), code="SPRING") for _unused in range(how_many)]
    shown = [(cart, price_cart(cart, user=user)) for cart in carts]
    return [lambda cart=cart, priced=priced: place(cart, priced, user=user) for cart, priced in shown]


@pytest.mark.case("F61")
def test_it_sells_the_last_use_to_one_of_many(race):
    factories.promotion(most_uses=1)
    outcomes = race(*placers(8))
    assert sum(isinstance(outcome, Order) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, CartChanged) for outcome in outcomes) == 7
    assert (held(), Order.objects.count()) == ((1, 1), 1)
    assert violations() == {}


@pytest.mark.case("F61")
def test_it_sells_one_customer_one(race, ada):
    factories.promotion(most_uses_per_customer=1)
    outcomes = race(*placers(6, user=ada))
    assert sum(isinstance(outcome, Order) for outcome in outcomes) == 1
    assert held() == (1, 1)
    assert violations() == {}


@pytest.mark.case("F61")
@pytest.mark.parametrize("_round", range(2))
def test_it_is_given_back_once_when_it_ends_in_two_ways_at_once(race, _round):
    factories.promotion()
    placed((factories.variant(), 1), code="SPRING")  # somebody else's use is not to be released instead
    order = placed((factories.variant(), 1), code="SPRING")
    ends = [lambda end=end: end(Order.objects.get(pk=order.pk), by="race") for end in (expire, cancel) * 2]
    outcomes = race(*ends)
    assert outcomes.count(True) == 1
    assert sum(isinstance(outcome, InvalidTransition) for outcome in outcomes) == 2
    assert held() == (1, 1)
    assert violations() == {}


@pytest.mark.parametrize("_round", range(2))
def test_it_never_deadlocks_while_some_are_placed_and_others_end(race, _round):
    factories.promotion()
    variant = factories.variant(on_hand=50)
    old = [placed((variant, 1), code="SPRING") for _unused in range(4)]
    ends = [lambda order=order: expire(Order.objects.get(pk=order.pk), by="race") for order in old]
    carts = [basket((variant, 1), code="SPRING") for _unused in range(4)]
    places = [lambda cart=cart: place(cart) for cart in carts]
    outcomes = race(*(call for pair in zip(ends, places, strict=True) for call in pair))
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert (held(), stock_of(variant)) == ((4, 4), (50, 4))
    assert violations() == {}
