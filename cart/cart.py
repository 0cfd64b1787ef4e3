"""The session cart: what a visitor wants, before any promise.

The session holds, under "cart":
    {"id": "4f…", "lines": {"17": [2, 1250]}, "code": ["SPRING", "10%"],
     "checkout": {"order": "…", "revision": "…", "held": {"17": 2}}}
A line is a quantity and the unit price (minor units of the shop's currency) that the visitor was last shown; the price is
only there to say what changed, and so is what a promotion code is worth. `checkout` is there while an order placed from this
cart is open.
"""

from __future__ import annotations

import hashlib
import uuid

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

SESSION_KEY = "cart"
MAX_LINES = 100  # line items of one Checkout Session in payment mode: docs.stripe.com/api/checkout/sessions/create, 2026-09
MAX_QUANTITY = 99
TOO_MANY = format_lazy(_("At most {most} pieces of one thing."), most=MAX_QUANTITY)


class CartFull(Exception):
    """The cart takes no more. `for_customer` says why."""

    def __init__(self, for_customer: object) -> None:
        super().__init__(str(for_customer))
        self.for_customer = for_customer


class Cart:
    """The cart of one session. Nothing is written, and no session is made, before the first thing is put in."""

    def __init__(self, session: SessionBase) -> None:
        self._session = session
        stored = session.get(SESSION_KEY)
        self._data: dict = stored if isinstance(stored, dict) else {"id": uuid.uuid4().hex, "lines": {}}

    @property
    def id(self) -> str:
        return self._data["id"]

    @property
    def quantities(self) -> dict[int, int]:
        """How many of which variant, in the order in which they were put in."""
        return {int(variant): line[0] for variant, line in self._data["lines"].items()}

    @property
    def revision(self) -> str:
        """A fingerprint of what is in the cart: equal for equal contents."""
        return hashlib.sha256(repr(sorted(self.quantities.items())).encode()).hexdigest()[:32]

    @property
    def count(self) -> int:
        return sum(self.quantities.values())

    def price_seen(self, variant_id: int) -> int:
        return self._data["lines"][str(variant_id)][1]

    def add(self, variant_id: int, quantity: int, *, price_minor: int) -> None:
        """Put `quantity` more of a variant in. Raises CartFull past MAX_LINES lines or MAX_QUANTITY of one.

        A line that is there keeps the price it was seen at, so that a change is still told.
        """
        if variant_id not in self.quantities and len(self.quantities) >= MAX_LINES:
            raise CartFull(_("Your cart is full: at most %(lines)d different things fit in one order.") % {"lines": MAX_LINES})
        before, price_seen = self._data["lines"].get(str(variant_id), (0, price_minor))
        self.set(variant_id, before + quantity, price_minor=price_seen)

    def set(self, variant_id: int, quantity: int, *, price_minor: int) -> None:
        """Want exactly `quantity`; 0 takes the line out. Raises CartFull past MAX_QUANTITY."""
        if quantity > MAX_QUANTITY:
            raise CartFull(TOO_MANY)
        if quantity > 0:
            self._data["lines"][str(variant_id)] = [quantity, price_minor]
        else:
            self._data["lines"].pop(str(variant_id), None)
        self._save()

    # -- A promotion code ---------------------------------------------------------------------------------------------

    @property
    def code(self) -> str:
        """The promotion code that the visitor wants to use; empty for none."""
        return self._data.get("code", ("", ""))[0]

    @property
    def rule_seen(self) -> str:
        """What the code takes off, as the visitor was last shown."""
        return self._data.get("code", ("", ""))[1]

    def use_code(self, code: str, *, rule: str) -> None:
        """Want `code`, instead of any other."""
        self._data["code"] = [code, rule]
        self._save()

    def forget_code(self) -> None:
        if self._data.pop("code", None) is not None:
            self._save()

    # -- While an order placed from this cart is open ---------------------------------------------------------------

    @property
    def open_order(self) -> str:
        """The number of the order that was placed from this cart and may still be open; empty for none."""
        return self._data.get("checkout", {}).get("order", "")

    @property
    def held(self) -> dict[int, int]:
        """Units that this visitor's own open order has set aside: they are not missing to this visitor."""
        held = self._data.get("checkout", {}).get("held", {})
        return {int(variant): quantity for variant, quantity in held.items()}

    def remember_order(self, number: str, held: dict[int, int]) -> None:
        self._data["checkout"] = {
            "order": number,
            "revision": self.revision,
            "held": {str(variant): quantity for variant, quantity in held.items()},
        }
        self._save()

    def forget_order(self) -> None:
        """The open order ended unpaid: its hold is gone, the cart stays as it is."""
        if self._data.pop("checkout", None) is not None:
            self._save()

    def order_was_paid(self) -> None:
        """Begin anew. What was changed in the cart after the order was placed stays, as a new cart."""
        bought = self._data.pop("checkout", {}).get("revision")
        self._data["id"] = uuid.uuid4().hex
        if bought == self.revision:
            self._data["lines"] = {}
            self._data.pop("code", None)
        self._save()

    def _save(self) -> None:
        self._session[SESSION_KEY] = self._data


def current_cart(request: HttpRequest) -> Cart:
    return Cart(request.session)


def somebody_looks(request: HttpRequest) -> bool:
    """Say whether a person sees the answer now: not with HEAD, nor when a browser loads a page ahead of a click."""
    return request.method != "HEAD" and "prefetch" not in request.headers.get("Sec-Purpose", "").lower()
