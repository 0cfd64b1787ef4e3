"""dispute"""

from typing import Any

from ..ids import new_id
from . import now

WEEK = 7 * 86400
TEXTS = (
    "access_activity_log", "billing_address", "cancellation_policy_disclosure", "cancellation_rebuttal",
    "customer_email_address", "customer_name", "customer_purchase_ip", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "refund_policy_disclosure", "refund_refusal_explanation",
    "service_date", "shipping_address", "shipping_carrier", "shipping_date", "shipping_tracking_number",
    "uncategorized_text",
)  # fmt: skip
FILES = (
    "cancellation_policy", "customer_communication", "customer_signature", "duplicate_charge_documentation", "receipt",
    "refund_policy", "service_documentation", "shipping_documentation", "uncategorized_file",
)  # fmt: skip
NETWORK_CODES = {"fraudulent": "10.4", "product_not_received": "13.1", "duplicate": "12.6.1", "credit_not_processed": "13.6"}


def network_code(reason: str, *, inquiry: bool) -> str | None:
    """The card network's number of the reason; an inquiry has its group only."""
    code = NETWORK_CODES.get(reason)
    return code.partition(".")[0] if code and inquiry else code


def dispute(charge: dict[str, Any], *, amount: int, reason: str, inquiry: bool) -> dict[str, Any]:
    """A buyer's complaint at their bank; `amount` in minor units. An inquiry moves no money yet."""
    code = network_code(reason, inquiry=inquiry)
    body: dict[str, Any] = {
        "id": new_id("dispute"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(TEXTS + FILES) | {"appeal": None, "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now() + 2 * WEEK,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "network_reason_code": code,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
    card = charge["payment_method_details"].get("card")
    if card:
        kind = "inquiry" if inquiry else "chargeback"
        details = {"brand": card["brand"], "case_type": kind, "network": card["brand"], "network_reason_code": code}
        body["payment_method_details"] = {"type": "card", "card": details}
    return body
