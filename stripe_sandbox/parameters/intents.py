"""Parameters of the PaymentIntent calls."""

from .checks import amount, anything, currency, email, flag, hash_of, integer, metadata, one_of, or_empty, text, url
from .lists import ADDRESS, DATED, EXPAND, SHIPPING

SHARED = EXPAND | {
    "allowed_payment_method_types": anything, "amount_details": anything, "excluded_payment_method_types": anything,
    "hooks": anything, "payment_details": anything, "payment_method": text(), "payment_method_options": anything,
    "receipt_email": or_empty(email), "setup_future_usage": or_empty(one_of("off_session", "on_session")),
    "shipping": or_empty(SHIPPING),
}  # fmt: skip
# Automatic capture only: authorising first and capturing later is not played here.
CAPTURE = {"capture_method": one_of("automatic", "automatic_async")}
DESCRIBED = {
    "amount": amount, "currency": currency, "customer": text(), "description": or_empty(text(1000)), "metadata": metadata,
    "statement_descriptor": text(22), "statement_descriptor_suffix": text(22), "transfer_group": text(),
    "payment_method_configuration": text(100),
}  # fmt: skip
CONFIRMING = {
    "error_on_requires_action": flag, "mandate_data": anything, "off_session": anything, "radar_options": anything,
    "return_url": url, "use_stripe_sdk": flag,
}  # fmt: skip
METHODS = hash_of({"enabled": flag, "allow_redirects": one_of("always", "never")}, required=("enabled",))

CREATE = SHARED | CAPTURE | DESCRIBED | CONFIRMING | {
    "automatic_payment_methods": METHODS, "confirm": flag, "confirmation_method": one_of("automatic", "manual"),
}  # fmt: skip
UPDATE = SHARED | CAPTURE | DESCRIBED
RETRIEVE = EXPAND | {"client_secret": text()}
BILLING = hash_of(
    {"address": ADDRESS, "email": or_empty(email), "name": or_empty(text()), "phone": or_empty(text()), "tax_id": text()}
)
# What a shopper typed: Stripe.js sends it, and the API takes it of nobody else.
CARD = hash_of(
    {"number": text(30), "exp_month": integer(1, 12), "exp_year": integer(0, 2100), "cvc": text(4)},
    required=("number", "exp_month", "exp_year"),
)
METHOD_DATA = hash_of(
    {
        "allow_redisplay": text(), "billing_details": BILLING, "card": CARD, "metadata": metadata, "radar_options": anything,
        "sepa_debit": hash_of({"iban": text(50)}, required=("iban",)), "type": one_of("card", "sepa_debit"),
    },
    required=("type",),
)  # fmt: skip
CONFIRM = SHARED | CAPTURE | CONFIRMING | {"client_secret": text(), "payment_method_data": METHOD_DATA}
CANCEL = EXPAND | {"cancellation_reason": one_of("abandoned", "duplicate", "fraudulent", "requested_by_customer")}
LIST = DATED | {"customer": text()}
