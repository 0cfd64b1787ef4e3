"""checkout.session"""

from typing import Any

from ..ids import new_id, random_text
from . import now

DAY = 86400
NO_TEXT = {"after_submit": None, "shipping_address": None, "submit": None, "terms_of_service_acceptance": None}
NO_INVOICE = {
    "enabled": False,
    "invoice_data": {
        "account_tax_ids": None, "custom_fields": None, "description": None, "footer": None, "issuer": None,
        "metadata": {}, "rendering_options": None,
    },
}  # fmt: skip
BRANDING = {
    "background_color": "#ffffff", "border_style": "rounded", "button_color": "#0570de", "display_name": "Test shop",
    "font_family": "default", "icon": None, "logo": None,
}  # fmt: skip
COPIED = (
    "allow_promotion_codes", "allowed_payment_method_types", "billing_address_collection", "cancel_url",
    "client_reference_id", "customer", "customer_email", "integration_identifier", "locale", "origin_context",
    "shipping_address_collection", "submit_type",
)  # fmt: skip


def build(params: dict[str, Any], *, public_url: str) -> dict[str, Any]:
    """A new open session from checked parameters; amounts are filled in by `flows.totals`."""
    session_id = new_id("checkout.session")
    hosted = params.get("ui_mode", "hosted_page") == "hosted_page"
    created = now()
    body = {
        "id": session_id,
        "object": "checkout.session",
        "created": created,
        "expires_at": params.get("expires_at", created + DAY),
        "currency": None,
        "status": "open",
        "payment_status": "unpaid",
        "mode": params["mode"],
        "ui_mode": params.get("ui_mode", "hosted_page"),
        "metadata": params.get("metadata", {}),
        "url": f"{public_url}/c/pay/{session_id}" if hosted else None,
        "client_secret": None if hosted else f"{session_id}_secret_{random_text(40)}",
        "payment_method_types": methods(params),
    }
    return unset() | body | {key: params.get(key) for key in COPIED} | chosen(params, hosted)


def methods(params: dict[str, Any]) -> list[str]:
    """The ways to pay. The debit is offered in every currency, so that each shop can try a delayed payment."""
    allowed, excluded = params.get("allowed_payment_method_types"), params.get("excluded_payment_method_types", [])
    return [word for word in ("card", "sepa_debit") if word not in excluded and (not allowed or word in allowed)]


def chosen(params: dict[str, Any], hosted: bool) -> dict[str, Any]:
    """Fields whose value follows from parameters."""
    fields: dict[str, Any] = {
        "custom_text": NO_TEXT | params.get("custom_text", {}),
        "customer_creation": None if "customer" in params else params.get("customer_creation", "if_required"),
        "phone_number_collection": params.get("phone_number_collection", {"enabled": False}),
    }
    if params.get("automatic_tax", {}).get("enabled"):
        status = "requires_location_inputs"
        fields["automatic_tax"] = {"enabled": True, "liability": {"type": "self"}, "provider": "stripe", "status": status}
    if hosted:
        return fields | {"success_url": params["success_url"]}
    fields |= {"cancel_url": None, "success_url": None}
    if "return_url" in params:
        fields["return_url"] = params["return_url"]
    if params["ui_mode"] == "embedded_page":
        fields["redirect_on_completion"] = params.get("redirect_on_completion", "always")
    return fields


def unset() -> dict[str, Any]:
    """Every field of a session at its value for "nothing asked, nothing happened"."""
    return {
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "amount_subtotal": 0,
        "amount_total": 0,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "branding_settings": BRANDING,
        "collected_information": {"business_name": None, "individual_name": None, "shipping_details": None},
        "consent": None,
        "consent_collection": None,
        "currency_conversion": None,
        "custom_fields": [],
        "customer_account": None,
        "customer_details": None,
        "discounts": [],
        "invoice": None,
        "invoice_creation": NO_INVOICE,
        "livemode": False,
        "managed_payments": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "permissions": None,
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_cost": None,
        "shipping_options": [],
        "subscription": None,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "wallet_options": None,
    }
