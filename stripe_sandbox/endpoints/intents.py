"""/v1/payment_intents"""

import secrets
from typing import Any

from ..api import Call
from ..cards import BY_NAME, Means
from ..errors import ApiError, missing, unexpected_state
from ..flows import direct, intents
from ..flows.checkout import whole_shipping
from ..listing import Filter, page
from ..money import check_chargeable
from ..store import Item
from .metadata import merged

URL = "/v1/payment_intents"
COPIED = (
    "customer", "description", "receipt_email", "setup_future_usage", "statement_descriptor",
    "statement_descriptor_suffix", "transfer_group",
)  # fmt: skip
# What a browser is shown of an intent (docs.stripe.com/api/payment_intents/retrieve, "client_secret").
PUBLIC = (
    "id", "object", "amount", "amount_details", "automatic_payment_methods", "canceled_at", "cancellation_reason",
    "capture_method", "client_secret", "confirmation_method", "created", "currency", "description", "last_payment_error",
    "livemode", "next_action", "payment_method", "payment_method_types", "processing", "receipt_email",
    "setup_future_usage", "shipping", "source", "status",
)  # fmt: skip


def load(call: Call) -> Item:
    """The intent that the path names. Raises ApiError."""
    intent = call.box.store.find("payment_intent", call.ids["intent"])
    if not intent:
        raise missing("payment_intent", call.ids["intent"], param="intent")
    secret = call.params.get("client_secret")
    if secret is not None and not secrets.compare_digest(secret.encode(), intent.body["client_secret"].encode()):
        message = "The client_secret provided does not match any associated PaymentIntent on this account."
        raise ApiError(message, code="payment_intent_invalid_parameter", param="client_secret")
    return intent


def shown(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """The intent, or as much of it as a browser may see."""
    return {key: body[key] for key in PUBLIC} if call.public else body


def create(call: Call) -> dict[str, Any]:
    """A new intent, confirmed at once when `confirm` is true."""
    params = call.params
    check_chargeable(params["amount"], params["currency"], param="amount")
    given = {key: params[key] for key in COPIED if key in params}
    if "automatic_payment_methods" in params:
        given["automatic_payment_methods"] = {"allow_redirects": "always"} | params["automatic_payment_methods"]
    if "shipping" in params:
        given["shipping"] = whole_shipping(params["shipping"])
    means = named_means(params.get("payment_method")) if "payment_method" in params else None
    intent = intents.create(
        call.box, amount=params["amount"], currency=params["currency"], metadata=params.get("metadata", {}), **given
    )
    if means:
        choose(call, intent, means)
    return confirm_with(call, intent) if params.get("confirm") else intent.body


def named_means(name: str | None) -> Means:
    """The test card behind `pm_card_...`. Raises ApiError."""
    if name not in BY_NAME:
        raise missing("PaymentMethod", str(name), param="payment_method", status=400)
    return BY_NAME[name]


def choose(call: Call, intent: Item, means: Means) -> None:
    """Keep the card for the confirmation."""
    intent.extra["chosen"] = means.name
    intent.body["status"] = "requires_confirmation"
    call.box.store.save(intent)


def retrieve(call: Call) -> dict[str, Any]:
    """One intent."""
    return shown(call, load(call).body)


def listed(call: Call) -> dict[str, Any]:
    """Intents, newest first."""
    return page(call.box.store, URL, call.params, Filter("payment_intent", call.params, ("customer",)))


def update(call: Call) -> dict[str, Any]:
    """Change an intent; amount and currency only before money moves."""
    intent, params = load(call), call.params
    if {"amount", "currency", "payment_method"} & set(params) and intent.body["status"] not in direct.CONFIRMABLE:
        raise direct.wrong_state(intent, "updated")
    for key in (*COPIED, "amount", "currency"):
        if key in params:
            intent.body[key] = params[key]
    if "metadata" in params:
        intent.body["metadata"] = merged(intent.body["metadata"], params["metadata"])
    if "shipping" in params:
        intent.body["shipping"] = whole_shipping(params["shipping"])
    check_chargeable(intent.body["amount"], intent.body["currency"], param="amount")
    if "payment_method" in params:
        choose(call, intent, named_means(params["payment_method"]))
    call.box.store.save(intent)
    return intent.body


def confirm(call: Call) -> dict[str, Any]:
    """Take the money."""
    intent, params = load(call), call.params
    intent.body |= {key: params[key] for key in ("receipt_email", "setup_future_usage") if key in params}
    if "shipping" in params:
        intent.body["shipping"] = whole_shipping(params["shipping"])
    try:
        return confirm_with(call, intent)
    except ApiError as error:
        if "payment_intent" in error.extra:
            error.extra["payment_intent"] = shown(call, error.extra["payment_intent"])
        raise


def confirm_with(call: Call, intent: Item) -> dict[str, Any]:
    """Confirm with the card given now or before. Raises ApiError; a decline is a 402 that stays done."""
    params = call.params
    direct.check_confirmable(intent)
    means, billing = means_of(call, intent)
    in_page = params.get("use_stripe_sdk", False)
    kind = direct.confirm(call.box, intent, means, billing=billing, return_url=params.get("return_url"), in_page=in_page)
    if kind == "declined":
        raise declined(intent.body)
    return shown(call, intent.body)


def means_of(call: Call, intent: Item) -> tuple[Means, dict[str, Any]]:
    """What to pay with, and who pays. Raises ApiError."""
    data = call.params.get("payment_method_data")
    if data and "card" in data and not call.public:
        message = (
            "Sending credit card numbers directly to the Stripe API is generally unsafe. "
            "To continue processing use Stripe.js, the Stripe mobile bindings, or Stripe Elements."
        )
        raise ApiError(message, status=402, kind="card_error", param="payment_method_data[card]")
    if data:
        return direct.typed_means(data), data.get("billing_details", {})
    name = call.params.get("payment_method") or intent.extra.get("chosen")
    if not name:
        message = "You cannot confirm this PaymentIntent because it's missing a payment method."
        raise unexpected_state(message, code="payment_intent_unexpected_state")
    return named_means(name), {}


def declined(body: dict[str, Any]) -> ApiError:
    """The 402 of a declined card, with the intent."""
    error = dict(body["last_payment_error"])
    message, code = error.pop("message"), error.pop("code")
    for key in ("type", "doc_url"):
        error.pop(key)
    return ApiError(message, status=402, kind="card_error", code=code, saved=True, kept=True, payment_intent=body, **error)


def cancel(call: Call) -> dict[str, Any]:
    """Give an intent up before money moves."""
    intent = load(call)
    if not intents.cancel_unpaid(call.box, intent.id, call.params.get("cancellation_reason")):
        raise direct.wrong_state(intent, "canceled")
    return load(call).body
