"""Parameters of the coupon and promotion code calls."""

from typing import Any

from ..errors import ApiError
from ..money import check_currency
from .checks import amount, currency, decimal, flag, hash_of, integer, list_of, metadata, one_of, text
from .lists import DATED, EXPAND


def by_currency(word: str) -> Any:
    """A hash from currencies to `{word: amount}`."""

    def check(value: Any, name: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ApiError("Invalid hash", param=name)
        one = hash_of({word: amount}, required=(word,))
        return {check_currency(key, name): one(entry, f"{name}[{key}]") for key, entry in value.items()}

    return check


COUPON = EXPAND | {
    "amount_off": integer(1), "applies_to": hash_of({"products": list_of(text())}), "currency": currency,
    "currency_options": by_currency("amount_off"), "duration": one_of("forever", "once", "repeating"),
    "duration_in_months": integer(1), "id": text(), "max_redemptions": integer(1), "metadata": metadata, "name": text(40),
    "percent_off": decimal, "redeem_by": integer(0),
}  # fmt: skip
COUPON_UPDATE = EXPAND | {"currency_options": by_currency("amount_off"), "metadata": metadata, "name": text(40)}
RESTRICTIONS = hash_of({"first_time_transaction": flag, "minimum_amount": integer(1), "minimum_amount_currency": currency})
CODE = EXPAND | {
    "active": flag, "code": text(500), "customer": text(), "expires_at": integer(0), "max_redemptions": integer(1),
    "metadata": metadata, "promotion": hash_of({"type": one_of("coupon"), "coupon": text()}, required=("type",)),
    "restrictions": RESTRICTIONS,
}  # fmt: skip
CODE_UPDATE = EXPAND | {"active": flag, "metadata": metadata}
CODE_LIST = DATED | {"active": flag, "code": text(), "coupon": text(), "customer": text()}


def check_coupon(params: dict[str, Any]) -> None:
    """Exactly one way to take something off. Raises ApiError."""
    if ("percent_off" in params) == ("amount_off" in params):
        message = "Must provide exactly one of percent_off and amount_off."
        raise ApiError(message, code="parameter_missing", param="percent_off")
    if "amount_off" in params and "currency" not in params:
        raise ApiError("Must provide currency together with amount_off.", code="parameter_missing", param="currency")
    if not 0 < params.get("percent_off", 1) <= 100:
        raise ApiError("Invalid percent_off: must be more than 0 and at most 100.", param="percent_off")


def check_code(params: dict[str, Any]) -> None:
    """A minimum has a currency. Raises ApiError."""
    limits = params.get("restrictions", {})
    if ("minimum_amount" in limits) != ("minimum_amount_currency" in limits):
        raise ApiError("Give minimum_amount and minimum_amount_currency together.", param="restrictions")
