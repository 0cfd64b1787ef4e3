"""Sessions for tests of the cart: kept as JSON between requests, as a session backend does, but in no database."""

from __future__ import annotations

import json

from django.contrib.sessions.backends.base import SessionBase

from cart.cart import Cart


def session() -> SessionBase:
    """The session of a visitor who comes for the first time."""
    return SessionBase()


def next_request(before: SessionBase) -> SessionBase:
    """What the next request of the same visitor finds."""
    after = SessionBase()
    after.update(json.loads(json.dumps(dict(before.items()))))
    after.modified = False
    return after


def cart_with(*lines: tuple[int, int], price_minor: int = 4900) -> Cart:
    """A cart with (variant id, quantity) lines, all seen at the same price."""
    cart = Cart(session())
    for variant_id, quantity in lines:
        cart.add(variant_id, quantity, price_minor=price_minor)
    return cart
