"""refund, customer, event"""

import copy
from typing import Any

from .. import API_VERSION
from ..ids import new_id
from . import now


def refund(charge: dict[str, Any], *, amount: int, reason: str | None, metadata: dict[str, str], status: str) -> dict[str, Any]:
    """Money on its way back; `amount` in minor units."""
    card = charge["payment_method_details"]["type"] == "card"
    target: dict[str, Any] = {"type": charge["payment_method_details"]["type"]}
    if card:
        target["card"] = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
    body = {
        "id": new_id("refund"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": now(),
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }
    if card:
        body["destination_details"] = target
    return body | ({"pending_reason": "processing"} if status == "pending" else {})


def customer(params: dict[str, Any]) -> dict[str, Any]:
    """A customer from checked parameters."""
    customer_id = new_id("customer")
    settings = {"custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None}
    return {
        "id": customer_id,
        "object": "customer",
        "address": params.get("address"),
        "balance": params.get("balance", 0),
        "created": now(),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": params.get("description"),
        "discount": None,
        "email": params.get("email"),
        "invoice_prefix": params.get("invoice_prefix", customer_id[-8:].upper()),
        "invoice_settings": settings,
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "name": params.get("name"),
        "next_invoice_sequence": 1,
        "phone": params.get("phone"),
        "preferred_locales": params.get("preferred_locales", []),
        "shipping": params.get("shipping"),
        "tax_exempt": params.get("tax_exempt") or "none",
        "test_clock": None,
    }


def event(
    kind: str, subject: dict[str, Any], *, previous: dict[str, Any] | None, cause: dict[str, Any], waiting: int
) -> dict[str, Any]:
    """A snapshot event: a copy of the object as it is now. `cause` is {id, idempotency_key} of the request, or nulls."""
    data: dict[str, Any] = {"object": copy.deepcopy(subject)}
    if previous is not None:
        data["previous_attributes"] = previous
    return {
        "id": new_id("event"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now(),
        "data": data,
        "livemode": subject.get("livemode", False),
        "pending_webhooks": waiting,
        "request": cause,
        "type": kind,
    }
