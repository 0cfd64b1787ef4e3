"""What is shown is what Stripe is asked for and what is charged, in every kind of currency; what cannot be charged is told."""

from __future__ import annotations

import json

import pytest
from django.contrib.sessions.backends.db import SessionStore

from cart.cart import MAX_LINES, Cart
from catalog.listing import refresh_listings
from catalog.models import Variant
from orders.access import order_link
from orders.models import Order, OutgoingMail
from orders.status import Status
from payments.models import Payment
from tests import factories
from tests.payments.shopping import ADDRESS
from tests.sandbox_process import wait_for
from tests.trust.at_once import Calls
from tests.trust.programs import ShopProgram

CHECKOUT_BEGINS = "^before request POST /checkout/"
READS_THE_LINES = "^before SELECT .*FROM .orders_orderline"  # of the order that was placed, for the session
LOOKS_FOR_THE_ORDER = "^before SELECT .*WHERE .*cart_id. ="
COUNTS_THE_PRESS = "^before UPDATE .accounts_tally"  # the cart was read, nothing was placed

# The units on the wire are those of ../shared/stripe/FACTS.md: no decimals; two that must be zero; three, the last zero.
CURRENCIES = {
    "JPY": (1299, 650, 3, "¥1,299", "¥4,547"),
    "KRW": (1299, 650, 3, "₩1,299", "₩4,547"),
    "UGX": (129_900, 65_000, 3, "UGX 1,299", "UGX 4,547"),
    "BHD": (12_990, 650, 3, "BHD 12.990", "BHD 39.620"),
    "KWD": (12_990, 650, 3, "KWD 12.990", "KWD 39.620"),
}
SPENDING_IN = [
    pytest.param(code, marks=pytest.mark.long) if code in ("KRW", "BHD") else code  # counted like JPY and KWD
    for code in CURRENCIES
]


class TestCurrencies:
    @pytest.mark.case("F71")
    @pytest.mark.parametrize("code", SPENDING_IN)
    def test_what_is_shown_is_what_is_asked_for_and_charged(self, world, settings, mail_server, code):
        price, shipping, quantity, shown_price, shown_total = CURRENCIES[code]
        settings.SHOP_CURRENCY = code
        rate = factories.shipping_rate(price_minor=shipping, currency=code)
        print_ = factories.variant(price_minor=price, currency=code)
        with ShopProgram(web_processes=1, SHOP_CURRENCY=code, EMAIL_URL=f"smtp://127.0.0.1:{mail_server.port}") as shop:
            ada = world.shopper(shop=shop).put(print_, quantity)
            assert shown_price in ada.client.get(print_.product.get_absolute_url()).text
            assert shown_total in ada.client.get("/checkout/").text
            answer = ada.press_pay(shipping_rate=rate.pk)
            payment = Payment.objects.get(session_url=answer["Location"])
            asked = payment.request
            sent = quantity * int(asked["line_items"][0]["price_data"]["unit_amount"])
            sent += asked["shipping_options"][0]["shipping_rate_data"]["fixed_amount"]["amount"]
            paid = ada.pay(payment, shipping={"name": "Ada", "address": ADDRESS})
            assert paid["outcome"] == "succeeded", paid
            assert (ada.come_back(payment).status_code, Payment.objects.get().status) == (200, Payment.Status.SUCCEEDED)
            page = ada.client.get(payment.order.get_absolute_url()).text
            staff = world.staff(shop=shop)
            button = f"/admin/orders/order/{payment.order_id}/do/refund/"
            asks_staff = staff.get(button).text
            staff.post(button, {"amount_minor": payment.amount_minor, "reason": "wrong print"})
        (books,) = world.sandbox.books()["sessions"]
        charged = paid["session"]["amount_total"]
        assert (charged, sent, books["paid"], books["refunded"]) == (price * quantity + shipping,) * 4
        assert (shown_total in page, shown_total in asks_staff) == (True, True)
        world.quiesce()
        assert all(shown_total in message.get_body(("plain",)).get_content() for message in world.mail.accepted)
        assert len(world.mail.accepted) == 2
        world.check()


class TestWhatCannotBeCharged:
    @pytest.mark.case("F74")
    @pytest.mark.parametrize(
        ("price_minor", "quantity", "why"),
        [
            (49, 1, "The smallest amount that can be paid is €0.50."),
            (99_999_999, 2, "The largest amount that can be paid at once is €999,999.99."),
        ],
        ids=["too little", "too much"],
    )
    def test_it_is_told_in_the_cart_and_nothing_is_held(self, world, ada, price_minor, quantity, why):
        print_ = factories.variant(requires_shipping=False, price_minor=price_minor)
        ada.put(print_, quantity)
        page = ada.client.get("/cart/").text
        assert (why in page, "Go to checkout" in page) == (True, False)
        answer = ada.press_pay()
        assert (answer.status_code, why in answer.text) == (422, True)
        assert not Order.objects.exists()
        world.check()

    @pytest.mark.case("F74")
    def test_with_shipping_it_is_told_before_the_order(self, world, ada):
        rate = factories.shipping_rate(price_minor=590)
        answer = ada.put(factories.variant(price_minor=99_999_900)).press_pay(shipping_rate=rate.pk)
        assert answer.status_code == 422
        assert "The largest amount that can be paid at once is €999,999.99." in answer.text
        assert not Order.objects.exists()

    @pytest.mark.case("F74")
    @pytest.mark.parametrize("price_minor", [50, 99_999_999], ids=["smallest", "largest"])
    def test_the_very_limits_are_charged(self, world, ada, price_minor):
        payment = ada.buy(factories.variant(requires_shipping=False, price_minor=price_minor))
        world.quiesce()
        payment.order.refresh_from_db()
        assert (payment.order.status, payment.order.paid_minor) == (Status.PAID, price_minor)
        world.check()

    @pytest.mark.case("F73", "F72")
    def test_a_cart_takes_as_many_lines_as_a_page_of_stripes(self, world, ada):
        product = factories.product(requires_shipping=False)
        Variant.objects.bulk_create(
            Variant(product=product, sku=f"S-{number}", price_minor=100 + number, stock_tracked=False)
            for number in range(MAX_LINES + 1)
        )
        refresh_listings([product.pk])
        *fitting, last = Variant.objects.filter(product=product).order_by("id")
        fill(ada, fitting)
        answer = ada.client.post("/cart/add/", {"variant": last.pk, "quantity": 1})
        assert answer.status_code == 422
        assert "Your cart is full: at most 100 different things fit in one order." in answer.text
        payment = ada.checkout()
        assert ada.pay(payment)["session"]["amount_total"] == sum(variant.price_minor for variant in fitting)
        assert len(world.sandbox.line_items(payment.session_id)) == MAX_LINES
        world.quiesce()
        assert payment.order.lines.count() == MAX_LINES
        world.check()


def fill(shopper, variants):
    """Put them all in, in the session itself: a hundred requests say no more than one."""
    shopper.put(variants[0])
    session = SessionStore(shopper.client.cookies["sessionid"])
    cart = Cart(session)
    for variant in variants[1:]:
        cart.add(variant.pk, 1, price_minor=variant.price_minor)
    session.save()


class TestWhatCostsNothing:
    @pytest.fixture
    def gift(self, world):
        return factories.variant(requires_shipping=False, on_hand=10, price_minor=0)

    @pytest.mark.case("F74")
    def test_it_is_fulfilled_without_stripe(self, world, ada, gift):
        world.sandbox.fault(path=".", action="drop_before")  # nobody is there
        assert "Order now" in ada.put(gift, 2).client.get("/checkout/").text
        answer = ada.press_pay()
        order = Order.objects.get()
        assert (answer.status_code, answer["Location"]) == (302, order_link(order))
        page = world.client().get(answer["Location"].removeprefix(world.shop.url))
        assert (page.status_code, "It cost nothing." in page.text) == (200, True)
        assert "Keep the address of this page" in ada.client.get(order.get_absolute_url()).text
        assert (order.status, order.paid_minor, order.payments.count()) == (Status.PAID, 0, 0)
        assert "There is nothing in it yet" in ada.client.get("/cart/").text
        world.quiesce()
        gift.refresh_from_db()
        assert (gift.stock_on_hand, gift.stock_reserved) == (8, 0)
        assert world.sandbox.books()["sessions"] == []
        world.check()

    @pytest.mark.case("F74", "I13")
    def test_who_is_logged_in_has_a_confirmation_of_it(self, world, gift):
        staff = world.shopper()
        staff.client = world.staff()
        staff.client.get("/account/")
        staff.put(gift).press_pay()
        world.quiesce()
        assert OutgoingMail.objects.get().kind == OutgoingMail.Kind.CONFIRMED
        (mail,) = world.mail.accepted
        assert "It cost nothing." in mail.get_body(("plain",)).get_content()
        world.check()

    @pytest.mark.case("F74", "F52")
    def test_many_presses_at_once_fulfil_it_once(self, world, ada, gift, rounds):
        for number in rounds(3, long=50):
            factories.stock.adjust(gift.pk, 1, by="test")
            answers = press_at_once(world.shop, ada.put(gift), 8)
            order = Order.objects.latest("id")
            assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, order_link(order))}
            assert Order.objects.count() == number + 1
            assert order.events.filter(to_status=Status.PAID).count() == 1
            assert ada.client.get("/cart/").text.count("There is nothing in it yet") == 1
            ada = world.shopper()
        world.quiesce()
        world.check()

    @pytest.mark.case("F74", "F52")
    def test_without_the_guard_late_presses_order_it_again(self, world, broken, gift):
        with broken("bought") as shop:
            ada = world.shopper(shop=shop).put(gift)
            stop = shop.stops.set(COUNTS_THE_PRESS)
            with Calls(ada.press_pay) as calls:
                stop.wait()
                ada.press_pay()  # begun later, and done
                stop.release()
        assert (calls.outcomes[0].status_code, Order.objects.filter(status=Status.PAID).count()) == (302, 2)

    @pytest.mark.case("F74", "F52", "F53")
    def test_a_press_that_comes_late_orders_nothing(self, world, ada, gift):
        """It has read the cart, and is held until another press of the same cart has ordered and emptied it."""
        ada.put(gift)
        stop = world.shop.stops.set(COUNTS_THE_PRESS)
        with Calls(ada.press_pay) as calls:
            stop.wait()
            done = ada.press_pay()
            stop.release()
        assert (calls.outcomes[0]["Location"], Order.objects.count()) == (done["Location"], 1)
        assert "There is nothing in it yet" in ada.client.get("/cart/").text
        world.quiesce()
        world.check()

    @pytest.mark.case("F74", "F52")
    def test_a_press_that_meets_another_half_way_orders_nothing(self, world, ada, gift):
        """It finds an open order in its way, and that order is complete before it can be looked at."""
        ada.put(gift)
        placed = world.shop.stops.set(READS_THE_LINES)
        with Calls(ada.press_pay) as first:
            placed.wait()
            looks = world.shop.stops.set(LOOKS_FOR_THE_ORDER)
            with Calls(ada.press_pay) as second:
                looks.wait()
                placed.release()
                wait_for(lambda: Order.objects.get().status == Status.PAID, what="the first press")
                looks.release()
        assert (first.outcomes[0]["Location"], Order.objects.count()) == (second.outcomes[0]["Location"], 1)
        assert "There is nothing in it yet" in ada.client.get("/cart/").text
        world.check()

    @pytest.mark.case("F74")
    def test_a_free_parcel_is_ordered_once_without_stripe_when_it_is_known_where_to(self, world, ada):
        factories.shipping_rate(price_minor=0)
        page = ada.put(factories.variant(price_minor=0)).press_pay()["Location"]
        assert Order.objects.get().status == Status.PENDING
        buyer = {"email": "ada@shop.test", "recipient": "Ada Lovelace", **ADDRESS}
        assert {ada.client.post(page, buyer).status_code for _press in range(2)} == {302}
        world.quiesce()
        order = Order.objects.get()
        assert (order.status, order.address["city"], order.payments.count()) == (Status.PAID, "Berlin", 0)
        world.check()


def press_at_once(shop, ada, times):
    ada.client.csrf_token()
    stop = shop.stops.set(CHECKOUT_BEGINS, at_most=times)
    with Calls(*[ada.press_pay] * times) as calls:
        stop.wait(times)
        stop.release()
    return calls.outcomes


class TestAmountsFromTheClient:
    LIES = {
        "price": "1", "price_minor": "1", "unit_amount": "1", "amount": "1", "total": "1", "total_minor": "1",
        "currency": "JPY", "discount": "100", "coupon": "FREE", "shipping_minor": "0", "paid": "1", "status": "paid",
        "name": "Cheap", "title": "Cheap",
        "lines[0][unit_price]": "1", "line_items[0][price_data][unit_amount]": "1",
    }  # fmt: skip

    @pytest.mark.case("A12", "A17", "A37")
    @pytest.mark.parametrize("way", ["form", "query", "cookie", "header"])
    def test_they_are_ignored(self, world, ada, way):
        rate = factories.shipping_rate(price_minor=590)
        print_ = factories.variant(price_minor=4900)
        how = {"params": self.LIES} if way == "query" else {}
        if way == "cookie":
            ada.client.cookies.update({name: value for name, value in self.LIES.items() if name.isidentifier()})
            ada.client.cookies.set("cart", json.dumps({"lines": {str(print_.pk): [1, 1]}}))
        if way == "header":
            how["headers"] = {"Accept-Language": "ja", "X-Currency": "JPY", "X-Price": "1", "X-HTTP-Method-Override": "PUT"}
        lies = self.LIES if way == "form" else {}
        ada.client.post("/cart/add/", {"variant": print_.pk, "quantity": 2, **lies}, **how)
        answer = ada.client.post("/checkout/", {"shipping_rate": rate.pk, **lies}, **how)
        payment = Payment.objects.get(session_url=answer["Location"])
        session = world.sandbox.session(payment.session_id)
        assert (session["amount_total"], session["currency"]) == (2 * 4900 + 590, "eur")
        (line,) = world.sandbox.line_items(payment.session_id)
        assert (line["description"], line["amount_total"]) == (print_.product.title, 9800)
        order = payment.order
        assert (order.status, order.total_minor, order.paid_minor) == (Status.PENDING, 10_390, 0)

    @pytest.mark.case("A12")
    def test_json_buys_nothing(self, world, ada):
        print_ = factories.variant()
        lies = json.dumps({"variant": print_.pk, "quantity": 1, **self.LIES})
        assert ada.client.post("/cart/add/", lies, content_type="application/json").status_code == 422
        ada.put(print_)
        factories.shipping_rate(price_minor=590)
        ada.client.post("/checkout/", lies, content_type="application/json")
        assert Order.objects.get().total_minor == 4900 + 590
