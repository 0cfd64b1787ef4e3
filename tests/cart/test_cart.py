from __future__ import annotations

import pytest

from cart.cart import MAX_LINES, MAX_QUANTITY, SESSION_KEY, Cart, CartFull
from tests.cart.sessions import cart_with, next_request, session


def test_it_writes_nothing_for_a_visitor_who_only_looks():
    visit = session()
    cart = Cart(visit)
    assert (cart.count, cart.quantities, cart.open_order, cart.held) == (0, {}, "", {})
    assert cart.id
    assert cart.revision
    cart.forget_order()
    assert not visit.modified
    assert visit.is_empty()


def test_it_keeps_what_was_put_in_until_the_next_request():
    visit = session()
    cart = Cart(visit)
    cart.add(7, 2, price_minor=4900)
    later = Cart(next_request(visit))
    assert later.quantities == {7: 2}
    assert later.price_seen(7) == 4900
    assert later.id == cart.id


def test_it_adds_to_what_is_there():
    cart = cart_with((7, 2), (8, 1), (7, 3))
    assert cart.quantities == {7: 5, 8: 1}
    assert cart.count == 6


def test_it_keeps_the_order_in_which_things_were_put_in():
    cart = cart_with((9, 1), (7, 1), (8, 1), (9, 1))
    assert [*cart.quantities] == [9, 7, 8]


def test_it_sets_a_quantity():
    cart = cart_with((7, 2))
    cart.set(7, 5, price_minor=4900)
    assert cart.quantities == {7: 5}


@pytest.mark.parametrize("quantity", [0, -1])
def test_it_takes_a_line_out_at_zero(quantity):
    cart = cart_with((7, 2), (8, 1))
    cart.set(7, quantity, price_minor=0)
    cart.set(99, quantity, price_minor=0)  # was never in
    assert cart.quantities == {8: 1}


def test_it_remembers_the_price_that_was_seen_first_when_more_is_added():
    cart = cart_with((7, 1), price_minor=4900)
    cart.add(7, 1, price_minor=5900)
    assert cart.price_seen(7) == 4900


def test_it_takes_so_many_of_one_thing_and_no_more():
    cart = cart_with((7, MAX_QUANTITY))
    with pytest.raises(CartFull, match="At most 99 pieces"):
        cart.add(7, 1, price_minor=4900)
    with pytest.raises(CartFull):
        cart.set(7, MAX_QUANTITY + 1, price_minor=4900)
    with pytest.raises(CartFull):
        cart.add(8, MAX_QUANTITY + 1, price_minor=4900)
    assert cart.quantities == {7: MAX_QUANTITY}


def test_it_takes_as_many_lines_as_a_checkout_session_and_no_more():
    cart = cart_with(*((each, 1) for each in range(MAX_LINES)))
    assert MAX_LINES == 100
    with pytest.raises(CartFull, match="at most 100 different things"):
        cart.add(MAX_LINES, 1, price_minor=4900)
    cart.add(0, 1, price_minor=4900)
    assert len(cart.quantities) == MAX_LINES
    assert cart.count == MAX_LINES + 1


@pytest.mark.parametrize("stored", ["", "old", 7, [1, 2], None])
def test_it_begins_anew_where_the_session_holds_something_else(stored):
    visit = session()
    visit[SESSION_KEY] = stored
    assert Cart(visit).quantities == {}


# -- Revision ---------------------------------------------------------------------------------------------------------


def test_it_has_the_same_revision_for_the_same_contents():
    assert cart_with((7, 2), (8, 1)).revision == cart_with((8, 1), (7, 2)).revision
    assert cart_with((7, 2)).revision == cart_with((7, 1), (7, 1), price_minor=1).revision


@pytest.mark.parametrize("other", [[], [(7, 1)], [(8, 2)], [(7, 2), (8, 1)], [(72, 1)]], ids=repr)
def test_it_has_another_revision_for_other_contents(other):
    assert cart_with((7, 2)).revision != cart_with(*other).revision


# -- While an order is open -------------------------------------------------------------------------------------------


def test_it_remembers_its_open_order_and_what_it_holds():
    cart = cart_with((7, 2))
    cart.remember_order("AAAA-BBBB", {7: 2})
    later = Cart(next_request(cart._session))
    assert later.open_order == "AAAA-BBBB"
    assert later.held == {7: 2}


def test_it_keeps_everything_when_the_open_order_ended_unpaid():
    cart = cart_with((7, 2))
    before = cart.id, cart.quantities
    cart.remember_order("AAAA-BBBB", {7: 2})
    cart.forget_order()
    assert (cart.id, cart.quantities) == before
    assert (cart.open_order, cart.held) == ("", {})


def test_it_is_empty_and_another_cart_once_the_order_is_paid():
    cart = cart_with((7, 2))
    before = cart.id
    cart.remember_order("AAAA-BBBB", {7: 2})
    cart.order_was_paid()
    later = Cart(next_request(cart._session))
    assert later.quantities == {}
    assert (later.open_order, later.held) == ("", {})
    assert later.id != before


def test_it_stays_as_a_new_cart_if_it_was_edited_after_the_order_was_placed():
    cart = cart_with((7, 2))
    before = cart.id
    cart.remember_order("AAAA-BBBB", {7: 2})
    cart.add(8, 1, price_minor=900)
    cart.order_was_paid()
    assert cart.quantities == {7: 2, 8: 1}
    assert cart.id != before
    assert (cart.open_order, cart.held) == ("", {})


def test_it_is_emptied_if_an_edit_was_taken_back():
    cart = cart_with((7, 2))
    cart.remember_order("AAAA-BBBB", {7: 2})
    cart.set(7, 1, price_minor=4900)
    cart.set(7, 2, price_minor=4900)
    cart.order_was_paid()
    assert cart.quantities == {}
