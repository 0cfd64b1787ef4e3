"""Rules between the parameters of a Checkout Session that no single check can say."""

import time
from typing import Any

from ..errors import ApiError
from ..objects.session import methods

HALF_AN_HOUR, DAY, SLACK = 1800, 86400, 60
IN_MODE = {
    "payment_intent_data": "payment", "invoice_creation": "payment", "subscription_data": "subscription",
    "setup_intent_data": "setup", "payment_method_collection": "subscription",
}  # fmt: skip
# Accepted by Stripe and of consequence for money, but not played here: refused rather than ignored.
NOT_PLAYED = ("optional_items", "custom_fields", "after_expiration")


def check_create(params: dict[str, Any]) -> None:
    """Refuse what Stripe refuses at creation. Raises ApiError."""
    if "mode" not in params:
        raise required("mode")
    check_played(params)
    check_addresses(params)
    check_customer(params)
    for key, mode in IN_MODE.items():
        if key in params and params["mode"] != mode:
            raise ApiError(f"You can not pass `{key}` in `{params['mode']}` mode.", param=key)
    if "discounts" in params and "allow_promotion_codes" in params:
        raise exclusive("allow_promotion_codes", "discounts")
    if not params.get("line_items"):
        raise required("line_items")
    check_lines(params["line_items"])
    if not methods(params):
        raise ApiError(
            "No payment method is left: this stand-in plays card and sepa_debit.", param="excluded_payment_method_types"
        )
    check_shipping_options(params.get("shipping_options", []))
    check_expiry(params.get("expires_at"))


def required(name: str) -> ApiError:
    """The error for a parameter that is missing."""
    return ApiError(f"Missing required param: {name}.", code="parameter_missing", param=name)


def exclusive(name: str, other: str) -> ApiError:
    """The error for two parameters that exclude each other."""
    message = f"You may only specify one of these parameters: {name}, {other}."
    return ApiError(message, code="parameters_exclusive", param=name)


def check_played(params: dict[str, Any]) -> None:
    """Say so when the stand-in cannot do what is asked."""
    asked = [name for name in NOT_PLAYED if name in params]
    asked += [name for name in ("invoice_creation",) if enabled(params.get(name))]
    if params["mode"] != "payment":
        raise ApiError(f"This stand-in plays mode=payment only, not {params['mode']}.", param="mode")
    if asked:
        raise ApiError(f"This stand-in does not play `{asked[0]}`.", param=asked[0])


def enabled(value: Any) -> bool:
    """Whether a feature hash of raw parameters switches it on."""
    return isinstance(value, dict) and value.get("enabled") in (True, "true")


def check_addresses(params: dict[str, Any]) -> None:
    """Which of success_url, cancel_url and return_url go with the ui_mode."""
    ui_mode = params.get("ui_mode", "hosted_page")
    if ui_mode == "hosted_page":
        if "success_url" not in params:
            raise required("success_url")
        forbidden: tuple[str, ...] = ("return_url", "redirect_on_completion", "permissions")
    else:
        forbidden = ("success_url", "cancel_url")
        never = params.get("redirect_on_completion") == "never"
        if ui_mode == "embedded_page" and not never and "return_url" not in params:
            raise required("return_url")
    for name in forbidden:
        if name in params:
            raise ApiError(f"You can not pass `{name}` when `ui_mode` is `{ui_mode}`.", param=name)


def check_customer(params: dict[str, Any]) -> None:
    """Customer, e-mail and customer creation exclude each other."""
    if "customer" in params and "customer_email" in params:
        raise exclusive("customer_email", "customer")
    if "customer" in params and "customer_creation" in params:
        raise exclusive("customer_creation", "customer")
    if "customer_update" in params and "customer" not in params:
        raise ApiError("`customer_update` can only be used with `customer`.", param="customer_update")


def check_lines(lines: list[dict[str, Any]]) -> None:
    """One hundred at most, each with one price and a quantity."""
    if len(lines) > 100:
        raise ApiError(f"You can have at most 100 line items, got {len(lines)}.", param="line_items")
    for index, line in enumerate(lines):
        where = f"line_items[{index}]"
        one_of_two(line, "price", "price_data", where)
        if "quantity" not in line and "adjustable_quantity" not in line:
            raise required(f"{where}[quantity]")
        if line.get("quantity", 1) < 1:
            name = f"{where}[quantity]"
            raise ApiError("Invalid quantity: must be at least 1", code="parameter_invalid_integer", param=name)
        if "tax_rates" in line:
            raise ApiError("This stand-in does not play `tax_rates`.", param=f"{where}[tax_rates]")
        if "price_data" in line:
            check_price_data(line["price_data"], f"{where}[price_data]")


def check_price_data(data: dict[str, Any], where: str) -> None:
    """One product, one amount, not recurring."""
    one_of_two(data, "product", "product_data", where)
    one_of_two(data, "unit_amount", "unit_amount_decimal", where)
    if "recurring" in data:
        message = "You specified `payment` mode but passed a recurring price."
        raise ApiError(message, param=f"{where}[recurring]")


def one_of_two(values: dict[str, Any], first: str, second: str, where: str) -> None:
    """Exactly one of the two must be there."""
    if first in values and second in values:
        raise exclusive(f"{where}[{first}]", f"{where}[{second}]")
    if first not in values and second not in values:
        message = f"You must specify either `{first}` or `{second}` in `{where}`."
        raise ApiError(message, code="parameter_missing", param=where)


def check_shipping_options(options: list[dict[str, Any]]) -> None:
    """Five at most, each a rate or inline data with an amount."""
    if len(options) > 5:
        raise ApiError(f"You can have at most 5 shipping options, got {len(options)}.", param="shipping_options")
    for index, option in enumerate(options):
        where = f"shipping_options[{index}]"
        one_of_two(option, "shipping_rate", "shipping_rate_data", where)
        if "shipping_rate_data" in option and "fixed_amount" not in option["shipping_rate_data"]:
            raise required(f"{where}[shipping_rate_data][fixed_amount]")


def check_expiry(expires_at: int | None) -> None:
    """Thirty minutes to 24 hours ahead."""
    if expires_at is None:
        return
    ahead = expires_at - time.time()
    if ahead < HALF_AN_HOUR - SLACK:
        message = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        raise ApiError(message, param="expires_at")
    if ahead > DAY + SLACK:
        message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        raise ApiError(message, param="expires_at")
