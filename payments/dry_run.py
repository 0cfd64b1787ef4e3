"""What processing an event would change, in words. Reads Stripe and the books as the handlers do, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from money import Money
from payments import gateway, handlers, ways
from payments.added import explains
from payments.gateway import Event, StripePayment, StripeRefund
from payments.models import Difference, Dispute, Payment, Refund, WebhookEvent
from payments.refund import ACCEPTED, CAME_BACK, DESK
from payments.settle import is_bound, is_live_shop, wants_another_method
from payments.stripe_disputes import retrieve_dispute

Status = Payment.Status
HAS_MONEY = (Status.SUCCEEDED, Status.MISMATCH)


def dry_run(row: WebhookEvent) -> list[str]:
    """A sentence for each thing that would change, or one that says that nothing would. Raises GatewayError."""
    event = gateway.retrieve_event(row.stripe_id)
    return list(_changes(event)) or [_("Nothing would change: the shop says what Stripe says.")]


def _changes(event: Event) -> Iterator[str]:
    handler = handlers.HANDLERS.get(event.type)
    if event.account or event.livemode != is_live_shop() or handler is None:
        yield _("It would be ignored: it is not for this shop, or not of a type that the shop acts on.")
        return
    is_session = handler is handlers.session_changed
    payment = handlers.payment_of_session(event) if is_session else _payment_of_intent(event)
    if payment is None:
        yield _("This shop has no such payment. It would be ignored, or put on the payment desk if the shop's page took money.")
        return
    stripe_id = event.object_id if is_session else event.payment_intent_id if payment.is_intent else ""
    state = ways.retrieve(payment, stripe_id) if payment.stripe_id or stripe_id else None
    if state is not None:
        yield from _of_payment(payment, state)
    if event.type == handlers.DECLINED and payment.status not in HAS_MONEY:
        yield from _of_decline(payment, gateway.retrieve_payment_intent(event.payment_intent_id).failure)
    if handler is handlers.refund_changed:
        yield from _of_refunds(payment, state, gateway.list_refunds(payment_intent_id=event.payment_intent_id))
    if handler is handlers.dispute_changed:
        yield from _of_dispute(event.object_id)


def _payment_of_intent(event: Event) -> Payment | None:
    intent = event.payment_intent_id
    return handlers.payment_of_intent(intent, reference=event.reference) if intent else None


def _of_payment(payment: Payment, state: StripePayment) -> Iterator[str]:
    """As payments/settle.py books it."""
    told = {"order": payment.order.number, "amount": Money(state.amount_minor, state.currency)}
    if not is_bound(payment, state):
        yield _("It names a payment of order %(order)s that is not its own: that would go on the payment desk.") % told
    elif state.is_paid:
        yield from _of_money(payment, state, told)
    elif payment.status not in Payment.LIVE:
        return
    elif state.has_failed or wants_another_method(payment, state) or (state.is_expired and payment.status == Status.PROCESSING):
        yield _("The payment failed at Stripe: order %(order)s would be cancelled and its units put on sale again.") % told
    elif state.is_expired:
        yield _("Nobody can pay it any more: order %(order)s would end, and its units be on sale again.") % told
    elif state.status == "complete" and payment.status != Status.PROCESSING:
        yield _("The money is on its way: order %(order)s would wait for it.") % told


def _of_money(payment: Payment, state: StripePayment, told: dict[str, object]) -> Iterator[str]:
    if payment.status in HAS_MONEY:
        return
    if not explains(payment, state):
        yield _("%(amount)s came, which is not what was asked for: that would go on the payment desk.") % told
    elif payment.order.is_open:
        yield _("%(amount)s came: order %(order)s would be paid, its units sold, and the buyer get a confirmation.") % told
    else:
        yield _("%(amount)s came, and order %(order)s does not need it: the money would go back.") % told


def _of_decline(payment: Payment, why: str) -> Iterator[str]:
    if why and why != payment.last_error:
        yield _("The last try to pay was declined, and that would be noted: %s") % why


def _of_refunds(payment: Payment, state: StripePayment | None, refunds: list[StripeRefund]) -> Iterator[str]:
    """As payments/handlers.py and payments/refund.py book them, once the payment is as Stripe has it."""
    comes = _comes(payment, state)
    counts = comes or payment.status == Status.SUCCEEDED  # else it is money of another amount, and on no order
    came = payment.status in HAS_MONEY or bool(state and state.is_paid and is_bound(payment, state))
    order, new = payment.order, payment.amount_minor if comes and payment.order.is_open else 0
    left = order.paid_minor - order.refunded_minor + new
    for seen in refunds:
        told = {"refund": seen.id, "amount": Money(seen.amount_minor, seen.currency), "status": seen.status}
        known = Refund.objects.filter(payment=payment, stripe_id=seen.id).first()
        known = known or Refund.objects.filter(payment=payment, stripe_id=None, reference=seen.reference).first()
        if not came:
            if _would_be_unknown(seen):
                yield _("Refund %(refund)s of %(amount)s is of a payment that is not booked: it would go on the desk.") % told
        elif known is not None:
            yield from _of_known_refund(known, seen, told)
        elif seen.status in CAME_BACK or not counts:
            yield (
                _("Refund %(refund)s of %(amount)s (%(status)s) is not here: it would be noted, and counted on no order.")
                % told
            )
        elif seen.amount_minor > left:
            yield _("Refund %(refund)s of %(amount)s is more than the order has left: it would go on the desk.") % told
        else:
            left -= seen.amount_minor
            yield _("Refund %(refund)s of %(amount)s (%(status)s) is not here: it would be booked.") % told


def _comes(payment: Payment, state: StripePayment | None) -> bool:
    """Its money would be booked now."""
    may_pay = payment.status not in HAS_MONEY and state is not None and state.is_paid
    return bool(may_pay and state and is_bound(payment, state) and explains(payment, state))


def _would_be_unknown(seen: StripeRefund) -> bool:
    of_the_desk = seen.status not in CAME_BACK and seen.reference.startswith(DESK)
    return not of_the_desk and not Difference.objects.filter(kind=Difference.Kind.REFUND_UNKNOWN, reference=seen.id).exists()


def _of_known_refund(known: Refund, seen: StripeRefund, told: dict[str, object]) -> Iterator[str]:
    wanted = CAME_BACK.get(seen.status) or ACCEPTED.get(seen.status, Refund.Status.PENDING)
    final = CAME_BACK.values() if seen.status in CAME_BACK else {*CAME_BACK.values(), Refund.Status.SUCCEEDED}
    if known.status not in (wanted, *final):
        here = {"here": known.get_status_display(), "there": Refund.Status(wanted).label}
        yield _("Refund %(refund)s of %(amount)s is “%(here)s” here and would become “%(there)s”.") % (told | here)


def _of_dispute(dispute_id: str) -> Iterator[str]:
    seen = retrieve_dispute(dispute_id)
    known = Dispute.objects.filter(stripe_id=dispute_id).first()
    told = {"dispute": seen.id, "amount": Money(seen.amount_minor, seen.currency), "there": seen.status}
    if known is None:
        yield _("Dispute %(dispute)s of %(amount)s (%(there)s) is not here: it would be booked.") % told
    elif known.status != seen.status:
        here = told | {"here": known.status}
        yield _("Dispute %(dispute)s of %(amount)s is “%(here)s” here and would become “%(there)s”.") % here
    elif (known.withdrawn_minor, known.reinstated_minor) != (seen.withdrawn_minor, seen.reinstated_minor):
        yield _("Money of dispute %(dispute)s was moved: that would be booked.") % told
