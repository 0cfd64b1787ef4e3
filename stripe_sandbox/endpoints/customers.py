"""/v1/customers"""

from typing import Any

from ..api import Call
from ..emit import emit
from ..errors import missing
from ..flows.checkout import whole_shipping
from ..listing import Filter, page
from ..objects import others as shapes
from ..objects import whole_address
from ..store import Item
from .metadata import merged

URL = "/v1/customers"
PLAIN = ("balance", "description", "email", "invoice_prefix", "name", "next_invoice_sequence", "phone", "preferred_locales")


def load(call: Call) -> Item:
    """The customer that the path names; a deleted one only as such. Raises ApiError."""
    found = call.box.store.find("customer", call.ids["id"])
    if not found:
        raise missing("customer", call.ids["id"])
    return found


def live(call: Call) -> Item:
    """The customer, if it is not deleted. Raises ApiError."""
    found = load(call)
    if found.body.get("deleted"):
        raise missing("customer", found.id)
    return found


def whole(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters with complete addresses."""
    changes = dict(params)
    if params.get("address"):
        changes["address"] = whole_address(params["address"])
    if params.get("shipping"):
        changes["shipping"] = whole_shipping(params["shipping"])
    return changes


def create(call: Call) -> dict[str, Any]:
    """A new customer."""
    customer = call.box.store.add(shapes.customer(whole(call.params)))
    emit(call.box, "customer.created", customer.body)
    return customer.body


def retrieve(call: Call) -> dict[str, Any]:
    """One customer."""
    return load(call).body


def listed(call: Call) -> dict[str, Any]:
    """Customers, newest first, without deleted ones."""
    return page(call.box.store, URL, call.params, Filter("customer", call.params, ("email",)))


def update(call: Call) -> dict[str, Any]:
    """Change a customer."""
    customer, changes = live(call), whole(call.params)
    before = dict(customer.body)
    for key in (*PLAIN, "address", "shipping", "tax_exempt"):
        if key in changes:
            customer.body[key] = changes[key]
    if "metadata" in changes:
        customer.body["metadata"] = merged(before["metadata"], changes["metadata"])
    call.box.store.save(customer)
    previous = {key: value for key, value in before.items() if customer.body[key] != value}
    if previous:
        emit(call.box, "customer.updated", customer.body, previous)
    return customer.body


def delete(call: Call) -> dict[str, Any]:
    """Forget a customer; its id stays known as deleted."""
    customer = live(call)
    emit(call.box, "customer.deleted", customer.body)
    customer.body = {"id": customer.id, "object": "customer", "deleted": True}
    call.box.store.save(customer)
    return customer.body
