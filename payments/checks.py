"""Numbered system checks of the settings that speak to Stripe. With DEBUG off a missing key stops every start.

The keys themselves never appear in a message.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from orders.status import Way

SECRET_PREFIXES = ("sk_test_", "sk_live_", "rk_test_", "rk_live_")
PUBLISHABLE_PREFIXES = ("pk_test_", "pk_live_")
SHORTEST = 4  # characters after the prefix; Stripe's own are far longer
PLACEHOLDERS = ("changeme", "change_me", "placeholder", "your_", "...")


@register()
def stripe_is_configured(**_options: Any) -> list[CheckMessage]:
    found = [_secret_key(), _webhook_secrets(), _api_base(), _modes(), _live(), _ways(), _script(), _without_script(), _tax()]
    return [message for message in found if message]


def _secret_key() -> CheckMessage | None:
    key = settings.STRIPE_SECRET_KEY
    if key.startswith(SECRET_PREFIXES) and not _is_placeholder(key):
        return None
    problem = "is not a secret key of Stripe" if key else "is not set"
    hint = "Set it to the key sk_... from https://dashboard.stripe.com/apikeys. `make run` shows the shop without an account."
    return _missing(f"STRIPE_SECRET_KEY {problem}: nobody can pay.", hint=hint, number=1)


def _webhook_secrets() -> CheckMessage | None:
    secrets = settings.STRIPE_WEBHOOK_SECRETS
    if secrets and all(map(is_signing_secret, secrets)):
        return None
    problem = "has an entry that is not a signing secret (whsec_...)" if secrets else "is not set"
    hint = (
        "Set it to the signing secret of the endpoint <SITE_URL>/webhooks/stripe/, from https://dashboard.stripe.com/webhooks."
    )
    return _missing(f"STRIPE_WEBHOOK_SECRETS {problem}: what Stripe sends cannot be trusted.", hint=hint, number=2)


def _api_base() -> CheckMessage | None:
    if not (settings.STRIPE_API_BASE and _key_is_live()):
        return None
    hint = "Leave STRIPE_API_BASE empty: a live key must go to nobody but Stripe."
    return Error("STRIPE_API_BASE is set together with a live key.", hint=hint, id="payments.E003")


def _live() -> CheckMessage | None:
    if not _key_is_live() or (settings.SITE_URL.startswith("https://") and not settings.DEBUG):
        return None
    problem = "DEBUG is on" if settings.DEBUG else f"SITE_URL is {settings.SITE_URL!r}"
    hint = "Real money needs DEBUG=0 and SITE_URL=https://... To try things out, take a test key."
    return Error(f"STRIPE_SECRET_KEY is a live key, but {problem}.", hint=hint, id="payments.E005")


def _ways() -> CheckMessage | None:
    unknown = [name for name in settings.PAYMENT_WAYS if name not in Way.values]
    if settings.PAYMENT_WAYS and not unknown:
        return None
    problem = f"names {unknown[0]!r}" if unknown else "is empty"
    return Error(f"PAYMENT_WAYS {problem}: nobody can pay.", hint=f"Name some of: {', '.join(Way.values)}.", id="payments.E006")


def _script() -> CheckMessage | None:
    """To pay inside the shop: the publishable key, and Stripe's script from Stripe (docs.stripe.com/js/including, 2026)."""
    if set(settings.PAYMENT_WAYS) <= {Way.HOSTED}:
        return None
    if not settings.STRIPE_PUBLISHABLE_KEY:
        hint = "Set it to the key pk_... from https://dashboard.stripe.com/apikeys, or set PAYMENT_WAYS=hosted."
        return Error("STRIPE_PUBLISHABLE_KEY is not set: nobody can pay inside the shop.", hint=hint, id="payments.E007")
    if settings.STRIPE_JS_URL.startswith("https://js.stripe.com/") or settings.STRIPE_API_BASE:
        return None
    hint = "Leave STRIPE_JS_URL out: Stripe's script must come from Stripe."
    return Error("STRIPE_JS_URL is not on js.stripe.com.", hint=hint, id="payments.E008")


def _without_script() -> CheckMessage | None:
    if Way.HOSTED in settings.PAYMENT_WAYS:
        return None
    hint = "Add hosted to PAYMENT_WAYS: Stripe's own page works without JavaScript."
    return Warning("PAYMENT_WAYS offers nothing to shoppers without JavaScript.", hint=hint, id="payments.W009")


def _tax() -> CheckMessage | None:
    if settings.STRIPE_TAX not in ("", "inclusive", "exclusive"):
        hint = "Set it to inclusive or exclusive, or leave it empty."
        return Error(f"STRIPE_TAX is {settings.STRIPE_TAX!r}: no page can be opened.", hint=hint, id="payments.E010")
    if settings.STRIPE_TAX and Way.ELEMENT in settings.PAYMENT_WAYS:
        hint = "Take element out of PAYMENT_WAYS: Stripe reckons tax on its own pages alone."
        return Error("STRIPE_TAX is set, but who pays by element is charged none.", hint=hint, id="payments.E011")
    return None


def _key_is_live() -> bool:
    return settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))


def _modes() -> CheckMessage | None:
    publishable, secret = settings.STRIPE_PUBLISHABLE_KEY, settings.STRIPE_SECRET_KEY
    if not publishable:
        return None  # only pages with Stripe's own fields need it
    hint = "Take both from the same page of the dashboard, both with or both without its test mode."
    if not publishable.startswith(PUBLISHABLE_PREFIXES):
        return Error("STRIPE_PUBLISHABLE_KEY is not a publishable key (pk_...).", hint=hint, id="payments.E004")
    if secret.startswith(SECRET_PREFIXES) and secret[3:8] != publishable[3:8]:
        return Error("STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY mix test and live.", hint=hint, id="payments.E004")
    return None


def _missing(text: str, *, hint: str, number: int) -> CheckMessage:
    """An error; while developing only a warning, since most pages work without Stripe."""
    if settings.DEBUG:
        return Warning(text, hint=hint, id=f"payments.W00{number}")
    return Error(text, hint=hint, id=f"payments.E00{number}")


def is_signing_secret(text: str) -> bool:
    """Whether anything signed with it may be believed: an empty or well-known key is everybody's."""
    return text.startswith("whsec_") and not _is_placeholder(text)


def _is_placeholder(text: str) -> bool:
    secret = text.rpartition("_")[2].lower()
    return len(secret) < SHORTEST or set(secret) == {"x"} or any(word in text.lower() for word in PLACEHOLDERS)
