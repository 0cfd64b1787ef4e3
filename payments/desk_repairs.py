"""What staff can press on the payment desk.

Each repair is safe to press twice and by two people: one at a time holds the row, and what it does is the same however often
it is done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from money import Money
from orders import transitions
from orders.emails import try_again
from orders.models import Order, OutgoingMail
from orders.status import Status
from payments import gateway, ways
from payments.aftermath import book_aftermath, left_at_stripe
from payments.desk_sweep import close_if_gone, mail_of
from payments.differences import resolve_difference
from payments.disputes import learn, left_to_refund
from payments.gateway import GatewayError
from payments.models import DeskEntry, Difference, Payment, Refund
from payments.order_tools import NotDone, give_back, stripe_said
from payments.rebuild import NotRebuilt, rebuild
from payments.refund import CAME_BACK, DESK, book_refund
from payments.refund_lines import Units
from payments.settle import settle
from payments.stripe_disputes import retrieve_dispute

Kind = Difference.Kind
LEASE = timedelta(minutes=2)  # longer than any page may take


@dataclass(frozen=True)
class Repair:
    """`act` does it and answers a sentence, or raises NotDone. `permission` is needed besides that for differences."""

    name: str
    label: str | Promise
    says: str | Promise
    kinds: frozenset[str]
    act: Callable[[Difference, str], str]
    permission: str = ""


def offered(row: Difference) -> list[Repair]:
    return [] if row.resolved_at else [each for each in REPAIRS.values() if row.kind in each.kinds]


def repair(row: Difference, name: str, *, by: str) -> str:
    """Do it, and leave who did what and when. Answers a sentence; raises NotDone, and then it says why."""
    each = REPAIRS.get(name)
    if each is None or row.kind not in each.kinds:
        raise NotDone(_("That does not mend this."))
    _hold(row)
    try:
        told = each.act(row, by)
    except GatewayError as error:
        raise NotDone(_keep(row, each, stripe_said(error), by=by)) from error
    except (NotDone, NotRebuilt) as error:
        raise NotDone(_keep(row, each, str(error), by=by)) from error
    finally:
        Difference.objects.filter(pk=row.pk).update(claimed_until=None)
    return _keep(row, each, told, by=by)


def resolve(row: Difference, *, by: str, note: str) -> bool:
    """A person has dealt with it otherwise. False if it was resolved before."""
    return resolve_difference(row.kind, row.reference, by=by, note=note)


def _hold(row: Difference) -> None:
    now = timezone.now()
    free = Difference.objects.filter(Q(claimed_until=None) | Q(claimed_until__lt=now), pk=row.pk, resolved_at=None)
    if not free.update(claimed_until=now + LEASE):
        row.refresh_from_db()
        if row.resolved_at:
            raise NotDone(_("It was resolved before, by %s.") % row.resolved_by)
        raise NotDone(_("Somebody else mends it right now. Look again in a moment."))


def _keep(row: Difference, each: Repair, told: str, *, by: str) -> str:
    DeskEntry.objects.create(difference=row, what=f"{each.label}: {told}"[:500], by=by[:254])
    return told


def _ask(row: Difference, by: str) -> str:
    """Bring everything around it up to what Stripe says now."""
    for payment in Payment.objects.filter(order=row.order) if row.order else ():
        book_aftermath(settle(payment, by=by), by=by)
    if row.kind == Kind.PAID_HERE:
        _look_for_money(row, by)
    if row.kind == Kind.DISPUTE_UNKNOWN:
        _find_disputed(row, by)
    if close_if_gone(row, by=by):
        return _("Stripe was asked. They agree now.")
    return _("Stripe was asked. It is as it was.")


def _look_for_money(row: Difference, by: str) -> None:
    named = Q(session_id=row.reference) | Q(payment_intent_id=row.reference) | Q(reference=row.reference)
    payment = Payment.objects.filter(named).first()
    state = ways.retrieve(payment) if payment else None
    agrees = payment and state and (state.amount_minor, state.currency) == (payment.amount_minor, payment.currency)
    if state and state.is_paid and agrees:
        resolve_difference(row.kind, row.reference, by=by, note=_("Stripe holds its money"))


def _find_disputed(row: Difference, by: str) -> None:
    dispute = retrieve_dispute(row.reference)
    payment = Payment.objects.filter(payment_intent_id=dispute.payment_intent_id).first()
    if payment:
        learn(payment, dispute.id, by=by)


def _attach(row: Difference, by: str) -> str:
    state = gateway.retrieve_payment(row.reference)
    order = rebuild(state, by=by)
    resolve_difference(row.kind, row.reference, by=by, note=_("Attached to %s") % order.number)
    Difference.objects.filter(pk=row.pk, order=None).update(order=order)
    said = _("It is the payment of order %(number)s, which is “%(status)s”.") % {
        "number": order.number,
        "status": order.get_status_display(),
    }
    if order.status == Status.REFUNDED and not order.restocked_at:
        return f"{said} {_('Its money went back. Its units count as sold: put back those that did not leave.')}"
    return said


def _give_back_unmatched(row: Difference, by: str) -> str:
    """At Stripe, all that is left: no order knows this money. Repeated, nothing is left.

    Each press asks under a key of its own: Stripe would repeat a failure under the old one. It refuses more than is left.
    """
    presses = row.entries.count()
    state = gateway.retrieve_payment(row.reference)
    if not (state.is_paid and state.payment_intent_id):
        raise NotDone(_("Stripe holds no money for it."))
    named = Q(session_id=state.id) | Q(payment_intent_id=state.payment_intent_id)
    known = Payment.objects.filter(named, status=Payment.Status.SUCCEEDED).select_related("order").first()
    if known:
        raise NotDone(_("This money is booked on order %s. Refund that.") % known.order.number)
    left = left_at_stripe(state)
    if left > 0:
        gateway.create_refund(
            payment_intent_id=state.payment_intent_id,
            amount_minor=left,
            reference=f"{DESK}{row.pk}",
            idempotency_key=f"{DESK}{row.reference}-{presses}-{left}",
        )
    told = _("%s is going back to the buyer.") % Money(state.amount_minor, state.currency)
    resolve_difference(row.kind, row.reference, by=by, note=told)
    if row.order:
        transitions.note(row.order, told, by=by)
    return told


def _refund_again(row: Difference, by: str) -> str:
    """The same refund once more, under a reference made from the failed one: pressed twice, it is asked for once."""
    failed = Refund.objects.filter(reference=row.reference).select_related("payment__order").first()
    if failed is None:
        raise NotDone(_("The refund is not here any more."))
    order = failed.payment.order
    again = hashlib.sha256(f"again {failed.reference}".encode()).hexdigest()[:32]
    if Refund.objects.filter(reference=again).exists():
        close_if_gone(row, by=by)
        raise NotDone(_("It was asked for again before. See the order's refunds for how that went."))
    if failed.amount_minor > left_to_refund(order).minor:
        raise NotDone(_("Meanwhile %s is left to refund.") % left_to_refund(order))
    told = give_back(
        order,
        by,
        amount_minor=failed.amount_minor,
        restock=failed.restock,
        reason=failed.reason,
        units=[Units(one.line_id, one.quantity, one.restock) for one in failed.lines.all()],
        shipping=failed.shipping,
        reference=again,
    )
    close_if_gone(row, by=by)
    return told


def _book_refund(row: Difference, by: str) -> str:
    seen = gateway.retrieve_refund(row.reference)
    payment = Payment.objects.filter(payment_intent_id=seen.payment_intent_id).first()
    if payment is None:
        raise NotDone(_("Its payment is not here."))
    payment = settle(payment, by=by)
    if payment.status != Payment.Status.SUCCEEDED:
        raise NotDone(_("Its payment is “%s”, so there is nothing to take it from.") % payment.get_status_display())
    refund = book_refund(payment, seen, by=by)
    _count_late(refund, by=by)
    if close_if_gone(row, by=by):
        return _("The refund is booked.")
    raise NotDone(_("It is still more than the order has left."))


@transaction.atomic
def _count_late(refund: Refund, *, by: str) -> None:
    """It could not be counted when it was seen; perhaps it can be now."""
    payment = Payment.objects.select_for_update().select_related("order").get(pk=refund.payment_id)
    uncounted = Refund.objects.filter(pk=refund.pk, booked=False).exclude(status__in=CAME_BACK.values())
    if uncounted.exists() and transitions.add_refunded(payment.order, refund.amount_minor):
        uncounted.update(booked=True)
        order = Order.objects.get(pk=payment.order_id)
        if order.refunded_minor == order.paid_minor and order.status in (Status.PAID, Status.SHIPPED):
            transitions.mark_refunded(order, by=by)


def _mail_again(row: Difference, by: str) -> str:
    if not try_again(OutgoingMail.objects.filter(pk=mail_of(row))):
        close_if_gone(row, by=by)
        raise NotDone(_("It was sent meanwhile."))
    return _("The mail goes out now; this closes by itself when it has arrived.")


ASK = frozenset(Kind.values) - {Kind.OVERSOLD, Kind.MAIL_FAILED}
REPAIRS = {
    each.name: each
    for each in (
        Repair("ask", gettext_lazy("Ask Stripe again"), gettext_lazy("Reads what Stripe has now and books it."), ASK, _ask),
        Repair(
            "attach",
            gettext_lazy("Attach to its order"),
            gettext_lazy("Where reference and amount agree; an order that is not here is made again from what Stripe has."),
            frozenset({Kind.UNMATCHED}),
            _attach,
        ),
        Repair(
            "give_back",
            gettext_lazy("Refund at Stripe"),
            gettext_lazy("Gives the buyer back all of this money that no order knows."),
            frozenset({Kind.UNMATCHED, Kind.AMOUNT}),
            _give_back_unmatched,
            permission="payments.add_refund",
        ),
        Repair(
            "refund_again",
            gettext_lazy("Refund again"),
            gettext_lazy("Asks Stripe once more for the same refund."),
            frozenset({Kind.REFUND_FAILED}),
            _refund_again,
            permission="payments.add_refund",
        ),
        Repair(
            "book_refund",
            gettext_lazy("Book the refund"),
            gettext_lazy("Counts it on the order, if that has enough left."),
            frozenset({Kind.REFUND_UNKNOWN}),
            _book_refund,
        ),
        Repair(
            "mail_again",
            gettext_lazy("Send the mail again"),
            gettext_lazy("Puts it in the queue with all its tries before it."),
            frozenset({Kind.MAIL_FAILED}),
            _mail_again,
        ),
    )
}
