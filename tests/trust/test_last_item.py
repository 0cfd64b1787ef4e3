"""Stock that many want, that several ways give back, and that is gone when the money comes."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from orders import transitions
from orders.models import Order, OrderEvent, OutgoingMail
from orders.status import ENDED, Status
from payments.models import Difference, Payment
from promotions.models import Promotion
from tests import factories
from tests.trust.at_once import Calls

CHECKOUT_BEGINS = "^before request POST /checkout/"
READ_SESSION = {"method": "GET", "path": "^/v1/checkout/sessions/"}
SHOPPERS = 16
LEFT = 3


def press_at_once(world, shop, variant, shoppers=SHOPPERS):
    """So many shoppers have the variant in their carts and press at the same instant; answers who got what."""
    crowd = [world.shopper(shop=shop).put(variant) for _each in range(shoppers)]
    stop = shop.stops.set(CHECKOUT_BEGINS, at_most=shoppers)
    with Calls(*[each.press_pay for each in crowd]) as calls:
        stop.wait(min(shoppers, SHOPPERS) - 4)  # the others wait for a thread, behind these
        stop.release()
    return list(zip(crowd, calls.outcomes, strict=True))


class TestTheLastOnes:
    @pytest.mark.case("F57")
    @pytest.mark.parametrize("left", [1, 5])
    def test_they_go_to_as_many_shoppers_and_the_others_are_told(self, world, left):
        self._sell(world, left, SHOPPERS)

    @pytest.mark.long
    @pytest.mark.case("F57")
    @pytest.mark.parametrize("left", [1, 2, 3, 4, 5])
    def test_they_go_to_as_many_of_fifty(self, world, left):
        self._sell(world, left, 50)

    def _sell(self, world, left, shoppers):
        print_ = factories.variant(requires_shipping=False, on_hand=left, price_minor=1200)
        pressed = press_at_once(world, world.shop, print_, shoppers)
        winners = [(shopper, answer) for shopper, answer in pressed if answer.status_code == 303]
        losers = [(shopper, answer) for shopper, answer in pressed if answer.status_code != 303]
        assert (len(winners), len(losers)) == (left, shoppers - left)
        for shopper, answer in losers:
            page = answer if answer.status_code == 409 else shopper.client.get(answer["Location"])
            assert "is sold out. We took it out of your cart." in page.text
        for shopper, answer in winners:
            assert shopper.pay(Payment.objects.get(session_url=answer["Location"]))["outcome"] == "succeeded"
        world.quiesce()
        print_.refresh_from_db()
        assert (print_.stock_on_hand, print_.stock_reserved) == (0, 0)
        assert Order.objects.filter(status=Status.PAID).count() == left
        world.check()

    @pytest.mark.case("F57")
    def test_without_the_guard_everybody_is_asked_to_pay(self, world, broken):
        print_ = factories.variant(requires_shipping=False, on_hand=LEFT, price_minor=1200)
        with broken("reserve") as shop:
            pressed = press_at_once(world, shop, print_)
        assert [answer.status_code for _shopper, answer in pressed].count(303) > LEFT


class TestTheLastUsesOfACode:
    def press_at_once(self, world, shop, print_):
        """All have the code in their carts, and press at the same instant; answers who got what."""
        crowd = [world.shopper(shop=shop).put(print_) for _each in range(SHOPPERS)]
        for each in crowd:
            assert each.client.post("/cart/code/", {"code": "SPRING"}).status_code == 302
        stop = shop.stops.set(CHECKOUT_BEGINS, at_most=SHOPPERS)
        with Calls(*[each.press_pay for each in crowd]) as calls:
            stop.wait(SHOPPERS - 4)
            stop.release()
        return calls.outcomes

    @pytest.fixture
    def print_(self, world):
        factories.promotion(percent=50, most_uses=LEFT)
        return factories.variant(requires_shipping=False, on_hand=99, price_minor=1200)

    @pytest.mark.case("F61", "A18")
    def test_they_go_to_as_many_shoppers_and_the_others_are_told(self, world, print_):
        answers = self.press_at_once(world, world.shop, print_)
        losers = [answer for answer in answers if answer.status_code == 409]
        assert [answer.status_code for answer in answers].count(303) == LEFT == SHOPPERS - len(losers)
        assert all("is used up. We took it out of your cart." in answer.text for answer in losers)
        assert Promotion.objects.get().uses == LEFT
        world.after_the_hold()
        world.quiesce()
        assert Promotion.objects.get().uses == 0
        world.check()

    @pytest.mark.case("F61")
    def test_without_the_guard_all_get_it(self, world, broken, print_):
        with broken("take") as shop:
            answers = self.press_at_once(world, shop, print_)
        assert [answer.status_code for answer in answers].count(303) > LEFT


class TestAHoldThatEndsInFourWaysAtOnce:
    """Stripe's event, the shop's own sweeper, the shopper's link and a button of the staff; all have read that it expired."""

    @pytest.fixture
    def print_(self, world):
        print_ = factories.variant(requires_shipping=False, on_hand=10, price_minor=1200)
        world.shopper().put(print_, 4).checkout()  # somebody else's hold: what is released too often is taken from it
        return print_

    def end_at_once(self, world, shop, print_):
        ada = world.shopper(shop=shop)
        payment = ada.put(print_, 2).checkout()
        staff, button = world.staff(shop=shop), reverse("admin:orders_order_do", args=[payment.order_id, "cancel"])
        assert staff.get(button).status_code == 200
        world.sandbox.expire(payment.session_id)
        event = world.sandbox.event("checkout.session.expired", about=payment.session_id)
        Order.objects.filter(pk=payment.order_id).update(expires_at=timezone.now())
        fault = world.sandbox.fault(**READ_SESSION, action="hold_after", count=4)
        worker = shop.start_worker("--once")
        assert world.sandbox.wait_fault(fault, waiting=1, timeout=30)
        with Calls(
            lambda: world.deliver(event, shop=shop),
            lambda: ada.press_cancel(payment.order),
            lambda: staff.post(button),
        ) as calls:
            assert world.sandbox.wait_fault(fault, waiting=4)
            world.sandbox.release(fault)
        assert worker.wait(60) == 0
        shop.end_worker(worker)
        return payment.order, calls.outcomes

    @pytest.mark.case("F58", "F11")
    def test_it_ends_once(self, world, print_, rounds):
        for _round in rounds(1, long=20):
            order, answers = self.end_at_once(world, world.shop, print_)
            assert [answer.status_code for answer in answers] == [200, 302, 302]
            assert OrderEvent.objects.filter(order=order, to_status__in=ENDED).count() == 1
            print_.refresh_from_db()
            assert (print_.stock_on_hand, print_.stock_reserved) == (10, 4)
        world.quiesce()
        world.check()

    @pytest.mark.case("F58")
    def test_without_the_guards_units_of_somebody_else_are_given_back(self, world, broken, print_):
        with broken("claim", "move", "end") as shop:
            self.end_at_once(world, shop, print_)
        assert "stock_reserved" in world.violations()


@pytest.mark.case("F59")
def test_money_for_a_unit_that_was_given_away_goes_back(world, ada):
    """The shop asks Stripe before it ends a hold, so this is forced: the hold ends here alone, and the page stays open."""
    world.listen()
    last = factories.variant(requires_shipping=False, on_hand=1, price_minor=1200)
    late = ada.put(last).checkout()
    transitions.expire(late.order, by="test")
    Payment.objects.filter(pk=late.pk).update(status=Payment.Status.EXPIRED)
    bob = world.shopper(email="bob@shop.test")
    sold = bob.buy(last)
    assert ada.pay(late)["outcome"] == "succeeded"
    world.quiesce(listening=True)
    for payment in (late, sold):
        payment.order.refresh_from_db()
    assert (sold.order.status, sold.order.paid_minor, sold.order.refunded_minor) == (Status.PAID, 1200, 0)
    assert (late.order.status, late.order.paid_minor, late.order.refunded_minor) == (Status.EXPIRED, 1200, 1200)
    assert late.order.differences.get().kind == Difference.Kind.PAID_TOO_LATE
    (told,) = [message for message in world.mail.accepted if message["To"] == ada.email]
    assert OutgoingMail.objects.get(order=late.order).kind == OutgoingMail.Kind.PAID_TOO_LATE
    text = told.get_body(("plain",)).get_content()
    assert (late.order.number in text, "We send the whole amount back" in text) == (True, True)
    assert "the money goes back to you" in ada.client.get(late.order.get_absolute_url()).text
    world.check(flagged=["differences_are_resolved"])
