"""coupon, promotion_code, discount"""

from typing import Any

from ..ids import new_id, random_text
from . import now


def coupon(params: dict[str, Any]) -> dict[str, Any]:
    """A coupon from checked parameters; `amount_off` in minor units. Whether it is valid is worked out when it is shown."""
    percent = params.get("percent_off")
    body = {
        "id": params.get("id") or new_id("coupon"),
        "object": "coupon",
        "amount_off": params.get("amount_off"),
        "created": now(),
        "currency": params.get("currency"),
        "duration": params.get("duration", "once"),
        "duration_in_months": params.get("duration_in_months"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": params.get("metadata", {}),
        "name": params.get("name"),
        "percent_off": None if percent is None else float(percent),
        "redeem_by": params.get("redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }
    return body | {key: params[key] for key in ("applies_to", "currency_options") if key in params}


def promotion_code(params: dict[str, Any], coupon_id: str) -> dict[str, Any]:
    """The word that a shopper types to get a coupon."""
    restrictions = {"first_time_transaction": False, "minimum_amount": None, "minimum_amount_currency": None}
    return {
        "id": params.get("id") or new_id("promotion_code"),
        "object": "promotion_code",
        "active": params.get("active", True),
        "code": params.get("code") or random_text(8).upper(),
        "created": now(),
        "customer": params.get("customer"),
        "customer_account": None,
        "expires_at": params.get("expires_at"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": params.get("metadata", {}),
        "promotion": {"coupon": coupon_id, "type": "coupon"},
        "restrictions": restrictions | params.get("restrictions", {}),
        "times_redeemed": 0,
    }


def discount(session_id: str, *, coupon_id: str, promotion_code_id: str | None) -> dict[str, Any]:
    """One use of a coupon by a session."""
    return {
        "id": new_id("discount"),
        "object": "discount",
        "checkout_session": session_id,
        "customer": None,
        "customer_account": None,
        "end": None,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": promotion_code_id,
        "source": {"coupon": coupon_id, "type": "coupon"},
        "start": now(),
        "subscription": None,
        "subscription_item": None,
    }
