"""Opening, changing, expiring and completing Checkout Sessions."""

import time
from typing import Any

from ..emit import emit
from ..errors import ApiError, missing, unexpected_state
from ..money import check_chargeable, check_steps
from ..objects import catalogue
from ..objects import session as shape
from ..runtime import Sandbox
from ..store import Item
from ..timers import clear_timer, set_timer
from . import discounts, intents, totals

EXPIRE = "expire_session"


def open_session(box: Sandbox, params: dict[str, Any]) -> Item:
    """Store a new session made from checked parameters."""
    body = shape.build(params, public_url=box.public_url)
    session = Item(body, {"intent_data": params.get("payment_intent_data", {})})
    set_lines(box, session, params["line_items"])
    body["currency"] = session.extra["lines"][0]["currency"]
    set_shipping_options(box, session, params.get("shipping_options", []))
    if params.get("discounts"):
        discounts.apply_given(box, session, params["discounts"][0])
    buyer = box.store.find("customer", body["customer"] or "")
    session.extra["country"] = ((buyer.body.get("address") or {}) if buyer else {}).get("country")
    totals.refresh(box.store, session)
    check_total(session)
    box.store.add(body, session.extra)
    set_timer(box, EXPIRE, session.id, due=body["expires_at"])
    return session


def check_total(session: Item) -> None:
    """Refuse a total that cannot be charged; nothing to pay is fine."""
    if total := session.body["amount_total"]:
        what = "The Checkout Session's total amount due"
        check_chargeable(total, session.body["currency"], param="line_items", what=what)


def set_lines(box: Sandbox, session: Item, lines: list[dict[str, Any]]) -> None:
    """Make line items, with a product and a price for each inline one."""
    made = []
    for index, line in enumerate(lines):
        price, description = line_price(box, line, f"line_items[{index}]")
        made.append(catalogue.line_item(line, price, description))
    if len({line["currency"] for line in made}) > 1:
        raise ApiError("The price specified only supports one currency: all line items must use the same.", param="line_items")
    session.extra["lines"] = made


def line_price(box: Sandbox, line: dict[str, Any], where: str) -> tuple[dict[str, Any], str]:
    """The price of a line and the name to show."""
    if "price" in line:
        found = box.store.find("price", line["price"])
        if not found:
            raise missing("price", line["price"], param=f"{where}[price]", status=400)
        product = box.store.find("product", found.body["product"])
        return found.body, product.body["name"] if product else line["price"]
    data = line["price_data"]
    if "unit_amount" in data:
        check_steps(data["unit_amount"], data["currency"], f"{where}[price_data][unit_amount]")
    if "product" in data:
        product = box.store.find("product", data["product"])
        if not product:
            raise missing("product", data["product"], param=f"{where}[price_data][product]", status=400)
    else:
        product = box.store.add(catalogue.product(data["product_data"]))
    price = box.store.add(catalogue.price(data, product.id))
    return price.body, product.body["name"]


def set_shipping_options(box: Sandbox, session: Item, options: list[dict[str, Any]]) -> None:
    """Make shipping rates for inline options and list them on the session."""
    session.body["shipping_options"] = [shipping_option(box, session, option, index) for index, option in enumerate(options)]
    session.extra["shipping_choice"] = 0


def shipping_option(box: Sandbox, session: Item, option: dict[str, Any], index: int) -> dict[str, Any]:
    """One entry of `shipping_options`."""
    where = f"shipping_options[{index}]"
    if "shipping_rate" in option:
        rate = box.store.find("shipping_rate", option["shipping_rate"])
        if not rate:
            raise missing("shipping rate", option["shipping_rate"], param=f"{where}[shipping_rate]", status=400)
    else:
        rate = box.store.add(catalogue.shipping_rate(option["shipping_rate_data"]))
    fixed = rate.body["fixed_amount"]
    if fixed["currency"] != session.body["currency"]:
        raise ApiError("The shipping rate's currency differs from that of the line items.", param=where)
    return {"shipping_amount": fixed["amount"], "shipping_rate": rate.id}


def load(box: Sandbox, session_id: str) -> Item:
    """The session, expired first if its time is over. Raises ApiError (404)."""
    session = box.store.find("checkout.session", session_id)
    if not session:
        raise missing("checkout.session", session_id, param="session")
    if session.body["status"] == "open" and session.body["expires_at"] <= time.time():
        expire_if_open(box, session_id)
        session = box.store.find("checkout.session", session_id) or session
    return session


def expire_if_open(box: Sandbox, session_id: str) -> bool:
    """Expire the session unless it is complete or expired already; True when this call did it."""
    with box.store.transaction():
        session = box.store.find("checkout.session", session_id)
        if not session or session.body["status"] != "open":
            return False
        session.body |= {"status": "expired", "url": None}
        session.body["expires_at"] = min(session.body["expires_at"], int(time.time()))
        box.store.save(session)
        clear_timer(box, EXPIRE, session_id)
        if session.extra.get("intent"):
            intents.cancel_unpaid(box, session.extra["intent"])
        emit(box, "checkout.session.expired", session.body)
        return True


def expire(box: Sandbox, session_id: str) -> dict[str, Any]:
    """The API call. Raises ApiError unless the session is open."""
    with box.store.transaction():
        status = load(box, session_id).body["status"]
        if status != "open":
            raise unexpected_state(
                'Only Checkout Sessions with a status in ["open"] can be expired. '
                f"This Checkout Session has a status of `{status}`."
            )
        expire_if_open(box, session_id)
        return load(box, session_id).body


def complete(box: Sandbox, session: Item, *, payment_status: str, intent_id: str | None) -> str:
    """Close the session after a payment (or none that was needed); returns the event's id. Inside a transaction."""
    details = session.extra["details"]
    session.body |= {
        "status": "complete",
        "payment_status": payment_status,
        "payment_intent": intent_id,
        "url": None,
        "customer_details": details["customer"],
    }
    session.body["collected_information"]["shipping_details"] = details["shipping"]
    discounts.count_use(box, session)
    clear_timer(box, EXPIRE, session.id)
    box.store.save(session)
    return emit(box, "checkout.session.completed", session.body)


def settle_later(box: Sandbox, session_id: str, *, succeeded: bool) -> None:
    """A delayed payment of a complete session has ended."""
    session = box.store.find("checkout.session", session_id)
    if session:
        session.body["payment_status"] = "paid" if succeeded else "unpaid"
        box.store.save(session)
        emit(box, f"checkout.session.async_payment_{'succeeded' if succeeded else 'failed'}", session.body)
