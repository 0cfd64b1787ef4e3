"""Charges, refunds, events, balance, products, prices"""

from typing import Any

from ..api import Call
from ..errors import missing, unexpected_state
from ..flows import refunds
from ..flows.checkout import whole_shipping
from ..listing import Filter, page
from ..store import Item
from .metadata import merged


def load(call: Call, kind: str) -> Item:
    """The object of that kind that the path names. Raises ApiError."""
    found = call.box.store.find(kind, call.ids["id"])
    if not found:
        raise missing(kind, call.ids["id"])
    return found


def retrieve_charge(call: Call) -> dict[str, Any]:
    """One charge."""
    return load(call, "charge").body


def list_charges(call: Call) -> dict[str, Any]:
    """Charges, newest first."""
    rows = Filter("charge", call.params, ("customer", "payment_intent"))
    if "transfer_group" in call.params:
        rows.add("json_extract(body, '$.transfer_group') = ?", call.params["transfer_group"])
    return page(call.box.store, "/v1/charges", call.params, rows)


def update_charge(call: Call) -> dict[str, Any]:
    """Change what is written on a charge."""
    charge, params = load(call, "charge"), call.params
    for key in ("customer", "description", "receipt_email", "transfer_group"):
        if key in params:
            charge.body[key] = params[key]
    if "metadata" in params:
        charge.body["metadata"] = merged(charge.body["metadata"], params["metadata"])
    if "shipping" in params:
        charge.body["shipping"] = whole_shipping(params["shipping"])
    call.box.store.save(charge)
    return charge.body


def list_charge_refunds(call: Call) -> dict[str, Any]:
    """The refunds of one charge."""
    charge = load(call, "charge")
    rows = Filter("refund", call.params).add("charge = ?", charge.id)
    return page(call.box.store, call.path, call.params, rows)


def create_refund(call: Call) -> dict[str, Any]:
    """Give money back."""
    return refunds.create(call.box, call.params)


def retrieve_refund(call: Call) -> dict[str, Any]:
    """One refund."""
    return load(call, "refund").body


def list_refunds(call: Call) -> dict[str, Any]:
    """Refunds, newest first."""
    rows = Filter("refund", call.params, ("charge", "payment_intent"))
    return page(call.box.store, "/v1/refunds", call.params, rows)


def update_refund(call: Call) -> dict[str, Any]:
    """Change the metadata of a refund."""
    refund = load(call, "refund")
    if "metadata" in call.params:
        refund.body["metadata"] = merged(refund.body["metadata"], call.params["metadata"])
    call.box.store.save(refund)
    return refund.body


def cancel_refund(call: Call) -> dict[str, Any]:
    """Never possible here: only refunds that wait for the buyer can be cancelled, and none ever does."""
    refund = load(call, "refund")
    raise unexpected_state(
        "You can only cancel a refund with a status of requires_action; "
        f"refund {refund.id} has a status of {refund.body['status']}."
    )


def retrieve_event(call: Call) -> dict[str, Any]:
    """One event."""
    return load(call, "event").body


def list_events(call: Call) -> dict[str, Any]:
    """Events, newest first."""
    params = call.params
    rows = Filter("event", params)
    if "type" in params:
        rows.add("type GLOB ?", params["type"])
    if "types" in params:
        rows.add(f"type IN ({', '.join('?' * len(params['types']))})", *params["types"])
    if "delivery_success" in params:
        undelivered = "SELECT 1 FROM deliveries d WHERE d.event_id = objects.id AND d.state != 'succeeded'"
        rows.add(f"{'NOT ' if params['delivery_success'] else ''}EXISTS ({undelivered})")
    return page(call.box.store, "/v1/events", params, rows)


def balance(call: Call) -> dict[str, Any]:
    """What all charges and refunds add up to, per currency."""
    rows = call.box.store.query(
        "SELECT json_extract(body, '$.currency') AS currency, sum(json_extract(body, '$.net')) AS net "
        "FROM objects WHERE kind = 'balance_transaction' GROUP BY 1 ORDER BY 1"
    )
    available = [{"amount": row["net"], "currency": row["currency"], "source_types": {"card": row["net"]}} for row in rows]
    return {"object": "balance", "available": available, "livemode": False, "pending": []}


def retrieve_balance_transaction(call: Call) -> dict[str, Any]:
    """One booking."""
    return load(call, "balance_transaction").body


def list_balance_transactions(call: Call) -> dict[str, Any]:
    """Bookings, newest first."""
    rows = Filter("balance_transaction", call.params, ("type",))
    for word in ("currency", "source"):
        if word in call.params:
            rows.add(f"json_extract(body, '$.{word}') = ?", call.params[word])
    return page(call.box.store, "/v1/balance_transactions", call.params, rows)


def retrieve_payment_method(call: Call) -> dict[str, Any]:
    """One payment method."""
    return load(call, "payment_method").body


def retrieve_product(call: Call) -> dict[str, Any]:
    """One product."""
    return load(call, "product").body


def retrieve_price(call: Call) -> dict[str, Any]:
    """One price."""
    return load(call, "price").body
