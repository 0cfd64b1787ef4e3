"""Parameters that every list takes, and those of the smaller resources."""

from .checks import (
    Check,
    amount,
    anything,
    currency,
    email,
    flag,
    hash_of,
    integer,
    list_of,
    metadata,
    one_of,
    or_empty,
    text,
)

EXPAND: dict[str, Check] = {"expand": list_of(text())}
SECONDS = integer(0)


def created(value: object, name: str) -> dict[str, int]:
    """A moment, or a range with gt, gte, lt, lte; Unix seconds."""
    if isinstance(value, dict):
        return hash_of({"gt": SECONDS, "gte": SECONDS, "lt": SECONDS, "lte": SECONDS})(value, name)
    return {"gte": SECONDS(value, name), "lte": SECONDS(value, name)}


PAGE: dict[str, Check] = EXPAND | {"limit": integer(1, 100), "starting_after": text(), "ending_before": text()}
DATED = PAGE | {"created": created}

ADDRESS_FIELDS = {key: text() for key in ("city", "country", "line1", "line2", "postal_code", "state")}
ADDRESS = hash_of({key: or_empty(check) for key, check in ADDRESS_FIELDS.items()})
SHIPPING = hash_of(
    {"address": ADDRESS, "carrier": text(), "name": text(), "phone": text(), "tracking_number": text()},
    required=("address", "name"),
)

CHARGE_LIST = DATED | {"customer": text(), "payment_intent": text(), "transfer_group": text()}
CHARGE_UPDATE = EXPAND | {
    "customer": text(), "description": or_empty(text(40000)), "fraud_details": anything, "metadata": metadata,
    "receipt_email": or_empty(email), "shipping": or_empty(SHIPPING), "transfer_group": text(),
}  # fmt: skip
REFUND_CREATE = EXPAND | {
    "amount": amount, "charge": text(), "payment_intent": text(), "currency": currency, "customer": text(),
    "instructions_email": text(), "metadata": metadata, "origin": text(),
    "reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
    "refund_application_fee": flag, "reverse_transfer": flag,
}  # fmt: skip
REFUND_UPDATE = EXPAND | {"metadata": metadata}
REFUND_LIST = DATED | {"charge": text(), "payment_intent": text()}
EVENT_LIST = DATED | {"type": text(), "types": list_of(text(), most=20), "delivery_success": flag}
BALANCE_TRANSACTION_LIST = DATED | {"currency": text(), "payout": text(), "source": text(), "type": text()}
CUSTOMER_LIST = DATED | {"email": text(512), "test_clock": text()}
CUSTOMER = EXPAND | {
    "address": or_empty(ADDRESS), "balance": integer(), "business_name": or_empty(text(150)), "cash_balance": anything,
    "description": or_empty(text()), "email": or_empty(email), "individual_name": or_empty(text(150)),
    "invoice_prefix": text(), "invoice_settings": anything, "metadata": metadata, "name": or_empty(text(256)),
    "next_invoice_sequence": integer(1), "phone": or_empty(text(20)), "preferred_locales": list_of(text()),
    "shipping": or_empty(SHIPPING), "tax": anything, "tax_exempt": or_empty(one_of("exempt", "none", "reverse")),
    "validate": flag,
}  # fmt: skip
