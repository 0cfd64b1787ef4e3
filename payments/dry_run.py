"""What processing an event would change, in words. Reads Stripe and the books as the handlers do, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from money import Money
from payments import gateway, handlers, ways
from payments.added import explains
from payments.gateway import Event, StripePayment, StripeRefund
from payments.models import Dispute, Payment, Refund, WebhookEvent
from payments.refund import ACCEPTED, CAME_BACK
from payments.settle import is_live_shop
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
    if handler is handlers.refund_changed:
        for refund in gateway.list_refunds(payment_intent_id=event.payment_intent_id):
            yield from _of_refund(payment, refund)
    if handler is handlers.dispute_changed:
        yield from _of_dispute(event.object_id)


def _payment_of_intent(event: Event) -> Payment | None:
    intent = event.payment_intent_id
    return handlers.payment_of_intent(intent, reference=event.reference) if intent else None


def _of_payment(payment: Payment, state: StripePayment) -> Iterator[str]:
    """As payments/settle.py books it."""
    told = {"order": payment.order.number, "amount": Money(state.amount_minor, state.currency)}
    if state.reference != payment.reference or payment.stripe_id not in ("", state.id):
        yield _("It names a payment of order %(order)s that is not its own: that would go on the payment desk.") % told
    elif state.is_paid:
        yield from _of_money(payment, state, told)
    elif payment.status not in Payment.LIVE:
        return
    elif state.has_failed or (state.is_expired and payment.status == Status.PROCESSING):
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


def _of_refund(payment: Payment, seen: StripeRefund) -> Iterator[str]:
    told = {"refund": seen.id, "amount": Money(seen.amount_minor, seen.currency), "status": seen.status}
    known = Refund.objects.filter(payment=payment, stripe_id=seen.id).first()
    known = known or Refund.objects.filter(payment=payment, stripe_id=None, reference=seen.reference).first()
    wanted = CAME_BACK.get(seen.status) or ACCEPTED.get(seen.status, Refund.Status.PENDING)
    if known is None:
        yield _("Refund %(refund)s of %(amount)s (%(status)s) is not here: it would be booked.") % told
    elif known.status != wanted and known.status not in CAME_BACK.values():
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
