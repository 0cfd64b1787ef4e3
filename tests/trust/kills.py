"""A web process that is killed in the middle of a request: exactly the one that has it, exactly at the place that is meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from tests.trust.at_once import Calls
from tests.trust.programs import ShopProgram
from tests.trust.stops import Stop

BOOKING = '^before UPDATE "payments_payment" SET "checked_at"'  # the first statement of the transaction that settles a payment


def kill_at(shop: ShopProgram, request: Callable[[], Any], *places: str) -> None:
    """Make `request`, and SIGKILL the process that serves it once it has come by each of the `places` and is at the last.

    Fails if it never comes there, or if the client is answered all the same.
    """
    stop = shop.stops.set(places[0])
    with Calls(request) as calls:
        (pid,) = walk_to(shop, stop, *places[1:]).wait()
        shop.kill_web(pid)
        shop.stops.clear()
    assert isinstance(calls.outcomes[0], requests.ConnectionError), f"nobody was killed: {calls.outcomes}"


def walk_to(shop: ShopProgram, stop: Stop, *places: str) -> Stop:
    """From the stop where somebody is, or will be, through these places one after the other; answers the last stop."""
    for place in places:
        stop.wait()
        following = shop.stops.set(place)
        stop.release()
        stop = following
    return stop
