"""The amounts of a session from its lines, its discount, the chosen shipping and the tax."""

import copy
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..store import Item, Store
from . import taxes


def refresh(store: Store, session: Item) -> None:
    """Compute all amounts of the session again; changes the item, saves nothing."""
    body, lines = session.body, session.extra["lines"]
    spread_discount(store, session, lines)
    country = taxes.country_of(session)
    for line in lines:
        base = line["amount_subtotal"] - line["amount_discount"]
        line["amount_tax"], on_top = taxes.tax(base, line["price"]["tax_behavior"], country)
        line["amount_total"] = base + on_top
    shipping = chosen_shipping(store, session, country)
    cost = shipping or {"amount_subtotal": 0, "amount_tax": 0, "amount_total": 0}
    body["shipping_cost"] = shipping
    body["amount_subtotal"] = sum(line["amount_subtotal"] for line in lines)
    body["amount_total"] = sum(line["amount_total"] for line in lines) + cost["amount_total"]
    body["total_details"] = {
        "amount_discount": sum(line["amount_discount"] for line in lines),
        "amount_shipping": cost["amount_subtotal"],
        "amount_tax": sum(line["amount_tax"] for line in lines) + cost["amount_tax"],
    }
    if taxes.is_on(body):
        body["automatic_tax"]["status"] = "complete" if country else "requires_location_inputs"


def preview(store: Store, session: Item, *, shipping_choice: int, country: str) -> dict[str, Any]:
    """The session as it would be with that shipping to that country."""
    other = Item(copy.deepcopy(session.body), copy.deepcopy(session.extra))
    other.extra |= {"shipping_choice": shipping_choice, "country": country}
    refresh(store, other)
    return other.body


def spread_discount(store: Store, session: Item, lines: list[dict[str, Any]]) -> None:
    """Take the coupon off the lines, in proportion, to the last unit."""
    discount = session.extra.get("discount")
    coupon = store.find("coupon", discount["source"]["coupon"]) if discount else None
    only = coupon.body.get("applies_to", {}).get("products") if coupon else None
    weights = [0 if only and line["price"]["product"] not in only else line["amount_subtotal"] for line in lines]
    off = amount_off(coupon.body, sum(weights), session.body["currency"]) if coupon else 0
    for line, part in zip(lines, split(weights, off), strict=True):
        line["amount_discount"] = part


def amount_off(coupon: dict[str, Any], subtotal: int, currency: str) -> int:
    """What the coupon takes off, halves rounded up, never more than there is."""
    if coupon["percent_off"]:
        part = Decimal(str(coupon["percent_off"])) * subtotal / 100
        return min(int(part.quantize(Decimal(1), rounding=ROUND_HALF_UP)), subtotal)
    if currency != coupon["currency"]:
        return min(coupon["currency_options"][currency]["amount_off"], subtotal)
    return min(coupon["amount_off"], subtotal)


def split(weights: list[int], total: int) -> list[int]:
    """Shares of the total in proportion to the weights that add up to it exactly; rests go to the largest remainders."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    by_rest = sorted(range(len(weights)), key=lambda index: -(total * weights[index] % whole))
    for index in by_rest[: total - sum(shares)]:
        shares[index] += 1
    return shares


def chosen_shipping(store: Store, session: Item, country: str | None) -> dict[str, Any] | None:
    """`shipping_cost` for the chosen option: the first one until the shopper chooses another."""
    options = session.body["shipping_options"]
    if not options:
        return None
    option = options[session.extra.get("shipping_choice", 0)]
    amount = option["shipping_amount"]
    rate = store.find("shipping_rate", option["shipping_rate"])
    session.extra["shipping_behavior"] = rate.body["tax_behavior"] if rate else "unspecified"
    part, on_top = taxes.tax(amount, session.extra["shipping_behavior"], country)
    ids = {"shipping_rate": option["shipping_rate"]}
    return {"amount_subtotal": amount, "amount_tax": part, "amount_total": amount + on_top} | ids
