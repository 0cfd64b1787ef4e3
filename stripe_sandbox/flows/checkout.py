"""Paying a Checkout Session: the one way in for the hosted page, the 3-D Secure step and the control calls."""

from dataclasses import dataclass
from typing import Any

from ..cards import BY_NUMBER, Means
from ..emit import emit
from ..errors import ApiError, missing
from ..objects import whole_address
from ..objects.others import customer
from ..runtime import Sandbox
from ..store import Item
from . import discounts, disputes, intents, sessions, totals


@dataclass(frozen=True)
class Attempt:
    """What a shopper gave. `means` is None when nothing is to be paid; `promotion_code` None leaves it as it is."""

    means: Means | None
    email: str
    name: str = ""
    phone: str = ""
    shipping: dict[str, Any] | None = None  # {"name", "address"}
    country: str | None = None  # of who pays, where nothing is shipped
    shipping_choice: int | None = None
    promotion_code: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: succeeded, processing, no_payment_required, requires_action, declined, complete or expired.

    complete and expired mean that the session was not open and nothing was done. `error` is the intent's last error.
    `event_id` is the checkout.session.completed of this attempt.
    """

    kind: str
    session: dict[str, Any]
    error: dict[str, Any] | None = None
    event_id: str | None = None
    intent_id: str | None = None

    @property
    def done(self) -> bool:
        return self.kind in ("succeeded", "processing", "no_payment_required")


def pay(box: Sandbox, session_id: str, attempt: Attempt) -> Outcome:
    """Try to pay. Safe to call several times and at once: an open session is paid at most once.

    Raises ApiError for an unknown session, UnknownCode for a promotion code that cannot be used (any more).
    """
    with box.store.transaction():
        session = sessions.load(box, session_id)
        if session.body["status"] != "open":
            return Outcome(session.body["status"], session.body)
        choose(box, session, attempt)
        sessions.check_total(session)
        session.extra["details"] = details(session, attempt)
        box.store.save(session)
        if session.body["amount_total"] == 0:
            attach_customer(box, session)
            return completed(box, session, "no_payment_required", None)
        if attempt.means is None:
            raise ApiError("A card or a bank account is needed.", param="card")
        intent = ensure_intent(box, session)
        billing = {"email": attempt.email, "name": attempt.name, "phone": attempt.phone}
        kind = intents.pay(box, intent, attempt.means, billing=billing)
        return after_attempt(box, session, intent, kind)


def choose(box: Sandbox, session: Item, attempt: Attempt) -> None:
    """Apply the chosen shipping and the typed promotion code to the amounts."""
    if attempt.shipping_choice is not None and attempt.shipping_choice < len(session.body["shipping_options"]):
        session.extra["shipping_choice"] = attempt.shipping_choice
    if attempt.promotion_code is not None and session.body["allow_promotion_codes"]:
        discounts.apply_code(box, session, attempt.promotion_code)
    discounts.check_still(box, session)
    session.extra["country"] = attempt.shipping["address"].get("country") if attempt.shipping else attempt.country
    totals.refresh(box.store, session)


def details(session: Item, attempt: Attempt) -> dict[str, Any]:
    """What the session will say about the buyer once it is complete."""
    shipping = attempt.shipping
    address = {"country": attempt.country} if not shipping else shipping["address"]
    buyer: dict[str, Any] = {
        "address": whole_address(address),
        "business_name": None,
        "email": attempt.email,
        "individual_name": None,
        "name": attempt.name or (shipping["name"] if shipping else None),
        "phone": attempt.phone or None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    whole = {"name": shipping["name"], "address": whole_address(shipping["address"])} if shipping else None
    return {"customer": buyer, "shipping": whole}


def ensure_intent(box: Sandbox, session: Item) -> Item:
    """The session's payment intent, made at the first attempt and brought up to date at each."""
    shipping = session.extra["details"]["shipping"]
    if session.extra.get("intent"):
        intent = box.store.get("payment_intent", session.extra["intent"])
        intent.body |= {"amount": session.body["amount_total"], "shipping": whole_shipping(shipping)}
        return intent
    data = dict(session.extra["intent_data"])
    data.pop("capture_method", None)
    given = {"shipping": whole_shipping(shipping)} | data
    if given["shipping"] and "carrier" not in given["shipping"]:
        given["shipping"] = whole_shipping(given["shipping"])
    attach_customer(box, session)
    intent = intents.create(
        box, amount=session.body["amount_total"], currency=session.body["currency"], customer=session.body["customer"],
        **{"metadata": {}, **given},
    )  # fmt: skip
    intent.extra["session"] = session.id
    session.extra["intent"] = intent.id
    box.store.save(session)
    return intent


def whole_shipping(shipping: dict[str, Any] | None) -> dict[str, Any] | None:
    """`shipping` as an intent or charge has it."""
    if not shipping:
        return None
    nothing = {"carrier": None, "phone": None, "tracking_number": None}
    return nothing | shipping | {"address": whole_address(shipping["address"])}


def attach_customer(box: Sandbox, session: Item) -> None:
    """Make the customer that `customer_creation=always` asks for."""
    if session.body["customer"] or session.body["customer_creation"] != "always":
        return
    buyer = session.extra["details"]["customer"]
    made = box.store.add(customer({"email": buyer["email"], "name": buyer["name"], "phone": buyer["phone"]}))
    session.body["customer"] = made.id
    box.store.save(session)
    emit(box, "customer.created", made.body)


def after_attempt(box: Sandbox, session: Item, intent: Item, kind: str) -> Outcome:
    """Complete the session if the money has come or is on its way."""
    if kind == "succeeded":
        return completed(box, session, "paid", intent)
    if kind == "processing":
        return completed(box, session, "unpaid", intent)
    return Outcome(kind, session.body, error=intent.body["last_payment_error"], intent_id=intent.id)


def completed(box: Sandbox, session: Item, payment_status: str, intent: Item | None) -> Outcome:
    """The session after its last step."""
    kinds = {"paid": "succeeded", "unpaid": "processing"}
    event_id = sessions.complete(box, session, payment_status=payment_status, intent_id=intent.id if intent else None)
    kind = kinds.get(payment_status, payment_status)
    if intent:
        disputes.from_card(box, intent.body["latest_charge"])
    return Outcome(kind, session.body, event_id=event_id, intent_id=intent.id if intent else None)


def authenticate(box: Sandbox, intent_id: str, *, passed: bool) -> Outcome:
    """The 3-D Secure step was passed or failed. Nothing happens when the intent does not wait for it (any more)."""
    with box.store.transaction():
        intent = box.store.find("payment_intent", intent_id)
        if not intent:
            raise missing("payment_intent", intent_id, param="intent")
        session = sessions.load(box, intent.extra["session"]) if intent.extra.get("session") else None
        intent = box.store.find("payment_intent", intent_id) or intent  # loading may have expired the session
        if intent.body["status"] != "requires_action":
            body = session.body if session else {}
            return Outcome(body.get("status", intent.body["status"]), body, intent_id=intent_id)
        if passed:
            means = BY_NUMBER[intent.extra["number"]]
            kind = intents.pay(box, intent, means, billing=intent.extra["billing"], authenticated=True)
        else:
            kind = intents.not_authenticated(box, intent)
        if session:
            return after_attempt(box, session, intent, kind)
        disputes.from_card(box, intent.body["latest_charge"] or "")
        return Outcome(kind, {}, error=intent.body["last_payment_error"], intent_id=intent_id)


def finish(box: Sandbox, intent_id: str, *, succeeded: bool) -> dict[str, Any]:
    """A delayed payment ends; returns the intent. Raises ApiError unless it is processing."""
    with box.store.transaction():
        intent = box.store.find("payment_intent", intent_id)
        if not intent:
            raise missing("payment_intent", intent_id, param="intent")
        intents.finish_debit(box, intent, succeeded=succeeded)
        if intent.extra.get("session"):
            sessions.settle_later(box, intent.extra["session"], succeeded=succeeded)
        return intent.body


def finish_when_due(box: Sandbox, intent_id: str) -> None:
    """The timer's version: ends the debit as its account number says, if it is still processing."""
    intent = box.store.find("payment_intent", intent_id)
    if intent and intent.body["status"] == "processing":
        finish(box, intent_id, succeeded=intent.extra.get("settles") == "succeeded")
