"""What staff can do with an order from its page in the admin. Each is a verb of the shop behind a form that asks once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from money import Money
from orders.models import Order
from orders.returns import can_be_shipped, can_come_back
from orders.status import Status
from orders.transitions import InvalidTransition, cancel_free, put_back_in_stock, ship
from payments.aftermath import book_aftermath
from payments.cancel import CannotCancel, cancel_order, end_unknown
from payments.disputes import left_to_refund, refusal, shipping_refusal
from payments.gateway import GatewayBusy, GatewayDown, GatewayError, GatewayKeyRefused
from payments.models import Difference, Payment
from payments.refund import RefundRefused, refund
from payments.settle import settle


class NotDone(Exception):
    """What was asked for did not happen. The message is a sentence for staff."""


class Nothing(forms.Form):
    """A tool that needs no more than a yes."""


class ShipForm(forms.Form):
    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=60, required=False)
    tracking_number = forms.CharField(
        label=gettext_lazy("Tracking number"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("The shopper reads it in the mail that goes out now."),
    )


class RefundForm(forms.Form):
    amount_minor = forms.IntegerField(widget=forms.HiddenInput)  # what was shown: it is that amount or none
    restock = forms.BooleanField(label=gettext_lazy("Put the units back in stock"), required=False)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, help_text=gettext_lazy("Stays inside the shop."))


@dataclass(frozen=True)
class Tool:
    """`offered` says whether the button is shown, `refused` why it cannot be done for now.

    `act` does it and returns what to tell staff, or raises NotDone.
    """

    name: str
    label: str | Promise
    question: str | Promise
    permission: str
    offered: Callable[[Order], bool]
    act: Callable[[Order, dict[str, Any], str], str]
    form: type[forms.Form] = Nothing
    refused: Callable[[Order], str] = lambda order: ""


def _wait_for_bookings(order: Order) -> None:
    """Whoever books a dispute of its payments now is done afterwards; others wait until this transaction ends."""
    list(order.payments.select_for_update())


@transaction.atomic
def _ship(order: Order, data: dict[str, Any], by: str) -> str:
    _wait_for_bookings(order)
    if order.status == Status.PAID and (why := shipping_refusal(order)):
        raise NotDone(why)
    try:
        won = ship(order, by=by, carrier=data["carrier"], tracking_number=data["tracking_number"])
    except InvalidTransition as error:
        if order.status == Status.PAID:
            raise NotDone(_("This order cannot be shipped: its units were refunded or put back in stock.")) from error
        raise NotDone(_("This order cannot be shipped: it is “%s”.") % order.get_status_display()) from error
    if not won:
        raise NotDone(_("This order was marked as shipped before; nothing was changed."))
    return _("Marked as shipped; the shopper gets a mail.")


def _end_unknown(order: Order, data: dict[str, Any], by: str) -> str:
    if not order.is_open:
        raise NotDone(_("This order had ended already: it is “%s”.") % order.get_status_display())
    try:
        order = end_unknown(order, by=by)
    except CannotCancel as error:
        raise NotDone(str(error)) from error
    except GatewayError as error:
        raise NotDone(stripe_said(error)) from error
    return _("Ended; its units are on sale again. The difference stays until it is marked as resolved.")


def _payment_is_unknown(order: Order) -> bool:
    """Its money was on its way, and staff were told that Stripe knows nothing of it."""
    unknown = order.differences.filter(kind=Difference.Kind.UNMATCHED).values("reference")
    named = Q(session_id__in=unknown) | Q(payment_intent_id__in=unknown)
    return order.payments.filter(named, status=Payment.Status.PROCESSING).exists()


def _cancel(order: Order, data: dict[str, Any], by: str) -> str:
    was_open = order.is_open
    try:
        order = cancel_order(order, by=by)
    except (CannotCancel, InvalidTransition) as error:
        raise NotDone(str(error)) from error
    except GatewayError as error:
        raise NotDone(stripe_said(error)) from error
    if not was_open:
        raise NotDone(_("This order had ended already: it is “%s”.") % order.get_status_display())
    return _("Cancelled; its units are on sale again.")


def _waits_for_free(order: Order) -> bool:
    """It cost nothing, and was not shipped: there is nothing to refund, and it can still be cancelled."""
    return order.status == Status.PAID and not order.total_minor and not order.paid_minor


def _cancel_free(order: Order, data: dict[str, Any], by: str) -> str:
    try:
        won = cancel_free(order, by=by)
    except InvalidTransition as error:
        raise NotDone(_("This order cannot be cancelled: it is “%s”.") % order.get_status_display()) from error
    if not won:
        raise NotDone(_("This order was cancelled before; nothing was changed."))
    return _("Cancelled; its units are on sale again, and the shopper gets a mail.")


def _refund(order: Order, data: dict[str, Any], by: str) -> str:
    left = left_to_refund(order)
    if data["amount_minor"] != left.minor or not left:
        raise NotDone(_("Meanwhile %s is left to refund. Nothing was changed; please look again.") % left)
    return give_back(order, by, amount_minor=data["amount_minor"], restock=data["restock"], reason=data["reason"])


def give_back(order: Order, by: str, **wish: Any) -> str:
    """Refund, and say how it went. Raises NotDone; `wish` is as payments.refund.refund takes it."""
    try:
        refund(order, by=by, **wish)
    except RefundRefused as error:
        raise NotDone(str(error)) from error
    except GatewayKeyRefused as error:
        told = _("The refund is written down and goes out by itself once that is mended; do not ask for it again.")
        raise NotDone(f"{stripe_said(error)} {told}") from error
    except GatewayDown as error:
        raise NotDone(
            _("Stripe does not answer. The refund is written down and goes out by itself; do not ask for it again.")
        ) from error
    except GatewayError as error:
        raise NotDone(stripe_said(error)) from error
    return _("%s is going back to the shopper.") % Money(wish["amount_minor"], order.currency)


def _can_be_put_back(order: Order) -> bool:
    """Its money went back, or was lost, and nobody said that its units came back. (What cost nothing is cancelled first.)"""
    return not left_to_refund(order) and can_come_back(order) and not _waits_for_free(order)


def _put_back(order: Order, data: dict[str, Any], by: str) -> str:
    if not (_can_be_put_back(order) and put_back_in_stock(order, by=by)):
        raise NotDone(_("Nothing was changed: its units are back in stock already, or its money was not given back."))
    return _("Its units are on sale again.")


def _check(order: Order, data: dict[str, Any], by: str) -> str:
    try:
        for payment in order.payments.all():
            book_aftermath(settle(payment, by=by), by=by)
    except GatewayError as error:
        raise NotDone(stripe_said(error)) from error
    order.refresh_from_db()
    return _("Stripe was asked. The order is “%s”.") % order.get_status_display()


def stripe_said(error: GatewayError) -> str:
    """For staff."""
    if isinstance(error, GatewayKeyRefused):
        return _("Stripe refuses the shop's key. Whoever runs the shop has to mend STRIPE_SECRET_KEY.")
    if isinstance(error, GatewayBusy):
        return _("The same is being done right now, by somebody else or by the shop itself. Please look again in a moment.")
    if isinstance(error, GatewayDown):
        return _("Stripe does not answer; nothing was changed. Please try again in a moment.")
    return _("Stripe refused: %s") % error


TOOLS = {
    tool.name: tool
    for tool in (
        Tool(
            name="ship",
            label=gettext_lazy("Mark as shipped"),
            question=gettext_lazy("Has the parcel left? The shopper gets a mail now."),
            permission="orders.change_order",
            offered=lambda order: order.status == Status.PAID and not order.restocked_at and can_be_shipped(order),
            act=_ship,
            form=ShipForm,
            refused=shipping_refusal,
        ),
        Tool(
            name="cancel",
            label=gettext_lazy("Cancel"),
            question=gettext_lazy("Close the payment page and put the units on sale again?"),
            permission="orders.change_order",
            offered=lambda order: order.is_open,
            act=_cancel,
        ),
        Tool(
            name="cancel_free",
            label=gettext_lazy("Cancel"),
            question=gettext_lazy("Put the units on sale again and the code back into use? The shopper gets a mail now."),
            permission="orders.change_order",
            offered=_waits_for_free,
            act=_cancel_free,
        ),
        Tool(
            name="end",
            label=gettext_lazy("End without Stripe"),
            question=gettext_lazy(
                "Stripe knows nothing of this payment. Did you look in Stripe's dashboard, and is no money on its way? "
                "Then end the order and put its units on sale again."
            ),
            permission="orders.change_order",
            offered=_payment_is_unknown,
            act=_end_unknown,
        ),
        Tool(
            name="refund",
            label=gettext_lazy("Refund in full"),
            question=gettext_lazy("Give back everything that was paid and not yet refunded?"),
            permission="payments.add_refund",
            offered=lambda order: bool(left_to_refund(order)),
            act=_refund,
            form=RefundForm,
            refused=refusal,
        ),
        Tool(
            name="put_back",
            label=gettext_lazy("Put back in stock"),
            question=gettext_lazy("Are all units here that no refund of units was about? They go on sale again."),
            permission="orders.change_order",
            offered=_can_be_put_back,
            act=_put_back,
        ),
        Tool(
            name="check",
            label=gettext_lazy("Check with Stripe now"),
            question=gettext_lazy("Ask Stripe how the payments of this order stand, and book what it says?"),
            permission="orders.change_order",
            offered=lambda order: order.payments.exists(),
            act=_check,
        ),
    )
}
