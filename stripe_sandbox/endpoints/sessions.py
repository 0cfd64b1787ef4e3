"""/v1/checkout/sessions"""

from typing import Any

from ..api import Call
from ..errors import ApiError, missing, unexpected_state
from ..flows import sessions, totals
from ..listing import Filter, page, page_of
from ..parameters.session_rules import check_lines, check_shipping_options
from .metadata import merged

URL = "/v1/checkout/sessions"


def create(call: Call) -> dict[str, Any]:
    """A new session."""
    customer = call.params.get("customer")
    if customer and not live_customer(call, customer):
        raise missing("customer", customer, param="customer", status=400)
    return sessions.open_session(call.box, call.params).body


def live_customer(call: Call, customer_id: str) -> bool:
    """Whether the customer exists and is not deleted."""
    found = call.box.store.find("customer", customer_id)
    return found is not None and not found.body.get("deleted")


def retrieve(call: Call) -> dict[str, Any]:
    """One session."""
    return sessions.load(call.box, call.ids["session"]).body


def listed(call: Call) -> dict[str, Any]:
    """Sessions, newest first."""
    rows = Filter("checkout.session", call.params, ("customer", "payment_intent", "status"))
    if "customer_details" in call.params:
        rows.add("json_extract(body, '$.customer_details.email') = ?", call.params["customer_details"].get("email"))
    for word in ("payment_link", "subscription"):
        if word in call.params:
            rows.add("0")
    return page(call.box.store, URL, call.params, rows)


def update(call: Call) -> dict[str, Any]:
    """Change an open session; its metadata at any time."""
    session = sessions.load(call.box, call.ids["session"])
    params = call.params
    if set(params) - {"metadata"} and session.body["status"] != "open":
        status = session.body["status"]
        raise unexpected_state(f"This Checkout Session is {status}: only its metadata can be changed.")
    if "metadata" in params:
        session.body["metadata"] = merged(session.body["metadata"], params["metadata"])
    if "line_items" in params:
        replace_lines(call, session, params["line_items"])
    if "shipping_options" in params:
        check_shipping_options(params["shipping_options"])
        sessions.set_shipping_options(call.box, session, params["shipping_options"])
    if "payment_intent_data" in params:
        change_intent_data(session.extra["intent_data"], params["payment_intent_data"])
    if "collected_information" in params:
        session.body["collected_information"] |= params["collected_information"]
    totals.refresh(call.box.store, session)
    sessions.check_total(session)
    call.box.store.save(session)
    return session.body


def replace_lines(call: Call, session: Any, lines: list[dict[str, Any]]) -> None:
    """The new list of lines; one with an `id` keeps what it does not name. Raises ApiError."""
    old = {line["id"]: line for line in session.extra["lines"]}
    whole = []
    for index, line in enumerate(lines):
        kept = line.pop("id", None)
        if kept is not None and kept not in old:
            raise missing("line item", kept, param=f"line_items[{index}][id]", status=400)
        if kept is not None and not {"price", "price_data"} & set(line):
            line = {"price": old[kept]["price"]["id"], "quantity": old[kept]["quantity"]} | line
        whole.append(line)
    if not whole:
        raise ApiError("At least one line item is needed.", param="line_items")
    check_lines(whole)
    sessions.set_lines(call.box, session, whole)


def change_intent_data(data: dict[str, Any], changes: dict[str, Any]) -> None:
    """Merge `payment_intent_data`; null takes a field away."""
    if "metadata" in changes:
        changes = changes | {"metadata": merged(data.get("metadata", {}), changes["metadata"])}
    for key, value in changes.items():
        if value is None:
            data.pop(key, None)
        else:
            data[key] = value


def expire(call: Call) -> dict[str, Any]:
    """End an open session now."""
    return sessions.expire(call.box, call.ids["session"])


def line_items(call: Call) -> dict[str, Any]:
    """All lines of a session, a page at a time."""
    session = sessions.load(call.box, call.ids["session"])
    return page_of(session.extra["lines"], call.path, call.params)
