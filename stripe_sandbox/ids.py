"""Identifiers of the shape Stripe gives."""

import secrets
import string

ALPHABET = string.ascii_letters + string.digits

# kind of object -> (prefix, number of random characters)
SHAPES = {
    "checkout.session": ("cs_test_a1", 56),
    "payment_intent": ("pi_3", 23),
    "charge": ("ch_3", 23),
    "refund": ("re_3", 23),
    "balance_transaction": ("txn_3", 23),
    "payment_method": ("pm_1", 23),
    "customer": ("cus_", 14),
    "event": ("evt_1", 23),
    "product": ("prod_", 14),
    "price": ("price_1", 23),
    "item": ("li_1", 23),
    "shipping_rate": ("shr_1", 23),
    "dispute": ("du_1", 23),
    "coupon": ("", 8),
    "promotion_code": ("promo_1", 23),
    "discount": ("di_1", 23),
    "mandate": ("mandate_1", 23),
    "request": ("req_", 14),
}


def random_text(length: int) -> str:
    """Unguessable letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_id(kind: str) -> str:
    """A fresh identifier for one kind of object, such as `pi_3...`."""
    prefix, length = SHAPES[kind]
    return prefix + random_text(length)
