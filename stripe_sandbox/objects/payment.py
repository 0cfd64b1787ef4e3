"""payment_intent, charge, balance_transaction, payment_method"""

import hashlib
from typing import Any

from ..cards import Means
from ..ids import new_id, random_text
from . import now, whole_address

CARD_OPTIONS = {"card": {"installments": None, "mandate_options": None, "network": None, "request_three_d_secure": "automatic"}}


def payment_intent(*, amount: int, currency: str, metadata: dict[str, str], **given: Any) -> dict[str, Any]:
    """A payment intent that waits for a payment method."""
    intent_id = new_id("payment_intent")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "allowed_payment_method_types": None,
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{random_text(25)}",
        "confirmation_method": "automatic",
        "created": now(),
        "currency": currency,
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": None,
        "metadata": metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": CARD_OPTIONS,
        "payment_method_types": ["card", "sepa_debit"],
        "payment_record": None,
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    } | given


def charge(intent: dict[str, Any], means: Means, *, method_id: str, billing: dict[str, Any], status: str) -> dict[str, Any]:
    """One attempt to take the money of an intent; status succeeded, pending or failed."""
    paid = status != "failed"
    return {
        "id": new_id("charge"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": whole_billing(billing),
        "calculated_statement_descriptor": "TEST SHOP",
        "captured": paid,
        "created": now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": outcome(means, status),
        "paid": status == "succeeded",
        "payment_intent": intent["id"],
        "payment_method": method_id,
        "payment_method_details": method_details(means),
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": status,
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }


def outcome(means: Means, status: str) -> dict[str, Any]:
    """What the network and the risk check said."""
    failed = status == "failed"
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if failed else "approved_by_network",
        "reason": means.decline_code or means.code or "generic_decline" if failed else None,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "The bank did not accept the payment." if failed else "Payment complete.",
        "type": "issuer_declined" if failed else "authorized",
    }


def fingerprint(number: str) -> str:
    """The same for the same card or account; says nothing about the number."""
    return hashlib.sha256(number.encode()).hexdigest()[:16]


def method_details(means: Means) -> dict[str, Any]:
    """`payment_method_details` of a charge."""
    if means.type == "sepa_debit":
        bank = {"bank_code": "19043", "branch_code": None, "country": means.number[:2], "mandate": None}
        return {
            "type": "sepa_debit",
            "sepa_debit": bank | {"fingerprint": fingerprint(means.number), "last4": means.last4},
        }
    checks = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}
    return {
        "type": "card",
        "card": {
            "amount_authorized": None,
            "authorization_code": None,
            "brand": means.brand,
            "checks": checks,
            "country": "US",
            "electronic_commerce_indicator": None,
            "exp_month": means.exp_month,
            "exp_year": means.exp_year,
            "fingerprint": fingerprint(means.number),
            "funding": "credit",
            "installments": None,
            "last4": means.last4,
            "mandate": None,
            "network": means.brand,
            "network_transaction_id": "1234567890123456",
            "regulated_status": "unregulated",
            "three_d_secure": None,
            "transaction_link_id": None,
            "wallet": None,
        },
    }


def whole_billing(billing: dict[str, Any]) -> dict[str, Any]:
    """Billing details with all their fields."""
    known = {key: billing.get(key) or None for key in ("email", "name", "phone")}
    return known | {"address": whole_address(billing.get("address")), "tax_id": None}


def payment_method(means: Means, billing: dict[str, Any]) -> dict[str, Any]:
    """The card or bank account itself, as an object."""
    body: dict[str, Any] = {
        "id": new_id("payment_method"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": whole_billing(billing),
        "created": now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": means.type,
    }
    if means.type == "sepa_debit":
        account = {"bank_code": "19043", "branch_code": None, "country": means.number[:2], "last4": means.last4}
        nothing = {"charge": None, "setup_attempt": None}
        return body | {"sepa_debit": account | {"fingerprint": fingerprint(means.number), "generated_from": nothing}}
    checks = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}
    return body | {
        "card": {
            "brand": means.brand,
            "checks": checks,
            "country": "US",
            "display_brand": means.brand,
            "exp_month": means.exp_month,
            "exp_year": means.exp_year,
            "fingerprint": fingerprint(means.number),
            "funding": "credit",
            "generated_from": None,
            "last4": means.last4,
            "networks": {"available": [means.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        }
    }


def balance_transaction(source: dict[str, Any], *, amount: int, fee: int, kind: str) -> dict[str, Any]:
    """The booking of a charge or refund on the balance; `kind` is charge, payment, refund or refund_failure."""
    detail = {"amount": fee, "application": None, "currency": source["currency"], "type": "stripe_fee"}
    return {
        "id": new_id("balance_transaction"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now(),
        "balance_type": "payments",
        "created": now(),
        "currency": source["currency"],
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [detail | {"description": "Stripe processing fees"}] if fee else [],
        "net": amount - fee,
        "reporting_category": "refund_failure" if kind == "refund_failure" else kind,
        "source": source["id"],
        "status": "available",
        "type": kind,
    }
