"""Paying a PaymentIntent that belongs to no Checkout Session, as Stripe's fields and servers do."""

from typing import Any

from .. import cards
from ..cards import Means
from ..errors import ApiError, unexpected_state
from ..runtime import Sandbox
from ..store import Item
from . import disputes, intents

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
SUCCEEDED, ON_ITS_WAY, FAILED = "succeeded", "pending", "failed"


def confirm(
    box: Sandbox, intent: Item, means: Means, *, billing: dict[str, Any], return_url: str | None = None, in_page: bool = False
) -> str:
    """Try to take the money; returns succeeded, processing, requires_action or declined. Inside a transaction.

    `in_page`: Stripe.js shows the 3-D Secure step in the shop's page, and the browser goes nowhere. Raises ApiError.
    """
    check_confirmable(intent)
    if means.type == "card" and not cards.luhn(means.number):
        message = cards.MESSAGES["incorrect_number"]
        raise ApiError(message, status=402, kind="card_error", code="incorrect_number", param="number")
    intent.extra.pop("chosen", None)
    intent.extra |= {"return_url": return_url, "in_page": in_page}
    kind = intents.pay(box, intent, means, billing=billing)
    disputes.from_card(box, intent.body["latest_charge"] or "")
    return kind


def check_confirmable(intent: Item) -> None:
    """Refuse an intent that is paid, on its way or cancelled. Raises ApiError."""
    if intent.body["status"] not in CONFIRMABLE:
        raise wrong_state(intent, "confirmed")


def typed_means(data: dict[str, Any]) -> Means:
    """The card or account of `payment_method_data`. Raises ApiError (402) when there is no such thing."""
    if data["type"] == "sepa_debit":
        account = cards.account(data.get("sepa_debit", {}).get("iban", ""))
        if account is None:
            raise ApiError(cards.MESSAGES["invalid_iban"], code="invalid_bank_account_iban", param="sepa_debit[iban]")
        return account
    given = data.get("card", {})
    year = given.get("exp_year", 34)
    means = cards.card(given.get("number", ""), month=given.get("exp_month", 12), year=year + 2000 if year < 100 else year)
    if means is None:
        message = cards.MESSAGES["incorrect_number"]
        raise ApiError(message, status=402, kind="card_error", code="incorrect_number", param="number")
    return means


def wrong_state(intent: Item, verb: str) -> ApiError:
    """The error for an intent that is past that."""
    status = intent.body["status"]
    return unexpected_state(
        f"This PaymentIntent's status is {status}: it could not be {verb}.",
        code="payment_intent_unexpected_state",
        payment_intent=intent.body,
    )


def redirect_status(intent: dict[str, Any]) -> str:
    """What the shop's return page is told in its query."""
    return {"succeeded": SUCCEEDED, "processing": ON_ITS_WAY}.get(intent["status"], FAILED)
