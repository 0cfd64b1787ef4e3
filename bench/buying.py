"""Buying, as far as money goes: checkouts that end on the stand-in's page, payments there, and their webhooks."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle
from typing import Any

from bench.client import form, header, post, run
from bench.pages import Tally, timed
from bench.sites import Site
from stripe_sandbox.sending import signature
from tests.sandbox_process import Sandbox

CARD = "4242424242424242"
BERLIN = {"line1": "12 St James's Square", "city": "Berlin", "postal_code": "10115", "country": "DE"}
_shoppers = count(1)


class Buyers:
    """Shoppers of one shop. `checkout` and `fulfilled` are what was measured, `bought` how many orders must be paid."""

    def __init__(self, site: Site, sandbox: Sandbox) -> None:
        self.site, self.sandbox = site, sandbox
        self.checkout, self.fulfilled, self.bought = Tally(), Tally(), 0
        self._variants = cycle((site.found or {})["variants"])

    def buy(self, orders: int) -> None:
        """One order per cart: fill carts, start checkouts (measured), pay, deliver the webhooks (measured)."""
        pages = self._start_checkouts(self._carts(orders))
        sessions = [page.rpartition("/")[2].partition("#")[0] for page in pages]
        with ThreadPoolExecutor(4) as payers:
            events = list(payers.map(self._pay, sessions))
        taken, cpu = timed(self.site, lambda: run(self.site.port, map(self._signed, events), expect=200))
        self.fulfilled.add(taken, cpu=cpu)
        self.bought += orders

    def _carts(self, orders: int) -> list[str]:
        """Session cookies of new visitors with one thing each in their cart."""
        cookies: list[str] = []
        adds = [form("/cart/add/", {"variant": next(self._variants), "quantity": 1}) for _ in range(orders)]
        run(self.site.port, adds, expect=302, keep=lambda head: cookies.append(_session_cookie(head)))
        return cookies

    def _start_checkouts(self, cookies: list[str]) -> list[str]:
        """The addresses of the stand-in's payment pages."""
        pages: list[str] = []
        presses = [form("/checkout/", {}, cookies=cookie, address=_address()) for cookie in cookies]
        keep = lambda head: pages.append(header(head, "Location")[0])  # noqa: E731
        taken, cpu = timed(self.site, lambda: run(self.site.port, presses, expect=303, keep=keep))
        self.checkout.add(taken, cpu=cpu)
        return pages

    def _pay(self, session: str) -> dict[str, Any]:
        """Pay at the stand-in; answers the event that Stripe would send, which nobody has delivered."""
        person: dict[str, Any] = {"email": "ada@shop.test", "name": "Ada Lovelace", "card": CARD}
        paid = self.sandbox.pay(session, **person, shipping={"name": "Ada Lovelace", "address": BERLIN})
        if paid["outcome"] != "succeeded":
            raise RuntimeError(f"The stand-in did not take the payment: {paid}")
        return self.sandbox.event("checkout.session.completed", about=session)

    def _signed(self, event: dict[str, Any]) -> bytes:
        body = json.dumps(event).encode()
        signed = {"Stripe-Signature": signature(body, [self.site.secret])}
        return post("/webhooks/stripe/", body, content_type="application/json", **signed)


def _session_cookie(head: bytes) -> str:
    (cookie,) = (value for value in header(head, "Set-Cookie") if value.startswith("sessionid="))
    return cookie.partition(";")[0]


def _address() -> str:
    """A client address that was not used before: checkouts are counted by address."""
    number = next(_shoppers)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
