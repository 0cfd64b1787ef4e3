"""Everything at Stripe since some moment, held against the shop's books: after a restored copy of the database, or to be sure.

What can be put right by asking Stripe is put right at once; what cannot becomes a difference that staff see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.conf import settings
from django.utils.translation import gettext as _

from money import Money
from orders.models import Order
from payments import gateway, ways
from payments.aftermath import CAME, left_at_stripe
from payments.differences import record_difference, resolve_difference
from payments.disputes import learn
from payments.gateway import StripePayment, StripeRefund
from payments.models import Difference, Dispute, Payment, Refund
from payments.refund import ACCEPTED, CAME_BACK, book_refund
from payments.settle import settle
from payments.stripe_disputes import StripeDispute, list_disputes_since, retrieve_dispute

BY = "comparison"
Kind = Difference.Kind
Progress = Callable[[int], object]


@dataclass(frozen=True)
class Finding:
    """One disagreement. `mended`: it was put right; else it stands on the list of differences."""

    what: str
    reference: str
    order: str
    mended: bool


def compare(*, since: datetime, progress: Progress = lambda _count: None) -> Iterator[Finding]:
    """Every disagreement about payments, refunds and disputes made since then, as it is found. Safe to run at any time.

    Raises GatewayError where Stripe cannot be asked; what was found until then is kept.
    """
    paid: dict[str, tuple[int, str]] = {}
    for state in _ours(since, progress):
        if state.is_paid:
            paid[state.reference] = (state.amount_minor, state.currency)
        yield from _payment(state)
    yield from _not_there(since, paid, progress)
    for refund in gateway.list_refunds_since(since):
        progress(1)
        yield from _refund(refund)
    for dispute in _disputes(since):
        progress(1)
        yield from _dispute(dispute)


def _ours(since: datetime, progress: Progress) -> Iterator[StripePayment]:
    """Sessions and intents that this shop made: others of the account are nobody's business here."""
    for state in chain(gateway.list_sessions(since), gateway.list_intents(since)):
        progress(1)
        if f"{state.shop}/".startswith(f"{settings.SITE_URL}/"):
            yield state


def _payment(state: StripePayment) -> Iterator[Finding]:
    payment = Payment.objects.select_related("order").filter(reference=state.reference).first()
    if payment is None:
        yield from _unknown(state)
        return
    before = payment.status
    if payment.stripe_id not in ("", state.id):
        detail = _("%(id)s names payment %(payment)s but is not its own") % {"id": state.id, "payment": payment.reference}
        yield from _told(Kind.UNMATCHED, state.id, detail, payment.order, payment.order.number)
    elif (state.is_paid and before not in CAME) or (state.is_expired and before in Payment.LIVE):
        payment = settle(payment, by=BY, stripe_id=state.id)
        told = _("Stripe says %(there)s, here it was %(here)s") % {"there": state.payment_status, "here": before}
        yield Finding(told, state.id, payment.order.number, mended=payment.status != before)


def _unknown(state: StripePayment) -> Iterator[Finding]:
    """A payment of ours that is not here. An open one is closed: nobody would know what it was for."""
    order = state.metadata.get("order", "")
    if state.is_paid and _went_back(state):
        if resolve_difference(Kind.UNMATCHED, state.id, by=BY, note=_("The money went back")):
            yield Finding(_("Its money went back at Stripe"), state.id, order, mended=True)
    elif state.is_paid:
        detail = _("%s was paid for a payment that is not here") % Money(state.amount_minor, state.currency)
        yield from _told(Kind.UNMATCHED, state.id, detail, Order.objects.filter(number=order).first(), order)
    elif state.is_open:
        closed = ways.close(state)
        yield Finding(_("It could be paid, and nothing was known of it here"), state.id, order, mended=not closed.is_open)


def _told(kind: str, reference: str, detail: str, order: Order | None, number: str) -> Iterator[Finding]:
    """Staff see it from now on; it is found no more once somebody has dealt with it."""
    if record_difference(kind, reference, detail, order=order).resolved_at is None:
        yield Finding(detail, reference, number, mended=False)


def _went_back(state: StripePayment) -> bool:
    return bool(state.amount_minor and state.payment_intent_id) and left_at_stripe(state) <= 0


def _not_there(since: datetime, paid: Mapping[str, tuple[int, str]], progress: Progress) -> Iterator[Finding]:
    """Paid here, and not at Stripe. What was made there before that moment is asked for one by one."""
    booked = Payment.objects.select_related("order").filter(status=Payment.Status.SUCCEEDED, settled_at__gte=since)
    for payment in booked.iterator():
        progress(1)
        if paid.get(payment.reference) != (payment.amount_minor, payment.currency) and not _is_paid_there(payment):
            detail = _("%(amount)s are booked as paid, and Stripe holds no such money") % {"amount": payment.amount}
            reference = payment.stripe_id or payment.reference
            yield from _told(Kind.PAID_HERE, reference, detail, payment.order, payment.order.number)


def _is_paid_there(payment: Payment) -> bool:
    try:
        state = ways.retrieve(payment)
    except gateway.GatewayRefused:
        return False
    return state.is_paid and (state.amount_minor, state.currency) == (payment.amount_minor, payment.currency)


def _refund(seen: StripeRefund) -> Iterator[Finding]:
    payment = Payment.objects.select_related("order").filter(payment_intent_id=seen.payment_intent_id).first()
    row = Refund.objects.filter(stripe_id=seen.id).first()
    there = CAME_BACK.get(seen.status) or ACCEPTED.get(seen.status, Refund.Status.PENDING)
    if payment is None or (row and row.status == there):
        return
    booked = book_refund(settle(payment, by=BY), seen, by=BY)
    if row and row.status == booked.status:  # here it has ended, and ends once
        return
    here = row.get_status_display() if row else _("not booked")
    told = {"amount": booked.amount, "there": there.label, "here": here}
    detail = _("Refund of %(amount)s: Stripe says %(there)s, here it was %(here)s") % told
    too_much = Difference.objects.filter(kind=Kind.REFUND_UNKNOWN, reference=seen.id, resolved_at=None)
    yield Finding(detail, seen.id, payment.order.number, mended=not too_much.exists())


def _disputes(since: datetime) -> Iterator[StripeDispute]:
    """Those made since then, and those that are open here: they take weeks."""
    made = set()
    for dispute in list_disputes_since(since):
        made.add(dispute.id)
        yield dispute
    for dispute_id in Dispute.objects.filter(closed_at=None).exclude(stripe_id__in=made).values_list("stripe_id", flat=True):
        with suppress(gateway.GatewayRefused):  # of another account
            yield retrieve_dispute(dispute_id)


def _dispute(seen: StripeDispute) -> Iterator[Finding]:
    payment = Payment.objects.select_related("order").filter(payment_intent_id=seen.payment_intent_id).first()
    row = Dispute.objects.filter(stripe_id=seen.id).first()
    if payment is None or (row and row.status == seen.status):
        return
    here = row.status_text if row else _("not known")
    learnt = learn(settle(payment, by=BY), seen.id, by=BY)
    told = {"amount": learnt.amount, "there": learnt.status_text, "here": here}
    detail = _("Dispute of %(amount)s: Stripe says %(there)s, here it was %(here)s") % told
    yield Finding(detail, seen.id, payment.order.number, mended=True)
