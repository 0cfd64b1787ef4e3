"""The one place where the shop and Stripe come to agree about a payment.

`settle` is called by the webhook, the return page, the reconciler, the expiry and staff. It reads Stripe's state as it is
now, never an event's copy, compares, and books the difference in one transaction that one caller wins. Rows are always
locked in the order payment, order, variants.
"""

from __future__ import annotations

import time

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.log_fields import add_log_fields
from money import Money
from orders import transitions
from orders.emails import queue_mail
from orders.models import Order, OutgoingMail
from payments import gateway, ways
from payments.added import book_added, explains
from payments.differences import flag_missing, record_difference
from payments.gateway import StripePayment
from payments.models import Difference, Payment, Refund
from payments.refund import send

Status = Payment.Status


def settle(payment: Payment, *, by: str, stripe_id: str = "") -> Payment:
    """Bring `payment` and its order up to what Stripe says now. Safe to call at any time, by anyone, any number of times.

    `stripe_id`: where a webhook names a session or an intent whose creation was never answered to us. Raises GatewayError,
    and then nothing was changed. Not to be called inside a transaction.
    """
    add_log_fields(order=payment.order.number)
    state = _state_of(payment, stripe_id)
    if state is not None and wants_another_method(payment, state):
        state = ways.close(state)  # the shopper is gone
    if state is not None and _book(payment, state, by=by):
        return payment  # all of it is known, and nothing of it can be on its way back yet
    for refund in payment.refunds.filter(status=Refund.Status.REQUESTED):
        send(refund)
    payment.refresh_from_db()
    return payment


def close_unpaid(order: Order, *, by: str, what: str = "", as_expired: bool = False) -> Order:
    """End an open order, unless its money came or is on its way: Stripe is asked first, and takes no more for it.

    Afterwards the order says what became of it: ended, paid, or still open because the money is on its way. Raises
    GatewayError if Stripe cannot be asked: then the order stays as it is.
    """
    add_log_fields(order=order.number)
    for payment in order.payments.filter(status__in=Payment.LIVE):
        state = _state_of(payment)
        if state is not None and state.is_open:
            state = ways.close(state)
        if state is not None:
            _book(payment, state, by=by, what=what, as_expired=as_expired)
    end_without_payment(order, by=by, what=what, as_expired=as_expired)
    order.refresh_from_db()
    return order


def record_started(payment: Payment, state: StripePayment) -> bool:
    """Keep the answer to the creating call. False if somebody settled or gave up this attempt meanwhile."""
    won = Payment.objects.filter(pk=payment.pk, status=Status.STARTING).update(
        status=Status.OPEN, session_url=state.url, livemode=state.livemode, **_ids(state)
    )
    payment.refresh_from_db()
    return bool(won) or payment.status == Status.OPEN


def _ids(state: StripePayment) -> dict[str, str | None]:
    named = {} if state.is_intent else {"session_id": state.id}
    return named | {"payment_intent_id": state.payment_intent_id or None}


def _state_of(payment: Payment, stripe_id: str = "") -> StripePayment | None:
    """What Stripe has of this attempt now; None if there is nothing."""
    known = payment.stripe_id or stripe_id
    if known:
        return _known_state(payment, known)
    if payment.status != Status.STARTING:
        return None
    state = _lost_state(payment)
    if state is None:
        Payment.objects.filter(pk=payment.pk, status=Status.STARTING).update(
            status=Status.FAILED, last_error="Stripe made nothing to pay", settled_at=timezone.now()
        )
    else:
        record_started(payment, state)
    return state


def _known_state(payment: Payment, stripe_id: str) -> StripePayment | None:
    """What it is now; None if Stripe knows nothing of it and its time is over: its account was changed.

    A page whose time is over ends with that. Money that was on its way is never given up here: payments/cancel.py lets a
    person do it. Staff see both.
    """
    try:
        return ways.retrieve(payment, stripe_id)
    except gateway.GatewayRefused as error:
        processing = payment.status == Status.PROCESSING
        if error.code != "resource_missing" or not (processing or payment.order.expires_at < timezone.now()):
            raise
        if processing:
            flag_unknown(payment, stripe_id)
            raise
    if payment.status == Status.OPEN:
        with transaction.atomic():
            flag_unknown(payment, stripe_id, status=Status.FAILED, settled_at=timezone.now())
    return None


def flag_unknown(payment: Payment, stripe_id: str, **changes: object) -> None:
    """Tell staff of an attempt of which Stripe knows nothing."""
    detail = _("Stripe does not know %(id)s; nobody can tell whether it was paid") % {"id": stripe_id}
    now = timezone.now()
    live = Payment.objects.filter(pk=payment.pk, status=payment.status)
    if live.update(checked_at=now, last_error=detail[:500], **changes):
        record_difference(Difference.Kind.UNMATCHED, stripe_id, detail, order=payment.order)


def _lost_state(payment: Payment) -> StripePayment | None:
    """What was made without an answer to us, None if nothing was: the same key gives the same one.

    With less than half an hour left Stripe refuses the call for a session as such, so it is looked for instead.
    """
    expires_at = payment.request.get("expires_at")  # an intent has none
    if expires_at and expires_at - time.time() < gateway.SHORTEST_PAGE_SECONDS:
        return ways.find_lost(payment)
    try:
        state = ways.create(payment)
    except gateway.GatewayRefused:
        return None
    except gateway.GatewayDown as error:
        if not error.answered:
            raise
        return ways.find_lost(payment)
    return ways.retrieve(payment, state.id)  # the answer may be an old copy: read what is so now


def wants_another_method(payment: Payment, state: StripePayment) -> bool:
    """Money that was on its way did not come, and the intent could be paid in another way. (A session ends with that.)"""
    return state.is_intent and state.is_open and payment.status == Status.PROCESSING


def _book(payment: Payment, state: StripePayment, *, by: str, what: str = "", as_expired: bool = True) -> bool:
    """Book what Stripe says. True if this call bought the order: then `payment` and its order are as stored.

    One transaction; of racing callers one wins, the others find it done.
    """
    checked = Payment.objects.filter(pk=payment.pk)
    if not is_bound(payment, state):
        checked.update(checked_at=timezone.now())
        record_difference(
            Difference.Kind.UNMATCHED,
            state.id,
            _("%(id)s names payment %(payment)s but is not its own") % {"id": state.id, "payment": payment.reference},
        )
        return False
    with transaction.atomic():  # whatever follows, its first statement locks the payment
        if state.is_paid:
            return _book_paid(payment, state, by=by)
        if state.has_failed or (state.is_expired and payment.status == Status.PROCESSING):
            _book_failed(payment, state, by=by)
        elif state.is_expired:
            if _claim(payment, state, Status.EXPIRED):
                _end(payment.order, by=by, what=what, as_expired=as_expired)
        elif state.status == "complete":
            _book_on_its_way(payment, state, by=by)
        else:
            checked.update(checked_at=timezone.now())
    return False


def is_bound(payment: Payment, state: StripePayment) -> bool:
    """Both name each other: Stripe's object our row, our row that object (or none yet), and both live or both test."""
    return state.reference == payment.reference and payment.stripe_id in ("", state.id) and state.livemode == is_live_shop()


def is_live_shop() -> bool:
    """Real money moves with this shop's key."""
    return settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))


def _book_paid(payment: Payment, state: StripePayment, *, by: str) -> bool:
    """Money came: what it buys is the order, or else it goes back. True if it bought the order."""
    agrees = explains(payment, state)
    came = {"last_error": ""} | ({"amount_minor": state.amount_minor} if agrees else {})
    if not _claim(payment, state, Status.SUCCEEDED if agrees else Status.MISMATCH, **came):
        return False
    order = payment.order
    if not agrees:
        paid = Money(state.amount_minor, state.currency)
        detail = _("%(paid)s paid, %(asked)s asked for") % {"paid": paid, "asked": payment.amount}
        record_difference(Difference.Kind.AMOUNT, state.id, detail, order=order)
        transitions.note(order, _("Not accepted: %s") % detail, by=by)
        _keep_email(order, state)  # to write to when it goes back
        return False
    book_added(payment, state)
    try:
        if transitions.mark_paid(order, by=by, minor=payment.amount_minor, customer=state.customer, on_missing=flag_missing):
            return True
        _give_back(payment, Difference.Kind.PAID_TWICE, by=by)
    except transitions.InvalidTransition:
        _keep_email(order, state)
        _give_back(payment, Difference.Kind.PAID_TOO_LATE, by=by)
    return False


def _keep_email(order: Order, state: StripePayment) -> None:
    """Of an order that is not bought: whoever paid has to hear what becomes of it."""
    Order.objects.filter(pk=order.pk, email="").update(email=state.customer["email"])


def _give_back(payment: Payment, kind: str, *, by: str) -> None:
    """The written rule for money that buys nothing any more: it is refunded in full at once, and everybody is told."""
    order = payment.order
    transitions.add_paid(order, payment.amount_minor)
    transitions.add_refunded(order, payment.amount_minor)
    refund = Refund.objects.create(
        payment=payment, amount_minor=payment.amount_minor, currency=payment.currency, reason=kind, by="shop"
    )
    told = _("%s is being refunded") % payment.amount
    record_difference(kind, payment.reference, told, order=order)
    transitions.note(order, f"{Difference.Kind(kind).label}: {told}", by=by)
    order.refresh_from_db()
    if kind == Difference.Kind.PAID_TOO_LATE:
        queue_mail(order, OutgoingMail.Kind.PAID_TOO_LATE, reference=refund.reference)


def _book_failed(payment: Payment, state: StripePayment, *, by: str) -> None:
    if not _claim(payment, state, Status.FAILED, last_error=state.failure[:500]):
        return
    order = payment.order
    _keep_email(order, state)
    order.refresh_from_db()
    if order.is_open:
        transitions.cancel(order, by=by, what=_("The payment failed"))
        queue_mail(order, OutgoingMail.Kind.PAYMENT_FAILED, reference=payment.reference)


def _book_on_its_way(payment: Payment, state: StripePayment, *, by: str) -> None:
    if not _claim(payment, state, Status.PROCESSING):
        return
    payment.order.refresh_from_db()
    if payment.order.is_open:
        transitions.mark_confirming(payment.order, by=by)


def _claim(payment: Payment, state: StripePayment, target: str, **changes: object) -> bool:
    """Move the attempt by one conditional UPDATE. Money that came wins over every other state; nothing wins over it.

    Either way the row is locked from here on, and `payment` is as stored (but for its order, if that was read before).
    """
    if target in (Status.SUCCEEDED, Status.MISMATCH):
        sources = [Status.STARTING, Status.OPEN, Status.PROCESSING, Status.FAILED, Status.EXPIRED]
    else:
        sources = [status for status in Payment.LIVE if status != target]
    now = timezone.now()
    changes |= {
        **_ids(state),
        "status": target,
        "livemode": state.livemode,
        "settled_at": None if target == Status.PROCESSING else now,
    }
    row = Payment.objects.filter(pk=payment.pk)
    if not row.filter(status__in=sources).update(checked_at=now, **changes):
        row.update(checked_at=now)
        payment.refresh_from_db()
        return False
    for field, value in {"checked_at": now, **changes}.items():
        setattr(payment, field, value)
    return True


def _end(order: Order, *, by: str, what: str, as_expired: bool) -> None:
    """Release the order's units, if they are still held."""
    order.refresh_from_db()
    if not order.is_open:
        return
    if as_expired:
        transitions.expire(order, by=by)
    else:
        transitions.cancel(order, by=by, what=what)


@transaction.atomic
def end_without_payment(order: Order, *, by: str, what: str, as_expired: bool) -> None:
    """End an open order for which no attempt is live. The row lock keeps a new attempt from starting meanwhile."""
    Order.objects.select_for_update().get(pk=order.pk)
    if not order.payments.filter(status__in=Payment.LIVE).exists():
        _end(order, by=by, what=what, as_expired=as_expired)
