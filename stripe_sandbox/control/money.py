"""Paying, expiring, finishing and refunding without a browser"""

from typing import Any

from .. import cards
from ..errors import ApiError, missing
from ..flows import checkout, direct, refund_ends, refunds, sessions
from ..flows.attempt import asks_country
from ..flows.checkout import Attempt, Outcome
from ..flows.discounts import UnknownCode
from ..pages.redirect import after_payment
from ..runtime import Sandbox
from .answering import BadRequest, control, take

INCORRECT = {"type": "card_error", "code": "incorrect_number", "message": cards.MESSAGES["incorrect_number"]}
WHO = ("email", "name", "phone")
OUTCOMES = {"succeeded": True, "failed": False}
ADA = {"line1": "12 Analytical Street", "city": "London", "postal_code": "EC1A 1BB", "state": None, "line2": None}


@control("POST")
def pay(box: Sandbox, given: dict[str, Any], session_id: str) -> dict[str, Any]:
    """Pay a session as the hosted page does; whatever is left out gets a likely value."""
    given = take(
        given, card=str, iban=str, email=str, name=str, phone=str, shipping=dict, shipping_option=int, three_d_secure=str,
        promotion_code=str, country=str, wait=bool,
    )  # fmt: skip
    passed = three_d_secure(given)
    session = sessions.load(box, session_id)
    means = means_of(given)
    if means is None:
        return {"outcome": "declined", "session": session.body, "redirect_url": None, "error": INCORRECT}
    try:
        outcome = checkout.pay(box, session_id, attempt_of(session.body, given, means))
    except UnknownCode as error:
        raise BadRequest(f"promotion_code: there is no {error}") from error
    if outcome.kind == "requires_action" and passed is not None:
        outcome = checkout.authenticate(box, outcome.intent_id or "", passed=passed)
    return shown(box, outcome, wait=given.get("wait", False))


@control("POST")
def pay_intent(box: Sandbox, given: dict[str, Any], intent_id: str) -> dict[str, Any]:
    """Pay an intent as Stripe's fields do; whatever is left out gets a likely value."""
    given = take(given, card=str, iban=str, email=str, name=str, phone=str, three_d_secure=str, return_url=str)
    passed = three_d_secure(given)
    means = means_of(given)
    if means is None:
        return {"outcome": "declined", "error": INCORRECT, "payment_intent": intent_id, "intent": None}
    billing = {"email": "ada@example.com", "name": "Ada Lovelace"} | {key: given[key] for key in WHO if key in given}
    with box.store.transaction():
        intent = box.store.find("payment_intent", intent_id)
        if not intent:
            raise missing("payment_intent", intent_id)
        back = given.get("return_url", "https://shop.test/")
        kind = direct.confirm(box, intent, means, billing=billing, return_url=back, in_page=True)
    if kind == "requires_action" and passed is not None:
        kind = checkout.authenticate(box, intent_id, passed=passed).kind
    body = box.store.get("payment_intent", intent_id).body
    return {"outcome": kind, "error": body["last_payment_error"], "payment_intent": intent_id, "intent": body}


def three_d_secure(given: dict[str, Any]) -> bool | None:
    """Whether the step is passed; None: left waiting. Raises BadRequest."""
    if given.get("three_d_secure", "pass") not in ("pass", "fail"):
        raise BadRequest("three_d_secure: pass or fail")
    return given["three_d_secure"] == "pass" if "three_d_secure" in given else None


def means_of(given: dict[str, Any]) -> cards.Means | None:
    """The card or account; None for a number whose check digit is wrong. Raises BadRequest."""
    if "card" in given and "iban" in given:
        raise BadRequest("card: give a card or an iban, not both")
    if "iban" in given:
        account = cards.account(given["iban"])
        if account is None:
            raise BadRequest("iban: not one of the test accounts")
        return account
    card = cards.card(given.get("card", "4242424242424242"))
    if card is None:
        raise BadRequest("card: not a card number")
    return card if cards.luhn(card.number) else None


def attempt_of(session: dict[str, Any], given: dict[str, Any], means: cards.Means) -> Attempt:
    """The attempt of a shopper who says no more than is given."""
    name = given.get("name", "Ada Lovelace")
    asked = session["shipping_address_collection"]
    shipping = given.get("shipping")
    if shipping is None and asked:
        shipping = {"name": name, "address": ADA | {"country": asked["allowed_countries"][0]}}
    if shipping is not None and not (isinstance(shipping.get("name"), str) and isinstance(shipping.get("address"), dict)):
        raise BadRequest("shipping: {name, address: {line1, city, postal_code, country ...}} is needed")
    return Attempt(
        means,
        email=given.get("email") or session["customer_email"] or "ada@example.com",
        name=name,
        phone=given.get("phone", ""),
        shipping={"name": shipping["name"], "address": shipping["address"]} if shipping else None,
        country=given.get("country", "DE" if asks_country(session) else None),
        shipping_choice=given.get("shipping_option"),
        promotion_code=given.get("promotion_code"),
    )


def shown(box: Sandbox, outcome: Outcome, *, wait: bool) -> dict[str, Any]:
    """An outcome as JSON; with `wait`, after the webhook endpoint has answered as the page would wait."""
    url = after_payment(box, outcome, wait=wait) if outcome.done or outcome.kind == "complete" else None
    return {
        "outcome": outcome.kind,
        "session": outcome.session,
        "redirect_url": url,
        "error": outcome.error,
        "payment_intent": outcome.intent_id,
    }


@control("POST")
def expire(box: Sandbox, given: dict[str, Any], session_id: str) -> dict[str, Any]:
    """End an open session as if its time were over."""
    return sessions.expire(box, session_id)


@control("POST")
def finish_payment(box: Sandbox, given: dict[str, Any], intent_id: str) -> dict[str, Any]:
    """A bank debit ends."""
    return checkout.finish(box, intent_id, succeeded=wanted_outcome(given))


@control("POST")
def finish_refund(box: Sandbox, given: dict[str, Any], refund_id: str) -> dict[str, Any]:
    """A pending refund ends, or a successful one fails."""
    return refund_ends.finish(box, refund_id, succeeded=wanted_outcome(given))


def wanted_outcome(given: dict[str, Any]) -> bool:
    """`outcome`: succeeded or failed. Raises BadRequest."""
    word = take(given, outcome=str).get("outcome")
    if word not in OUTCOMES:
        raise BadRequest("outcome: succeeded or failed")
    return OUTCOMES[word]


@control("POST")
def refund(box: Sandbox, given: dict[str, Any], intent_id: str) -> dict[str, Any]:
    """A refund made in the dashboard."""
    values = take(given, amount=int, reason=str)
    if values.get("amount", 1) < 1:
        raise ApiError("amount: at least 1", param="amount")
    return refunds.create(box, values | {"payment_intent": intent_id})
