"""What a page that pays may load besides the shop's own: exactly the hosts its way to pay needs. Every other page: none.

Source: docs.stripe.com/security/guide, "Content Security Policy", autumn 2026.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse

from orders.status import Way

SCRIPTS = ["https://js.stripe.com", "https://*.js.stripe.com"]
LINK = ["https://link.com", "https://*.link.com"]
CHECKOUT = "https://checkout.stripe.com"
FIELDS = {
    "script-src": SCRIPTS,
    "frame-src": [*SCRIPTS, "https://hooks.stripe.com", *LINK],
    "connect-src": ["https://api.stripe.com", *LINK],
    "img-src": ["https://*.link.com"],
}
PAGE_INSIDE = {name: [*hosts, "https://*.stripe.com" if name == "img-src" else CHECKOUT] for name, hosts in FIELDS.items()}


def allow_leaving(response: HttpResponse) -> HttpResponse:
    """Let a form of this page end on Stripe's, where that is a way to pay.

    Browsers follow the redirect of a form post by the page's own policy.
    """
    if Way.HOSTED in settings.PAYMENT_WAYS:
        response._csp_update = {"form-action": [_stand_in(settings.STRIPE_API_BASE) or CHECKOUT]}  # type: ignore[attr-defined]
    return response


def allow_paying(response: HttpResponse, way: str) -> HttpResponse:
    """Let this page show Stripe's page or fields, with the wallets and the windows of banks that these open."""
    here = _stand_in(settings.STRIPE_JS_URL) if settings.STRIPE_API_BASE else ""
    stripe = PAGE_INSIDE if way == Way.EMBEDDED else FIELDS
    response._csp_update = {name: [here] if here else hosts for name, hosts in stripe.items()}  # type: ignore[attr-defined]
    response["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
    response["Permissions-Policy"] = f'payment=(self "{here or SCRIPTS[0]}")'
    return response


def _stand_in(address: str) -> str:
    """The origin of the stand-in for Stripe, where the shop speaks to one."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
