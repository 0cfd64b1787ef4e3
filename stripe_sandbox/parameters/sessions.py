"""Parameters of the Checkout Session calls (docs.stripe.com/api/checkout/sessions, 2026-10-28.endive)."""

from .checks import (
    amount,
    anything,
    currency,
    decimal,
    email,
    flag,
    hash_of,
    integer,
    list_of,
    metadata,
    one_of,
    or_empty,
    text,
    url,
)
from .lists import ADDRESS, DATED, EXPAND, SHIPPING
from .locales import COUNTRIES, LOCALES

ENABLED = hash_of({"enabled": flag}, required=("enabled",))
AUTOMATIC_TAX = hash_of({"enabled": flag, "liability": anything}, required=("enabled",))
PRODUCT_DATA = hash_of(
    {
        "name": text(), "description": text(40000), "images": list_of(url, most=8), "metadata": metadata,
        "tax_code": text(), "tax_details": anything, "unit_label": text(12),
    },
    required=("name",),
)  # fmt: skip
PRICE_DATA = hash_of(
    {
        "currency": currency, "product": text(), "product_data": PRODUCT_DATA, "recurring": anything,
        "tax_behavior": one_of("exclusive", "inclusive", "unspecified"), "unit_amount": amount, "unit_amount_decimal": decimal,
    },
    required=("currency",),
)  # fmt: skip
ADJUSTABLE = hash_of({"enabled": flag, "minimum": integer(0, 999999), "maximum": integer(1, 999999)}, required=("enabled",))
LINE = {
    "price": text(), "price_data": PRICE_DATA, "quantity": integer(0, 2_147_483_647), "adjustable_quantity": ADJUSTABLE,
    "tax_rates": list_of(text()), "metadata": metadata,
}  # fmt: skip
LINE_ITEMS = list_of(hash_of(LINE))

DURATION = hash_of(
    {"unit": one_of("business_day", "day", "hour", "month", "week"), "value": integer(1)}, required=("unit", "value")
)
SHIPPING_RATE_DATA = hash_of(
    {
        "display_name": text(100), "type": one_of("fixed_amount"),
        "fixed_amount": hash_of(
            {"amount": amount, "currency": currency, "currency_options": anything}, required=("amount", "currency")
        ),
        "delivery_estimate": hash_of({"minimum": DURATION, "maximum": DURATION}), "metadata": metadata,
        "tax_behavior": one_of("exclusive", "inclusive", "unspecified"), "tax_code": text(),
    },
    required=("display_name",),
)  # fmt: skip
SHIPPING_OPTIONS = list_of(hash_of({"shipping_rate": text(), "shipping_rate_data": SHIPPING_RATE_DATA}))

PAYMENT_INTENT_DATA = {
    "application_fee_amount": amount, "capture_method": one_of("automatic", "automatic_async"), "description": text(1000),
    "metadata": metadata, "on_behalf_of": text(), "receipt_email": email,
    "setup_future_usage": one_of("off_session", "on_session"), "shipping": SHIPPING, "statement_descriptor": text(22),
    "statement_descriptor_suffix": text(22), "transfer_group": text(),
}  # fmt: skip
MESSAGE = or_empty(hash_of({"message": text(1200)}, required=("message",)))
CUSTOM_TEXT = hash_of(dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance"), MESSAGE))
DISCOUNTS = list_of(hash_of({"coupon": text(), "promotion_code": text()}), most=1)

CUSTOMER_UPDATE = hash_of({key: one_of("auto", "never") for key in ("address", "name", "shipping")})

CREATE = EXPAND | {
    "adaptive_pricing": hash_of({"enabled": flag}), "after_expiration": anything, "allow_promotion_codes": flag,
    "allowed_payment_method_types": list_of(text()), "automatic_tax": AUTOMATIC_TAX,
    "billing_address_collection": one_of("auto", "required"), "branding_settings": anything, "cancel_url": url,
    "client_reference_id": text(200), "consent_collection": anything, "currency": currency, "custom_fields": anything,
    "custom_text": CUSTOM_TEXT, "customer": text(), "customer_creation": one_of("always", "if_required"),
    "customer_email": email, "customer_update": CUSTOMER_UPDATE,
    "discounts": DISCOUNTS, "excluded_payment_method_types": list_of(text()), "expires_at": integer(0),
    "integration_identifier": text(200), "invoice_creation": anything, "line_items": LINE_ITEMS,
    "locale": one_of(*LOCALES), "metadata": metadata, "mode": one_of("payment", "setup", "subscription"),
    "name_collection": anything, "optional_items": anything, "origin_context": one_of("mobile_app", "web"),
    "payment_intent_data": hash_of(PAYMENT_INTENT_DATA), "payment_method_collection": one_of("always", "if_required"),
    "payment_method_configuration": text(100), "payment_method_data": anything, "payment_method_options": anything,
    "permissions": anything, "phone_number_collection": ENABLED,
    "redirect_on_completion": one_of("always", "if_required", "never"), "return_url": url,
    "saved_payment_method_options": anything, "setup_intent_data": anything,
    "shipping_address_collection": hash_of(
        {"allowed_countries": list_of(one_of(*COUNTRIES))}, required=("allowed_countries",)
    ),
    "shipping_options": SHIPPING_OPTIONS, "submit_type": one_of("auto", "book", "donate", "pay", "subscribe"),
    "subscription_data": anything, "success_url": url, "tax_id_collection": anything,
    "ui_mode": one_of("hosted_page", "embedded_page", "elements"), "wallet_options": anything,
}  # fmt: skip

UPDATE = EXPAND | {
    "collected_information": hash_of(
        {"shipping_details": hash_of({"name": text(), "address": ADDRESS}, required=("name", "address"))}
    ),
    "line_items": list_of(hash_of(LINE | {"id": text()})),
    "metadata": metadata,
    "payment_intent_data": hash_of(
        {
            "description": or_empty(text(1000)), "metadata": metadata,
            "setup_future_usage": or_empty(one_of("off_session", "on_session")),
            "statement_descriptor": or_empty(text(22)), "statement_descriptor_suffix": or_empty(text(22)),
        }
    ),
    "shipping_options": or_empty(SHIPPING_OPTIONS, []),
}  # fmt: skip
EXPIRE = EXPAND
LIST = DATED | {
    "customer": text(), "customer_details": hash_of({"email": text()}), "payment_intent": text(), "payment_link": text(),
    "status": one_of("complete", "expired", "open"), "subscription": text(),
}  # fmt: skip
