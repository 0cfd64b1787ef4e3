"""The cart against a plain dict: whatever is done in whatever order, both hold the same."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cart.cart import MAX_LINES, MAX_QUANTITY, SESSION_KEY, Cart, CartFull
from tests.cart.sessions import next_request, session

variants = st.integers(1, 4)
quantities = st.integers(1, 60) | st.integers(98, 101)


class CartMachine(RuleBasedStateMachine):
    @initialize()
    def first_visit(self) -> None:
        self.session = session()
        self.cart = Cart(self.session)
        self.lines: dict[int, int] = {}
        self.touched = False
        self.ordered: dict[int, int] | None = None

    def _attempt(self, change, *, fits: bool) -> bool:
        before = self.cart.quantities
        try:
            change()
        except CartFull:
            assert not fits
            assert self.cart.quantities == before
            return False
        assert fits
        self.touched = True
        return True

    @rule(variant=variants, quantity=quantities)
    def add(self, variant: int, quantity: int) -> None:
        wanted = self.lines.get(variant, 0) + quantity
        fits = wanted <= MAX_QUANTITY and (variant in self.lines or len(self.lines) < MAX_LINES)
        if self._attempt(lambda: self.cart.add(variant, quantity, price_minor=100), fits=fits):
            self.lines[variant] = wanted

    @rule(first=st.integers(10, 20), last=st.integers(80, 115))
    def fill_up(self, first: int, last: int) -> None:
        for variant in range(first, last):
            self.add(variant, 1)

    @rule(variant=variants, quantity=quantities)
    def change(self, variant: int, quantity: int) -> None:
        if variant in self.lines and self._attempt(
            lambda: self.cart.set(variant, quantity, price_minor=100), fits=quantity <= MAX_QUANTITY
        ):
            self.lines[variant] = quantity

    @rule(variant=variants)
    def take_out(self, variant: int) -> None:
        self._attempt(lambda: self.cart.set(variant, 0, price_minor=0), fits=True)
        self.lines.pop(variant, None)

    @rule()
    def come_back(self) -> None:
        """Another request of the same visitor."""
        self.session = next_request(self.session)
        self.cart = Cart(self.session)

    @precondition(lambda self: self.lines)
    @rule()
    def place_an_order(self) -> None:
        self.cart.remember_order("AAAA-BBBB", self.lines)
        self.ordered = dict(self.lines)

    @precondition(lambda self: self.ordered is not None)
    @rule()
    def order_ends(self) -> None:
        self.cart.forget_order()
        self.ordered = None

    @precondition(lambda self: self.ordered is not None)
    @rule()
    def order_is_paid(self) -> None:
        before = self.cart.id
        self.cart.order_was_paid()
        assert self.cart.id != before
        if self.ordered == self.lines:
            self.lines = {}
        self.ordered = None

    @invariant()
    def both_hold_the_same(self) -> None:
        assert self.cart.quantities == self.lines
        assert [*self.cart.quantities] == [*self.lines]
        assert self.cart.count == sum(self.lines.values())
        assert self.cart.held == (self.ordered or {})
        assert bool(self.cart.open_order) == (self.ordered is not None)

    @invariant()
    def an_untouched_session_stays_empty(self) -> None:
        assert (SESSION_KEY in self.session) == self.touched


TestCart = CartMachine.TestCase
TestCart.settings = settings(max_examples=60, stateful_step_count=30)
