"""`expand[]`: ids replaced by their objects, and fields that are absent unless asked for."""

import copy
from collections.abc import Callable
from typing import Any

from .errors import ApiError
from .flows.taxes import breakdown as breakdown_of_taxes
from .listing import list_object
from .store import Store

DEEPEST = 4
# object -> fields that hold an id
IDS = {
    "checkout.session": {
        "customer", "invoice", "payment_intent", "payment_link", "setup_intent", "subscription", "shipping_rate",
        "coupon", "promotion_code",
    },
    "payment_intent": {
        "application", "customer", "latest_charge", "on_behalf_of", "payment_method", "payment_record", "review", "source",
    },
    "charge": {
        "application", "application_fee", "balance_transaction", "customer", "failure_balance_transaction", "on_behalf_of",
        "payment_intent", "review", "source_transfer", "transfer",
    },
    "refund": {
        "balance_transaction", "charge", "customer", "failure_balance_transaction", "payment_intent", "payment_method",
        "source_transfer_reversal", "transfer_reversal",
    },
    "dispute": {"charge", "payment_intent"},
    "balance_transaction": {"source"},
    "price": {"product"},
    "product": {"default_price", "tax_code"},
    "payment_method": {"customer"},
    "promotion_code": {"customer", "coupon"},
    "shipping_rate": {"tax_code"},
    "customer": {"default_source", "test_clock"},
    "event": set(),
    "item": set(),
}  # fmt: skip


def session_lines(store: Store, session: dict[str, Any]) -> dict[str, Any]:
    """`line_items`: the first ten."""
    item = store.find("checkout.session", session["id"])
    lines = item.extra["lines"] if item else []
    return list_object(lines[:10], f"/v1/checkout/sessions/{session['id']}/line_items", has_more=len(lines) > 10)


def charge_refunds(store: Store, charge: dict[str, Any]) -> dict[str, Any]:
    """`refunds`: the newest ten."""
    found = store.select("kind = 'refund' AND charge = ?", (charge["id"],), limit=11)
    return list_object([item.body for item in found[:10]], f"/v1/charges/{charge['id']}/refunds", has_more=len(found) > 10)


def breakdown(store: Store, session: dict[str, Any]) -> dict[str, Any]:
    """`total_details` with its breakdown."""
    item = store.find("checkout.session", session["id"])
    discount = item.extra.get("discount") if item else None
    entries = [{"amount": session["total_details"]["amount_discount"], "discount": discount}] if discount else []
    return session["total_details"] | {"breakdown": {"discounts": entries, "taxes": breakdown_of_taxes(item) if item else []}}


INCLUDED: dict[tuple[str, str], Callable[[Store, dict[str, Any]], Any]] = {
    ("checkout.session", "line_items"): session_lines,
    ("charge", "refunds"): charge_refunds,
}


def expand(store: Store, body: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """A copy of the answer with every path expanded. Raises ApiError for one that cannot be."""
    if not paths:
        return body
    body = copy.deepcopy(body)
    for path in paths:
        if path.count(".") >= DEEPEST:
            raise ApiError(f"You cannot expand more than {DEEPEST} levels of a property: {path}", param="expand")
        open_path(store, body, path.split("."), path)
    return body


def open_path(store: Store, node: dict[str, Any], parts: list[str], path: str, kind: str = "") -> None:
    """Expand one path below a node; `kind` is the object that a nested hash belongs to."""
    head, rest = parts[0], parts[1:]
    kind = node.get("object", kind)
    if kind == "list":
        return open_list(store, node, parts, path)
    if (kind, head) in INCLUDED:
        node.setdefault(head, INCLUDED[kind, head](store, node))
    elif kind == "checkout.session" and head == "total_details" and rest == ["breakdown"]:
        node[head] = breakdown(store, node)
        return None
    elif head in IDS.get(kind, ()) and (head in node or "object" in node):
        if isinstance(node.get(head), str):
            found = store.find_any(node[head])
            node[head] = found.body if found else node[head]
    elif not rest or head not in node:
        raise cannot(path)
    for child in node[head] if isinstance(node.get(head), list) else [node.get(head)]:
        if rest and isinstance(child, dict):
            open_path(store, child, rest, path, kind)
    return None


def open_list(store: Store, node: dict[str, Any], parts: list[str], path: str) -> None:
    """Expand below each entry of a list; the path goes on after `data`."""
    if parts[0] != "data" or len(parts) < 2:
        raise cannot(path)
    for entry in node["data"]:
        open_path(store, entry, parts[1:], path)


def cannot(path: str) -> ApiError:
    """The error for a field that holds no id."""
    return ApiError(f"This property cannot be expanded ({path}).", param="expand")
