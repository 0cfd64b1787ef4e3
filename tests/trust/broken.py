"""Guards taken out of the shop, by name: for controls, which show that a test fails when its guard is off.

Each is put in place by tests/trust/served.py in the program that a control starts; the shop has no switch for any of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.db.models import F

BROKEN: dict[str, Callable[[], None]] = {}


def guard(function: Callable[[], None]) -> Callable[[], None]:
    BROKEN[function.__name__] = function
    return function


@guard
def claim() -> None:
    """Payments are claimed by looking first (everybody sees that nobody has) and writing later."""
    from payments import settle
    from payments.models import Payment

    def look_then_write(payment: Any, _session: Any, _target: str, **_changes: Any) -> bool:
        return bool(Payment.objects.filter(pk=payment.pk).update(checked_at=settle.timezone.now()))

    settle._claim = look_then_write


@guard
def move() -> None:
    """Orders are moved by an UPDATE without a condition, and stock is sold likewise."""
    from catalog import stock
    from catalog.models import Variant
    from orders import transitions
    from orders.models import Order, OrderEvent

    def move_unguarded(
        order: Any, target: Any, *, what: str, by: str, allowed: Any = None, done: Any = (), **changes: Any
    ) -> bool:
        Order.objects.filter(pk=order.pk).update(status=target, **changes)
        OrderEvent.objects.create(order=order, to_status=target, what=what, by=by)
        order.refresh_from_db()
        return True

    def sell_unguarded(units: Any, *, reference: str, by: str) -> None:
        for variant_id, quantity in units:
            Variant.objects.filter(pk=variant_id).update(stock_on_hand=F("stock_on_hand") - quantity)

    transitions._move = move_unguarded
    stock.sell = sell_unguarded


@guard
def reserve() -> None:
    """Nothing is set aside: looking at the stock, as the cart does, is all there is."""
    from orders import place

    place.reserve = lambda units, **_why: {variant_id: False for variant_id, _quantity in units}


@guard
def take() -> None:
    """Nobody counts how often a promotion code is used: looking at it, as the cart does, is all there is."""
    from promotions import uses

    uses.take = lambda *_unused, **_named: None


@guard
def one_open_order() -> None:
    """Every press places an order of its own: the constraint never meets two of one cart."""
    from orders import place

    insert = place._insert
    place._insert = lambda _cart_id, *rest, **named: insert(uuid.uuid4().hex, *rest, **named)


@guard
def second_look() -> None:
    """Orders are placed at the price that was read before anything was reserved, without looking again."""
    from orders import place
    from orders.models import OrderLine

    def reserve_only(order: Any, priced: Any, *, by: str) -> None:
        counted = place.reserve([(line.variant.pk, line.quantity) for line in priced.lines], reference=order.number, by=by)
        OrderLine.objects.bulk_create(
            place._frozen(order, line, discount_minor=off, counted=counted[line.variant.pk])
            for line, off in zip(priced.lines, priced.discounts_minor, strict=True)
        )

    place._reserve_lines = reserve_only


@guard
def end() -> None:
    """Whoever reads that a page has expired gives the units back, without looking whether somebody did."""
    from orders import transitions
    from payments import settle

    def end_unguarded(order: Any, *, by: str, what: str, as_expired: bool) -> None:
        transitions.expire(order, by=by)

    settle._end = end_unguarded


@guard
def written_first() -> None:
    """The attempt to pay is written down once Stripe has answered, not before it is asked."""
    from payments import checkout
    from payments.models import Payment

    def not_written(order: Any) -> tuple[Payment, bool]:
        attempt = Payment(order=order, amount_minor=order.total_minor, currency=order.currency)
        attempt.request = checkout.request_for(attempt)
        return attempt, True

    def open_then_write(payment: Payment, *, is_ours: bool) -> Payment:
        state = checkout.ways.create(payment)
        payment.save()
        checkout.record_started(payment, state)
        return payment

    checkout._live_payment = not_written
    checkout._open = open_then_write


@guard
def one_transaction() -> None:
    """Settling is no longer one transaction: each of its steps is stored as it is made."""
    from payments import settle

    settle.transaction = SimpleNamespace(atomic=nullcontext)


@guard
def lock_order() -> None:
    """Variants are locked in the order of the cart, not in the one order for all."""
    from catalog import stock

    stock.in_lock_order = list


@guard
def immediate() -> None:
    """On SQLite a transaction takes the right to write with its first write, not at its beginning."""
    from django.db import connections

    connections.settings["default"]["OPTIONS"]["transaction_mode"] = "DEFERRED"


@guard
def bought() -> None:
    """A cart may be ordered again when what was ordered from it is paid: nobody looks."""
    from orders import place

    place._refuse_bought = lambda _cart_id, _fingerprint: None


@guard
def lease() -> None:
    """Who claims a mail has it for ever."""
    from orders import emails

    emails.LEASE = timedelta(days=365)


@guard
def mail_claim() -> None:
    """A mail is claimed without looking whether somebody has it."""
    from orders import emails
    from orders.models import OutgoingMail

    def claim_unguarded(pk: int) -> OutgoingMail:
        OutgoingMail.objects.filter(pk=pk).update(claimed_until=emails.timezone.now() + emails.LEASE)
        return OutgoingMail.objects.select_related("order").get(pk=pk)

    emails.claim = claim_unguarded


@guard
def refusals() -> None:
    """Whatever comes is handed on to Django, cut off or not."""
    from shop import refusals

    refusals._is_admin = lambda _request: False
    refusals.WholeBody._checked = lambda _self, data, short: data


@guard
def tally() -> None:
    """Tries are counted by each process for itself."""
    from collections import Counter

    from accounts.throttle import Limit, TooOften

    counted: Counter[tuple[str, str]] = Counter()

    def count_here(self: Limit, value: str) -> None:
        counted[self.name, value] += 1
        if counted[self.name, value] > self.times:
            raise TooOften(self.name, seconds=self.seconds)

    Limit.count = count_here
