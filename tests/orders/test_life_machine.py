"""Random lives of orders: whatever is done in whatever order, the audit finds the books in order."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule, run_state_machine_as_test

from cart.totals import price_cart
from catalog import stock
from catalog.models import Variant
from orders import transitions
from orders.models import Order
from orders.place import CartBought, CartChanged, OpenOrderInTheWay
from orders.status import ALLOWED, ENDED, SOLD, Status
from payments.models import Difference, Refund
from tests import factories, people
from tests.orders.placing import basket, pay, place, placed, stock_of, violations

SUPPLY = 5


class LifeMachine(RuleBasedStateMachine):
    """A shop with two counted things, a download and two promotion codes. Every example is rolled back."""

    carts, orders = Bundle("carts"), Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.steps = 0

    @initialize(target=orders)
    def open_the_shop(self):
        self.variants = [factories.variant(on_hand=SUPPLY, price_minor=price) for price in (100, 2500)]
        self.variants.append(factories.download(price_minor=900))
        self.codes = ["", factories.promotion(percent=33, most_uses=3).code]
        self.codes.append(factories.promotion(code="ONCE", amount_minor=500, most_uses_per_customer=1).code)
        self.statuses: dict[int, str] = {}
        print_, poster, download = self.variants
        open_, paid = placed((print_, 1), (download, 1)), placed((poster, 2), (print_, 2), user=people.ada())
        pay(paid)
        return multiple(open_, paid)

    # -- Placing ------------------------------------------------------------------------------------------------------

    @rule(
        target=carts,
        wanted=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3)), min_size=1, max_size=3),
        code=st.integers(0, 2),
    )
    def fill_a_cart(self, wanted, code):
        return basket(*((self.variants[which], quantity) for which, quantity in wanted), code=self.codes[code])

    @rule(target=orders, cart=carts, delay=st.sampled_from([None, None, "dearer", "switched off"]), guest=st.booleans())
    def place(self, cart, delay, guest):
        user = None if guest else people.ada()
        priced = price_cart(cart, user=user)
        if priced.is_empty:
            return multiple()
        _meanwhile(delay, priced.lines[0].variant)
        try:
            order = place(cart, priced, user=user)
        except (CartBought, CartChanged, OpenOrderInTheWay):
            return multiple()
        finally:
            _meanwhile("back" if delay else None, priced.lines[0].variant)
        cart.remember_order(order.number, {line.variant_id: line.quantity for line in order.lines.all()})
        return order

    @rule(which=st.integers(0, 1), delta=st.integers(-2, 2).filter(bool), oversell=st.booleans())
    def count_stock(self, which, delta, oversell):
        try:
            stock.adjust(self.variants[which].pk, delta, by="grace@shop.test", reference="counted", oversell=oversell)
        except stock.StockConflict:
            on_hand, reserved = stock_of(self.variants[which])
            assert not oversell
            assert on_hand + delta < reserved

    # -- What becomes of it -------------------------------------------------------------------------------------------

    def _try(self, order: Order, target: Status, verb: Callable[..., bool]) -> bool:
        row = Order.objects.get(pk=order.pk)
        before = row.status
        try:
            with transaction.atomic():
                moved = verb(order, by="machine")
        except transitions.InvalidTransition:
            by_refund_only = before == Status.REFUNDED
            nothing_to_send = target == Status.SHIPPED and row.restocked_at
            assert target not in ALLOWED[before] or by_refund_only or nothing_to_send
            return False
        assert not moved or target in ALLOWED[before]
        return moved

    @rule(order=orders)
    def on_its_way(self, order):
        self._try(order, Status.CONFIRMING, transitions.mark_confirming)

    @rule(order=orders)
    def money_comes(self, order):
        if order.payments.exists():
            return
        self._try(order, Status.PAID, lambda own, *, by: pay(own))
        Difference.objects.update(resolved_at=timezone.now())  # what is not there comes later

    @rule(order=orders, how=st.sampled_from([(Status.EXPIRED, transitions.expire), (Status.CANCELLED, transitions.cancel)]))
    def is_given_up(self, order, how):
        self._try(order, *how)

    @rule(order=orders)
    def staff_ships(self, order):
        self._try(order, Status.SHIPPED, transitions.ship)

    @rule(order=orders, part=st.integers(1, 4), restock=st.booleans())
    def staff_refunds(self, order, part, restock):
        order.refresh_from_db()
        minor = max(order.refundable.minor // part, 1)
        with transaction.atomic():
            if not transitions.add_refunded(order, minor):
                assert minor > order.refundable.minor
                return
            Refund.objects.create(
                payment=order.payments.get(), amount_minor=minor, currency="EUR", status=Refund.Status.SUCCEEDED
            )
            if restock:
                transitions.put_back_in_stock(order, by="machine")
            order.refresh_from_db()
            if not order.refundable:
                transitions.mark_refunded(order, by="machine")

    @rule(order=orders)
    def staff_cancels_what_cost_nothing(self, order):
        if not order.total_minor and Order.objects.get(pk=order.pk).status != Status.SHIPPED:
            self._try(order, Status.REFUNDED, transitions.cancel_free)

    @rule(order=orders)
    def refund_comes_back(self, order):
        refund = Refund.objects.filter(payment__order=order, booked=True).first()
        if refund is None:
            return
        with transaction.atomic():
            Refund.objects.filter(pk=refund.pk).update(booked=False, status=Refund.Status.FAILED)
            transitions.take_back_refunded(order, refund.amount_minor)
            order.refresh_from_db()
            if order.status == Status.REFUNDED:
                assert transitions.mark_refund_failed(order, by="machine")

    # -- What always holds --------------------------------------------------------------------------------------------

    @invariant()
    def the_books_are_in_order(self) -> None:
        """Now and then: what damages the books stays in them."""
        self.steps += 1
        assert self.steps % 5 or violations() == {}

    @invariant()
    def no_order_goes_back(self) -> None:
        for pk, status in Order.objects.values_list("pk", "status"):
            before = self.statuses.get(pk, Status.PENDING)
            assert before not in SOLD or status in SOLD
            assert before not in ENDED or status == before
            self.statuses[pk] = status

    def teardown(self) -> None:
        try:
            assert violations() == {}
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)


@pytest.mark.django_db
def test_it_keeps_the_books_in_order_whatever_happens(request):
    people.ada()  # once for all examples: her password takes long to hash
    run_state_machine_as_test(
        LifeMachine,
        settings=settings(
            max_examples=200 if request.config.getoption("long") else 8,
            stateful_step_count=30,
            phases=[Phase.reuse, Phase.generate],  # making a failure smaller takes minutes
        ),
    )


def _meanwhile(what: str | None, variant: Variant) -> None:
    """What may happen to a thing between its cart being shown and its order being placed."""
    rows = Variant.objects.filter(pk=variant.pk)
    if what == "dearer":
        rows.update(price_minor=variant.price_minor + 1)
    elif what == "switched off":
        rows.update(is_active=False)
    elif what == "back":
        rows.update(price_minor=variant.price_minor, is_active=True)
