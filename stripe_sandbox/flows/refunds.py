"""Giving money back."""

import time
from typing import Any

from ..emit import emit
from ..errors import ApiError, missing, unexpected_state
from ..money import check_steps, display
from ..objects import others
from ..runtime import Sandbox
from ..store import Item
from ..timers import set_timer
from . import disputes
from .refund_ends import FINISH, book, count


def create(box: Sandbox, params: dict[str, Any]) -> dict[str, Any]:
    """Refund a charge, all that is left or an amount. Raises ApiError; bounded by what is left."""
    with box.store.transaction():
        charge = refundable_charge(box, params)
        disputes.check_refundable(box, charge)
        left = charge.body["amount"] - charge.body["amount_refunded"]
        amount = params.get("amount", left)
        check_amount(charge, amount, left)
        later = charge.extra.get("refund", "succeeded")
        refund = box.store.add(
            others.refund(
                charge.body,
                amount=amount,
                reason=params.get("reason"),
                metadata=params.get("metadata", {}),
                status="pending" if later == "pending" else "succeeded",
            ),
            {"later": {"pending": "succeeded", "fails_later": "failed"}.get(later)},
        )
        book(box, refund, amount=-amount, kind="refund")
        count(box, charge, amount)
        emit(box, "refund.created", refund.body)
        emit(box, "charge.refunded", charge.body)
        disputes.after_refund(box, charge)
        if refund.extra["later"] and box.config.delayed_payment_seconds is not None:
            set_timer(box, FINISH, refund.id, due=time.time() + box.config.delayed_payment_seconds)
        return refund.body


def refundable_charge(box: Sandbox, params: dict[str, Any]) -> Item:
    """The charge that `charge` or `payment_intent` names. Raises ApiError unless money was taken."""
    if "charge" in params and "payment_intent" in params:
        raise ApiError(
            "You may only specify one of these parameters: charge, payment_intent.", code="parameters_exclusive", param="charge"
        )
    if "charge" in params:
        charge = box.store.find("charge", params["charge"])
        if not charge:
            raise missing("charge", params["charge"], param="charge")
    elif "payment_intent" in params:
        charge = charge_of(box, params["payment_intent"])
    else:
        raise ApiError("One of the following params should be provided for this request: payment_intent or charge.")
    if charge.body["status"] != "succeeded":
        raise unexpected_state(f"Charge {charge.id} is not successful and cannot be refunded.", param="charge")
    return charge


def charge_of(box: Sandbox, intent_id: str) -> Item:
    """The successful charge of an intent. Raises ApiError."""
    intent = box.store.find("payment_intent", intent_id)
    if not intent:
        raise missing("payment_intent", intent_id, param="payment_intent")
    if intent.body["status"] != "succeeded":
        message = f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
        raise unexpected_state(message, param="payment_intent")
    return box.store.get("charge", intent.body["latest_charge"])


def check_amount(charge: Item, amount: int, left: int) -> None:
    """Refuse more than is left, and nothing. Raises ApiError."""
    currency = charge.body["currency"]
    if left == 0:
        message = f"Charge {charge.id} has already been refunded."
        raise unexpected_state(message, code="charge_already_refunded")
    if amount < 1:
        raise ApiError("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    check_steps(amount, currency, "amount")
    if amount > left:
        kind = "unrefunded amount on charge" if charge.body["amount_refunded"] else "charge amount"
        message = f"Refund amount ({display(amount, currency)}) is greater than {kind} ({display(left, currency)})"
        raise unexpected_state(message, param="amount")
