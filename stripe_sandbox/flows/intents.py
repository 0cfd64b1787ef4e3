"""What happens to a PaymentIntent and its charges."""

import time
from typing import Any

from .. import cards
from ..cards import Means
from ..emit import emit
from ..errors import unexpected_state
from ..objects import now, payment
from ..runtime import Sandbox
from ..store import Item
from ..timers import clear_timer, set_timer

FINISH = "finish_payment"
UNPAID = ("requires_payment_method", "requires_confirmation", "requires_action")
SLOW_SECONDS = 180
FAILED_DEBIT = Means("", "", type="sepa_debit", code="debit_not_authorized", decline_code="debit_not_authorized")


def create(box: Sandbox, **given: Any) -> Item:
    """Store a new intent; arguments as in `objects.payment.payment_intent`."""
    intent = box.store.add(payment.payment_intent(**given))
    emit(box, "payment_intent.created", intent.body)
    return intent


def cancel_unpaid(box: Sandbox, intent_id: str, reason: str | None = "automatic") -> bool:
    """Cancel the intent unless money has moved or is moving; True when this call did it."""
    intent = box.store.find("payment_intent", intent_id)
    if not intent or intent.body["status"] not in UNPAID:
        return False
    intent.body |= {"status": "canceled", "canceled_at": now(), "cancellation_reason": reason, "next_action": None}
    box.store.save(intent)
    emit(box, "payment_intent.canceled", intent.body)
    return True


def pay(box: Sandbox, intent: Item, means: Means, *, billing: dict[str, Any], authenticated: bool = False) -> str:
    """Try to take the money; returns succeeded, processing, requires_action or declined. Inside a transaction."""
    method = box.store.add(payment.payment_method(means, billing))
    intent.body |= {"payment_method": method.id, "last_payment_error": None, "next_action": None}
    if means.challenge and not authenticated:
        return ask(box, intent, means, billing)
    if means.declines:
        return decline(box, intent, means, billing)
    if means.type == "sepa_debit":
        return start_debit(box, intent, means, billing)
    charge = box.store.add(payment.charge(intent.body, means, method_id=method.id, billing=billing, status="succeeded"))
    charge.extra |= {"refund": means.refund, "dispute": means.dispute}
    return take(box, intent, charge)


def ask(box: Sandbox, intent: Item, means: Means, billing: dict[str, Any]) -> str:
    """Wait for 3-D Secure."""
    step = f"{box.public_url}/c/authenticate/{intent.id}"
    back = intent.extra.get("return_url")
    for_script = {"type": "three_d_secure_redirect", "stripe_js": step}
    action: dict[str, Any] = {"type": "use_stripe_sdk", "use_stripe_sdk": for_script}
    if back and not intent.extra.get("in_page"):
        action = {"type": "redirect_to_url", "redirect_to_url": {"return_url": back, "url": step}}
    intent.body |= {"status": "requires_action", "next_action": action}
    intent.extra |= {"number": means.number, "billing": billing}  # a published test number: see cards.CARDS
    box.store.save(intent)
    emit(box, "payment_intent.requires_action", intent.body)
    return "requires_action"


def take(box: Sandbox, intent: Item, charge: Item) -> str:
    """The charge has succeeded: book it and close the intent."""
    fee = charge.body["amount"] * 29 // 1000 + 30
    kind = "charge" if charge.body["payment_method_details"]["type"] == "card" else "payment"
    booking = box.store.add(payment.balance_transaction(charge.body, amount=charge.body["amount"], fee=fee, kind=kind))
    charge.body |= {"status": "succeeded", "paid": True, "captured": True, "balance_transaction": booking.id}
    charge.body["amount_captured"] = charge.body["amount"]
    charge.body["receipt_url"] = f"{box.public_url}/charges/{charge.id}"
    box.store.save(charge)
    intent.body |= {"status": "succeeded", "latest_charge": charge.id, "amount_received": charge.body["amount"]}
    box.store.save(intent)
    emit(box, "charge.succeeded", charge.body)
    emit(box, "payment_intent.succeeded", intent.body)
    return "succeeded"


def start_debit(box: Sandbox, intent: Item, means: Means, billing: dict[str, Any]) -> str:
    """A bank debit is on its way; it ends by a timer or by hand."""
    method_id = intent.body["payment_method"]
    charge = box.store.add(payment.charge(intent.body, means, method_id=method_id, billing=billing, status="pending"))
    intent.body |= {"status": "processing", "latest_charge": charge.id}
    intent.extra["settles"] = means.settles
    box.store.save(intent)
    wait = box.config.delayed_payment_seconds
    if wait is not None:
        set_timer(box, FINISH, intent.id, due=time.time() + (SLOW_SECONDS if means.slowly else wait))
    emit(box, "charge.pending", charge.body)
    emit(box, "payment_intent.processing", intent.body)
    return "processing"


def error_body(means: Means, charge_id: str | None, method: dict[str, Any] | None) -> dict[str, Any]:
    """`last_payment_error`, and the error of the API call."""
    error: dict[str, Any] = {"type": "card_error", "code": means.code, "message": cards.message(means)}
    if means.decline_code:
        error["decline_code"] = means.decline_code
    if charge_id:
        error["charge"] = charge_id
    if method:
        error["payment_method"] = method
    return error | {"doc_url": f"https://docs.stripe.com/error-codes#{means.code.replace('_', '-')}"}


def decline(box: Sandbox, intent: Item, means: Means, billing: dict[str, Any]) -> str:
    """The bank said no: a failed charge, and the intent waits for another way to pay."""
    method = box.store.get("payment_method", intent.body["payment_method"])
    charge = box.store.add(payment.charge(intent.body, means, method_id=method.id, billing=billing, status="failed"))
    charge.body |= {"failure_code": means.code, "failure_message": cards.message(means)}
    box.store.save(charge)
    intent.body |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "latest_charge": charge.id,
        "last_payment_error": error_body(means, charge.id, method.body),
    }
    box.store.save(intent)
    emit(box, "charge.failed", charge.body)
    emit(box, "payment_intent.payment_failed", intent.body)
    return "declined"


def not_authenticated(box: Sandbox, intent: Item) -> str:
    """3-D Secure failed: no charge is made."""
    code = "payment_intent_authentication_failure"
    method = box.store.get("payment_method", intent.body["payment_method"])
    error = {"type": "card_error", "code": code, "message": cards.MESSAGES[code], "payment_method": method.body}
    intent.body |= {
        "status": "requires_payment_method", "payment_method": None, "next_action": None,
        "last_payment_error": error | {"doc_url": "https://docs.stripe.com/error-codes#payment-intent-authentication-failure"},
    }  # fmt: skip
    box.store.save(intent)
    emit(box, "payment_intent.payment_failed", intent.body)
    return "declined"


def finish_debit(box: Sandbox, intent: Item, *, succeeded: bool) -> None:
    """The bank has answered a debit. Raises ApiError unless the intent is processing. Inside a transaction."""
    if intent.body["status"] != "processing":
        raise unexpected_state(
            f"Only a PaymentIntent that is processing can be finished; this one is {intent.body['status']}.",
            code="payment_intent_unexpected_state",
        )
    clear_timer(box, FINISH, intent.id)
    charge = box.store.get("charge", intent.body["latest_charge"])
    if succeeded:
        take(box, intent, charge)
        return
    failure = "The customer's bank did not accept the debit."
    charge.body |= {"status": "failed", "paid": False, "failure_code": FAILED_DEBIT.code, "failure_message": failure}
    charge.body |= {"captured": False, "amount_captured": 0, "outcome": payment.outcome(FAILED_DEBIT, "failed")}
    box.store.save(charge)
    error = error_body(FAILED_DEBIT, charge.id, None) | {"message": failure}
    intent.body |= {"status": "requires_payment_method", "payment_method": None, "last_payment_error": error}
    box.store.save(intent)
    emit(box, "charge.failed", charge.body)
    emit(box, "payment_intent.payment_failed", intent.body)
