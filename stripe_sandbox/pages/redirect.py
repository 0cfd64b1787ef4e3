"""Where the shopper goes after paying."""

from ..flows.checkout import Outcome
from ..runtime import Sandbox


def after_payment(box: Sandbox, outcome: Outcome, *, wait: bool) -> str | None:
    """The session's success_url with its id filled in.

    With `wait`: not before the webhook endpoint has answered checkout.session.completed, ten seconds at most, as
    Stripe does (docs.stripe.com/checkout/fulfillment).
    """
    if wait and outcome.event_id:
        box.deliveries.wait_answer(outcome.event_id, box.config.redirect_wait_seconds)
    url = outcome.session.get("success_url") or outcome.session.get("return_url")
    return url.replace("{CHECKOUT_SESSION_ID}", outcome.session["id"]) if url else None
