"""One cart in two tabs, pressed, edited and repriced while Stripe's page is open: what is paid is what was shown."""

from __future__ import annotations

import pytest

from catalog.listing import refresh_listings
from catalog.models import Product, Variant
from orders.models import Order, OutgoingMail
from orders.status import Status
from payments.models import Difference, Payment
from tests import factories
from tests.trust.at_once import Calls

CHECKOUT_BEGINS = "^before request POST /checkout/"
CART_WAS_READ = '^after SELECT "catalog_variant"'
CREATE_SESSION = {"method": "POST", "path": "^/v1/checkout/sessions$"}
EXPIRE_SESSION = {"method": "POST", "path": "^/v1/checkout/sessions/[^/]+/expire$"}


@pytest.fixture
def print_(world):
    return factories.variant(requires_shipping=False, on_hand=20, price_minor=1200)


@pytest.fixture
def poster(world):
    return factories.variant(requires_shipping=False, on_hand=20, price_minor=500)


def press_at_once(shop, ada, times):
    """So many presses of one visitor that were all there before any was begun."""
    ada.client.csrf_token()
    stop = shop.stops.set(CHECKOUT_BEGINS, at_most=times)
    with Calls(*[ada.press_pay] * times) as calls:
        stop.wait(times)
        stop.release()
    return calls.outcomes


def press_meanwhile(ada, stop, change):
    """Press; when the press has come to the stop, do `change`; answers what the press led to."""
    with Calls(ada.press_pay) as calls:
        stop.wait()
        change()
        stop.release()
    return calls.outcomes[0]


def change_price(variant, price_minor):
    Variant.objects.filter(pk=variant.pk).update(price_minor=price_minor)
    refresh_listings([variant.product_id])


def bought(order):
    return {line.variant_id: line.quantity for line in order.lines.all()}


def paid_orders():
    return Order.objects.filter(status=Status.PAID)


class TestManyPressesAtOnce:
    @pytest.mark.case("F52", "A21")
    @pytest.mark.parametrize("times", [2, 10])
    def test_they_all_lead_to_one_page(self, world, ada, print_, times):
        answers = press_at_once(world.shop, ada.put(print_, 2), times)
        assert [answer.status_code for answer in answers] == [303] * times
        (page,) = {answer["Location"] for answer in answers}
        payment = Payment.objects.get(session_url=page)
        assert (Order.objects.count(), len(world.sandbox.books()["sessions"])) == (1, 1)
        assert ada.pay(payment)["outcome"] == "succeeded"
        world.quiesce()
        assert paid_orders().count() == 1
        world.check()

    @pytest.mark.case("F52")
    def test_without_the_guard_each_has_an_order_of_its_own(self, world, broken, print_):
        with broken("one_open_order") as shop:
            answers = press_at_once(shop, world.shopper(shop=shop).put(print_, 2), 4)
        assert len({answer["Location"] for answer in answers}) > 1
        assert Order.objects.count() > 1


class TestTwoTabs:
    @pytest.mark.case("F51")
    def test_the_same_cart_is_sold_once(self, world, ada, print_):
        payment = ada.put(print_).checkout()
        assert ada.checkout() == payment  # the other tab
        ada.pay(payment)
        world.quiesce()
        assert ada.press_pay()["Location"] == f"/orders/{payment.order.number}/"
        assert Order.objects.count() == 1
        world.check()

    @pytest.mark.case("F51", "F54")
    def test_the_older_page_of_an_edited_cart_takes_no_money(self, world, ada, print_, poster):
        older = ada.put(print_).checkout()
        newer = ada.put(poster).checkout()
        assert ada.pay(older)["outcome"] == "expired"
        assert ada.pay(newer)["outcome"] == "succeeded"
        world.quiesce()
        assert [bought(order) for order in paid_orders()] == [{print_.pk: 1, poster.pk: 1}]
        world.check()

    @pytest.mark.case("F51", "F54")
    def test_who_pays_both_pages_has_two_orders_and_sees_them(self, world, ada, print_, poster):
        """The older page is paid in the very moment in which the other tab is about to close it."""
        older = ada.put(print_).checkout()
        ada.put(poster)
        fault = world.sandbox.fault(**EXPIRE_SESSION, action="hold_before", count=1)
        with Calls(ada.press_pay) as calls:
            assert world.sandbox.wait_fault(fault)
            assert ada.pay(older)["outcome"] == "succeeded"
            world.sandbox.release(fault)
        newer = Payment.objects.get(session_url=calls.outcomes[0]["Location"])
        assert ada.pay(newer)["outcome"] == "succeeded"
        world.quiesce()
        assert [bought(order) for order in paid_orders().order_by("id")] == [{print_.pk: 1}, {print_.pk: 1, poster.pk: 1}]
        assert [ada.client.get(order.get_absolute_url()).status_code for order in paid_orders()] == [200, 200]
        world.check()

    @pytest.mark.case("F51")
    def test_money_by_a_second_page_of_one_order_goes_back(self, world, ada, print_):
        """Two open pages of one order cannot come about by themselves: the shop is made to believe that the first is gone."""
        first = ada.put(print_).checkout()
        Payment.objects.filter(pk=first.pk).update(status=Payment.Status.FAILED)
        second = ada.checkout()
        assert (first.order, first.session_id != second.session_id) == (second.order, True)
        for payment in (first, second):
            assert ada.pay(payment)["outcome"] == "succeeded"
            assert ada.come_back(payment).status_code in (200, 302)
        world.quiesce()
        assert [one["refunded"] for one in world.sandbox.books()["sessions"]].count(1200) == 1
        assert Difference.objects.get().kind == Difference.Kind.PAID_TWICE
        kinds = OutgoingMail.objects.filter(sent_at__isnull=False).values_list("kind", flat=True)
        assert sorted(kinds) == [OutgoingMail.Kind.CONFIRMED, OutgoingMail.Kind.REFUNDED]
        world.check(flagged=["differences_are_resolved"])


class TestACartThatIsEditedMeanwhile:
    @pytest.mark.case("F54", "A19")
    def test_the_page_sells_what_it_showed_and_the_rest_stays_in_the_cart(self, world, ada, print_, poster):
        payment = ada.put(print_, 2).checkout()
        ada.put(poster, 3)
        ada.pay(payment)
        world.quiesce()
        assert bought(payment.order) == {print_.pk: 2}
        assert poster.product.title in ada.client.get("/cart/").text
        world.check()

    @pytest.mark.case("F54", "A19")
    def test_the_same_while_stripe_is_asked_for_the_page(self, world, ada, print_, poster):
        ada.put(print_, 2)
        fault = world.sandbox.fault(**CREATE_SESSION, action="hold_before", count=1)
        with Calls(ada.press_pay) as calls:
            assert world.sandbox.wait_fault(fault)
            ada.put(poster, 3)
            world.sandbox.release(fault)
        payment = Payment.objects.get(session_url=calls.outcomes[0]["Location"])
        assert world.sandbox.session(payment.session_id)["amount_total"] == 2400
        newer = ada.checkout()
        assert ada.pay(payment)["outcome"] == "expired"
        assert world.sandbox.session(newer.session_id)["amount_total"] == 3900
        ada.pay(newer)
        world.quiesce()
        assert bought(newer.order) == {print_.pk: 2, poster.pk: 3}
        world.check()


class TestAPriceThatChanges:
    @pytest.mark.case("F55")
    def test_it_is_told_before_money_is_asked_for(self, world, ada, print_):
        ada.put(print_, 2)
        change_price(print_, 1300)
        answer = ada.press_pay()
        assert answer.status_code == 409
        assert "The price went from €12.00 to €13.00." in answer.text
        assert "€26.00" in answer.text
        payment = ada.checkout()
        assert ada.pay(payment)["session"]["amount_total"] == 2600
        world.quiesce()
        world.check()

    @pytest.mark.case("F55")
    def test_it_is_told_also_when_it_changes_within_the_press(self, world, ada, print_):
        ada.put(print_, 2)
        answer = press_meanwhile(ada, world.shop.stops.set(CART_WAS_READ), lambda: change_price(print_, 1300))
        assert answer.status_code == 409
        assert "The price went from €12.00 to €13.00." in answer.text
        assert not Order.objects.exists()
        world.check()

    @pytest.mark.case("F55")
    def test_without_the_second_look_the_old_price_is_charged(self, world, broken, print_):
        with broken("second_look") as shop:
            ada = world.shopper(shop=shop).put(print_, 2)
            answer = press_meanwhile(ada, shop.stops.set(CART_WAS_READ), lambda: change_price(print_, 1300))
        assert answer.status_code == 303
        assert Payment.objects.get(session_url=answer["Location"]).amount_minor == 2400

    @pytest.mark.case("F55", "A13")
    def test_an_open_page_keeps_the_price_it_showed(self, world, ada, print_):
        payment = ada.put(print_, 2).checkout()
        change_price(print_, 99_00)
        assert ada.pay(payment)["session"]["amount_total"] == 2400
        world.quiesce()
        payment.order.refresh_from_db()
        assert (payment.order.status, payment.order.total_minor, payment.order.paid_minor) == (Status.PAID, 2400, 2400)
        world.check()


class TestAProductThatGoes:
    @pytest.mark.case("F56")
    @pytest.mark.parametrize("how", ["unpublished", "switched off", "deleted"])
    def test_it_leaves_the_cart_before_money_is_asked_for(self, world, ada, print_, poster, how):
        ada.put(print_).put(poster)
        take_away(print_, how)
        answer = ada.press_pay()
        assert answer.status_code == 409
        assert "no longer on sale. We took it out." in answer.text
        payment = ada.checkout()
        assert ada.pay(payment)["session"]["amount_total"] == 500
        world.quiesce()
        assert bought(payment.order) == {poster.pk: 1}
        world.check()

    @pytest.mark.case("F56")
    @pytest.mark.parametrize("how", ["unpublished", "switched off"])
    def test_a_press_that_read_it_is_told_too(self, world, ada, print_, how):
        ada.put(print_)
        answer = press_meanwhile(ada, world.shop.stops.set(CART_WAS_READ), lambda: take_away(print_, how))
        assert answer.status_code == 409
        assert not Order.objects.exists()
        world.check()

    @pytest.mark.case("F56", "F6")
    def test_an_open_page_still_sells_it_and_the_order_outlives_it(self, world, ada, print_):
        grace = world.staff()
        payment = ada.put(print_, 2).checkout()
        take_away(print_, "unpublished")
        ada.pay(payment)
        world.quiesce()
        take_away(print_, "deleted")
        page = ada.client.get(payment.order.get_absolute_url())
        assert (page.status_code, payment.order.lines.get().title in page.text) == (200, True)
        address = f"/admin/orders/order/{payment.order.pk}"
        assert grace.get(f"{address}/change/").status_code == 200
        grace.post(f"{address}/do/refund/", {"amount_minor": 2400, "reason": "came too late", "restock": "on"})
        payment.order.refresh_from_db()
        assert (payment.order.status, payment.order.refunded_minor) == (Status.REFUNDED, 2400)
        world.send_mail()
        world.check()


def take_away(variant, how):
    if how == "unpublished":
        Product.objects.filter(pk=variant.product_id).update(is_published=False)
        refresh_listings([variant.product_id])
    elif how == "switched off":
        Variant.objects.filter(pk=variant.pk).update(is_active=False)
        refresh_listings([variant.product_id])
    else:
        Product.objects.get(pk=variant.product_id).delete()
