"""Promotion codes at the checkout: what is shown, what Stripe is asked for, and what becomes of the use that is held."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from money import Money
from money.currencies import currency
from orders.emails import send_due
from orders.models import Order, OrderLine
from orders.status import Status, Way
from orders.transitions import expire
from payments.audit import audit
from payments.models import Payment
from payments.rebuild import rebuild
from payments.refund import refund
from payments.refund_lines import Units
from payments.refund_lines import worth as worth_of
from payments.requests import _line_item, session_request
from payments.settle import settle
from payments.snapshot import read_snapshot, snapshot
from payments.ways import retrieve
from promotions.discount import percent_of, spread
from promotions.models import Promotion, Use
from tests import factories
from tests.orders.placing import placed
from tests.payments.shopping import CLOSED, Shopper


def violations():
    return {name: result["examples"] for name, result in audit().items() if result["violations"]}


def held() -> int:
    return Promotion.objects.get().uses


def apply(shopper: Shopper, code: str = "SPRING") -> Shopper:
    assert shopper.client.post("/cart/code/", {"code": code}).status_code == 302
    return shopper


@pytest.fixture
def print_(db):
    factories.shipping_rate(price_minor=590)
    return factories.variant(on_hand=9, price_minor=4900)


# -- What Stripe is asked for -----------------------------------------------------------------------------------------

ASKED = [
    ("EUR", {"percent": 10}, 4900, 2, (2, 4410, "Flow Field No. 7")),
    ("EUR", {"percent": 15}, 1905, 1, (1, 1619, "Flow Field No. 7")),
    ("EUR", {"percent": 15}, 1905, 3, (1, 4858, "3 × Flow Field No. 7")),
    ("EUR", {"amount_minor": 500}, 900, 3, (1, 2200, "3 × Flow Field No. 7")),
    ("JPY", {"percent": 15}, 1299, 2, (2, 1104, "Flow Field No. 7")),
    ("JPY", {"percent": 15}, 1299, 4, (1, 4417, "4 × Flow Field No. 7")),
    ("KWD", {"percent": 10}, 12_990, 3, (3, 11_690, "Flow Field No. 7")),
    ("KWD", {"percent": 50}, 12_990, 2, (1, 12_990, "2 × Flow Field No. 7")),  # 6495 each: the last digit must be 0
    ("UGX", {"percent": 10}, 129_900, 2, (2, 116_900, "Flow Field No. 7")),
    ("EUR", {"percent": 100}, 4900, 2, (2, 0, "Flow Field No. 7")),
]


def asked_for(payment: Payment) -> list[tuple[int, int, str]]:
    lines = session_request(payment)["line_items"]
    return [(each["quantity"], each["price_data"]["unit_amount"], each["price_data"]["product_data"]["name"]) for each in lines]


@pytest.mark.django_db
@pytest.mark.case("F71")
@pytest.mark.parametrize(("code", "worth", "price", "quantity", "line"), ASKED)
def test_it_asks_for_each_line_at_what_it_costs_after_the_discount(settings, code, worth, price, quantity, line):
    settings.SHOP_CURRENCY = code
    factories.promotion(currency=code, **worth)
    order = placed((factories.variant(price_minor=price, currency=code), quantity), code="SPRING")
    assert asked_for(Payment(order=order)) == [line]
    assert line[0] * line[1] == order.total_minor


@pytest.mark.django_db
@pytest.mark.case("F71")
@given(
    code=st.sampled_from(["EUR", "JPY", "KWD", "UGX"]),
    lines=st.lists(st.tuples(st.integers(1, 5000), st.integers(1, 99)), min_size=1, max_size=12),
    percent=st.integers(1, 100),
)
def test_what_it_asks_for_adds_up_to_the_unit(code, lines, percent):
    step = currency(code).step
    amounts = [price * step * quantity for price, quantity in lines]
    off = percent_of(Money(sum(amounts), code), percent)
    order = Order(currency=code)
    asked = []
    for (price, quantity), share in zip(lines, spread(off, amounts), strict=True):
        line = OrderLine(order=order, title="x", unit_price_minor=price * step, quantity=quantity, discount_minor=share)
        asked.append(_line_item(line, code))
    units = [(each["quantity"], each["price_data"]["unit_amount"]) for each in asked]
    assert sum(quantity * unit for quantity, unit in units) == sum(amounts) - off.minor
    assert all(unit % step == 0 for _quantity, unit in units)


@pytest.mark.case("F71")
@pytest.mark.parametrize("way", Way.values)
def test_it_charges_what_the_pages_show_in_every_way(shopper, print_, settings, way, mailoutbox):
    settings.PAYMENT_WAYS, settings.STRIPE_PUBLISHABLE_KEY = list(Way.values), "pk_test_shop"
    factories.promotion(percent=15)
    shopper.way = way
    apply(shopper.put(print_, 3))
    pages = [shopper.client.get(page).text for page in ("/cart/", "/checkout/")]
    payment = shopper.checkout()
    assert all("−€22.05" in page for page in pages)
    assert "€130.85" in pages[1]  # 147.00 - 22.05 + 5.90
    assert shopper.pay(payment)["outcome"] == "succeeded"
    shopper.come_back(payment)
    order = Order.objects.get()
    assert (order.status, order.paid_minor, order.total_minor, order.discount_minor) == (Status.PAID, 13_085, 13_085, 2205)
    page = shopper.client.get(order.get_absolute_url()).text
    assert ("Discount (SPRING)" in page, "−€22.05" in page, "€130.85" in page) == (True, True, True)
    assert send_due() == 1
    text, html = mailoutbox[0].body, mailoutbox[0].alternatives[0].content
    assert ("Discount (SPRING): −€22.05" in text, "−€22.05" in html) == (True, True)
    assert (held(), violations()) == (1, {})


@pytest.mark.case("F74")
def test_what_costs_nothing_with_a_code_needs_no_stripe(shopper):
    factories.promotion(percent=100, most_uses=1)
    apply(shopper.put(factories.download()))
    assert shopper.press_pay().status_code == 302
    order = Order.objects.get()
    assert (order.status, order.total_minor, order.discount_minor) == (Status.PAID, 0, 900)
    assert (shopper.sandbox.requests(), held(), violations()) == ([], 1, {})


@pytest.mark.case("F74")
def test_what_is_too_little_with_shipping_is_told_at_the_checkout(shopper):
    factories.shipping_rate(price_minor=40)
    factories.promotion(percent=100)
    apply(shopper.put(factories.variant(price_minor=4900)))
    assert shopper.client.get("/cart/").context["cart"].can_checkout
    for page in (shopper.client.get("/checkout/"), shopper.press_pay()):
        assert "The smallest amount that can be paid is €0.50." in page.text
    assert (page.status_code, Order.objects.exists(), held()) == (422, False, 0)


@pytest.mark.django_db
def test_staff_see_the_discount_of_an_order_and_of_its_lines(grace_client):
    factories.promotion(percent=15)
    order = placed((factories.variant(price_minor=4900), 2), (factories.variant(price_minor=1000), 1), code="SPRING")
    page = grace_client.get(f"/admin/orders/order/{order.pk}/change/").text
    assert all(words in page for words in ("€16.20 SPRING", "€14.70", "€1.50", "€91.80"))


# -- What becomes of the use ------------------------------------------------------------------------------------------


def test_it_tells_at_the_press_of_the_button_that_the_code_has_ended(shopper, print_):
    promotion = factories.promotion(most_uses=1)
    apply(shopper.put(print_))
    Promotion.objects.filter(pk=promotion.pk).update(is_active=False)
    answer = shopper.press_pay()
    assert (answer.status_code, "not valid any more. We took it out of your cart." in answer.text) == (409, True)
    assert not Order.objects.exists()
    assert shopper.checkout().amount_minor == 4900 + 590


def test_it_gives_the_use_back_when_the_shopper_comes_back_without_paying(shopper, print_):
    factories.promotion(most_uses=1)
    order = apply(shopper.put(print_)).checkout().order
    assert held() == 1
    assert "SPRING" in shopper.press_cancel(order).wsgi_request.session["cart"]["code"]
    assert held() == 0
    assert shopper.checkout().order.discount_minor == 490
    assert (held(), violations()) == (1, {})


@pytest.mark.case("F54")
def test_it_closes_the_page_without_the_code_when_one_is_applied(shopper, print_):
    factories.promotion(most_uses=1)
    without = shopper.put(print_).checkout()
    with_code = apply(shopper).checkout()
    assert (without.amount_minor, with_code.amount_minor) == (5490, 5000)
    assert shopper.state_of(without) in CLOSED
    assert shopper.checkout() == with_code
    shopper.client.post("/cart/code/remove/")
    assert (shopper.checkout().amount_minor, held()) == (5490, 0)


@pytest.mark.case("A18")
def test_money_that_comes_after_the_order_ended_takes_no_use(shopper, print_):
    factories.promotion(most_uses=1)
    payment = apply(shopper.put(print_)).checkout()
    assert shopper.pay(payment)["outcome"] == "succeeded"
    expire(payment.order, by="test")  # as no expiry does: it asks Stripe first
    settle(payment, by="test")
    assert (payment.status, held(), Use.objects.get().released_at is None) == (Payment.Status.SUCCEEDED, 0, False)


@pytest.mark.case("F71")
@pytest.mark.parametrize(
    ("code", "worth", "price", "quantity", "parts"),
    [("EUR", {"percent": 15}, 1905, 3, [1619, 1619, 1620]), ("KWD", {"percent": 50}, 12_990, 2, [6490, 6500])],
)
def test_it_refunds_each_unit_at_what_was_paid_for_it(shopper, settings, code, worth, price, quantity, parts):
    settings.SHOP_CURRENCY = code
    factories.promotion(currency=code, **worth)
    variant = factories.variant(price_minor=price, currency=code, requires_shipping=False)
    payment = apply(shopper.put(variant, quantity)).checkout()
    shopper.pay(payment)
    order = settle(payment, by="test").order
    for part in parts:
        units = [Units(order.lines.get().pk, 1, False)]
        assert worth_of(order, units, shipping=False) == part
        refund(order, amount_minor=part, units=units, shipping=False, reason="Torn", by="grace@shop.test")
    order.refresh_from_db()
    assert (order.status, order.refunded_minor, held()) == (Status.REFUNDED, order.paid_minor, 1)
    assert violations() == {}


@pytest.mark.case("F74")
def test_it_charges_the_shipping_alone_where_the_goods_cost_nothing(shopper, print_):
    factories.promotion(percent=100)
    payment = apply(shopper.put(print_, 3)).checkout()
    shopper.pay(payment)
    assert [entry["paid"] for entry in shopper.books()] == [payment.amount_minor] == [590]
    settle(payment, by="test")
    assert (Order.objects.get().status, violations()) == (Status.PAID, {})


# -- After an old copy of the database came back ----------------------------------------------------------------------


@pytest.mark.parametrize(("fields", "uses"), [({}, 1), ({"most_uses": 0}, 0)], ids=["with a use left", "used up"])
def test_an_order_that_is_made_again_has_its_discount(shopper, print_, fields, uses):
    factories.promotion(percent=15)
    payment = apply(shopper.put(print_, 3)).checkout()
    shopper.pay(payment)
    state = retrieve(payment)
    for lost in (Payment, Order, Use):
        lost.objects.all().delete()
    Promotion.objects.update(**({"uses": 0} | fields))
    order = rebuild(state, by="grace")
    assert (order.status, order.discount_minor, order.discount_code, order.paid_minor) == (Status.PAID, 2205, "SPRING", 13_085)
    assert (order.lines.get().discount_minor, held()) == (2205, uses)


@pytest.mark.django_db
def test_the_snapshot_of_an_order_has_its_discount():
    factories.promotion(percent=15)
    order = placed((factories.variant(price_minor=4900, sku="T-A3"), 3), code="SPRING")
    told = read_snapshot(snapshot(order))
    assert (told["lines"], told["code"]) == ([("T-A3", 3, 4900, 2205)], "SPRING")
