"""Where the shopper goes after paying."""

from typing import Any
from urllib.parse import urlencode

from ..flows.checkout import Outcome
from ..flows.direct import redirect_status
from ..runtime import Sandbox


def after_payment(box: Sandbox, outcome: Outcome, *, wait: bool) -> str | None:
    """The session's success_url or return_url with its id filled in.

    With `wait`: not before the webhook endpoint has answered checkout.session.completed, ten seconds at most, as
    Stripe does (docs.stripe.com/checkout/fulfillment).
    """
    if wait and outcome.event_id:
        box.deliveries.wait_answer(outcome.event_id, box.config.redirect_wait_seconds)
    return after_url(outcome.session)


def after_url(session: dict[str, Any]) -> str | None:
    """The session's success_url or return_url with its id filled in."""
    url = session.get("success_url") or session.get("return_url")
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"]) if url else None


def own_page(session: dict[str, Any]) -> str:
    """Where a session is paid: its hosted page, or the one that Stripe.js shows in a frame."""
    if session["ui_mode"] == "hosted_page":
        return f"/c/pay/{session['id']}"
    return f"/c/embedded/{session['client_secret']}"


def back_with(intent: dict[str, Any], return_url: str) -> str:
    """The shop's return page, told which payment it is about."""
    query = {
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": redirect_status(intent),
    }
    return f"{return_url}{'&' if '?' in return_url else '?'}{urlencode(query)}"
