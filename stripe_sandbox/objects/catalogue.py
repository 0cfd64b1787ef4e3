"""product, price, line item and shipping rate, as inline data makes them."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..ids import new_id
from . import now


def product(data: dict[str, Any]) -> dict[str, Any]:
    """A product from `product_data`. Inline ones are archived from the start."""
    created = now()
    return {
        "id": new_id("product"),
        "object": "product",
        "active": False,
        "created": created,
        "default_price": None,
        "description": data.get("description"),
        "images": data.get("images", []),
        "livemode": False,
        "marketing_features": [],
        "metadata": data.get("metadata", {}),
        "name": data["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": data.get("tax_code"),
        "tax_details": None,
        "type": "service",
        "unit_label": data.get("unit_label"),
        "updated": created,
        "url": None,
    }


def price(data: dict[str, Any], product_id: str) -> dict[str, Any]:
    """A one-time price from `price_data`."""
    exact = data.get("unit_amount_decimal", Decimal(data.get("unit_amount", 0)))
    return {
        "id": new_id("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": now(),
        "currency": data["currency"],
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product_id,
        "recurring": None,
        "tax_behavior": data.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": int(exact) if exact == int(exact) else None,
        "unit_amount_decimal": f"{exact.normalize():f}",
    }


def line_item(line: dict[str, Any], price_body: dict[str, Any], description: str) -> dict[str, Any]:
    """One line of a session. The subtotal is unit price times quantity, halves rounded up."""
    quantity = line.get("quantity", 1)
    exact = Decimal(price_body["unit_amount_decimal"]) * quantity
    subtotal = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    adjustable = line.get("adjustable_quantity")
    return {
        "id": new_id("item"),
        "object": "item",
        "adjustable_quantity": {"enabled": False, "maximum": None, "minimum": None} | adjustable if adjustable else None,
        "amount_discount": 0,
        "amount_subtotal": subtotal,
        "amount_tax": 0,
        "amount_total": subtotal,
        "currency": price_body["currency"],
        "description": description,
        "metadata": line.get("metadata", {}),
        "price": price_body,
        "quantity": quantity,
    }


def shipping_rate(data: dict[str, Any]) -> dict[str, Any]:
    """A shipping rate from `shipping_rate_data`."""
    estimate = data.get("delivery_estimate")
    fixed = data["fixed_amount"]
    return {
        "id": new_id("shipping_rate"),
        "object": "shipping_rate",
        "active": True,
        "created": now(),
        "delivery_estimate": {"maximum": None, "minimum": None} | estimate if estimate else None,
        "display_name": data["display_name"],
        "fixed_amount": {"amount": fixed["amount"], "currency": fixed["currency"]},
        "livemode": False,
        "metadata": data.get("metadata", {}),
        "tax_behavior": data.get("tax_behavior", "unspecified"),
        "tax_code": data.get("tax_code"),
        "type": "fixed_amount",
    }
