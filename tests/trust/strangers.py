"""Checkout Sessions on the shop's Stripe account that the shop did not make: another shop's, or an attacker's."""

from __future__ import annotations

from typing import Any

import stripe
from django.conf import settings

from tests.payments.shopping import CARD
from tests.sandbox_process import Sandbox


def strange_session(
    sandbox: Sandbox,
    *,
    amount_minor: int,
    currency: str = "eur",
    reference: str = "",
    metadata: dict[str, str] | None = None,
    site: str = "https://other.test",
) -> str:
    """A paid session; answers its id. `reference` becomes its client_reference_id, `site` is where its buyer returns to."""
    price = {"currency": currency, "unit_amount": amount_minor, "product_data": {"name": "A cup of tea"}}
    params: dict[str, Any] = {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": price}],
        "success_url": f"{site}/thanks",
        "metadata": metadata or {},
        "payment_intent_data": {"metadata": metadata or {}},
    }
    if reference:
        params["client_reference_id"] = reference
    client = stripe.StripeClient(settings.STRIPE_SECRET_KEY, base_addresses={"api": settings.STRIPE_API_BASE})
    session = client.v1.checkout.sessions.create(params=params)
    outcome = sandbox.pay(session.id, card=CARD, email="mallory@shop.test", name="Mallory")
    assert outcome["outcome"] == "succeeded", outcome
    return session.id
