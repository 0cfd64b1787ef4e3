"""Numbered system checks of the shop's own settings. With DEBUG off an error here stops every start, also gunicorn's."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

SHORTEST_SECRET_KEY, SHORTEST_TOKEN = 32, 16
HOLD_MINUTES = range(31, 1431)  # Stripe keeps a Checkout Session open from 30 minutes to 24 hours
KEPT_SECONDS = range(3601)
LOCAL_DOMAINS = ("localhost", "test", "local", "internal")
# Active codes of ISO 4217, list one of 2026-01-01 (six-group.com), without funds, metals and test codes.
CURRENCIES = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC
    CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR
    ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK
    MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE
    SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF
    YER ZAR ZMW ZWG
    """.split()
)


@register()
def settings_are_complete(**_options: Any) -> list[CheckMessage]:
    """Every problem at once, so that a merchant mends the configuration in one go."""
    found = [_secret_key(), _allowed_hosts(), _site_url(), _currency(), _hold(), _kept(), _debug(), _mail(), _static_files()]
    found.append(_metrics_token())
    return [*_unreadable(), *(message for message in found if message)]


def _unreadable() -> list[CheckMessage]:
    """Their values are not shown: an address may hold a password."""
    return [
        Error(f"{name} is not {words}.", hint="Correct it, or leave it out: see .env.example.", id="shop.E006")
        for name, words in settings.UNREADABLE_VARIABLES.items()
    ]


def _secret_key() -> CheckMessage | None:
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:
        key = ""
    if settings.DEBUG or (len(key) >= SHORTEST_SECRET_KEY and len(set(key)) > 9 and "insecure" not in key):
        return None
    problem = "is weak: it needs 32 random characters or more" if key else "is not set"
    hint = 'Make one: python -c "import secrets; print(secrets.token_urlsafe(60))"'
    return Error(f"SECRET_KEY {problem}.", hint=hint, id="shop.E001")


def _allowed_hosts() -> CheckMessage | None:
    if settings.ALLOWED_HOSTS and "*" not in settings.ALLOWED_HOSTS:
        return None
    problem = 'is "*": anyone could make the shop write links to another site' if settings.ALLOWED_HOSTS else "is empty"
    hint = "Set it to the shop's host names, comma-separated: ALLOWED_HOSTS=shop.example,www.shop.example"
    return Error(f"ALLOWED_HOSTS {problem}.", hint=hint, id="shop.E002")


def _site_url() -> CheckMessage | None:
    url = urlsplit(settings.SITE_URL)
    if not settings.SITE_URL:
        problem = "is not set"
    elif url.scheme not in ("http", "https") or not url.hostname or url.path or url.query or url.fragment:
        problem = f"is {settings.SITE_URL!r}: not a scheme and a host alone"
    elif url.scheme == "http" and _is_public(url.hostname):
        problem = f"is {settings.SITE_URL!r}: http is for this machine and local networks, shoppers need https"
    else:
        return None
    hint = "Set it to where shoppers find the shop: SITE_URL=https://shop.example"
    return Error(f"SITE_URL {problem}.", hint=hint, id="shop.E003")


def _currency() -> CheckMessage | None:
    if settings.SHOP_CURRENCY in CURRENCIES:
        return None
    hint = "Set it to a code of three letters that your Stripe account can charge: SHOP_CURRENCY=EUR"
    return Error(f"SHOP_CURRENCY is {settings.SHOP_CURRENCY!r}, not a currency.", hint=hint, id="shop.E004")


def _hold() -> CheckMessage | None:
    if settings.ORDER_HOLD_MINUTES in HOLD_MINUTES:
        return None
    hint = "Set it to 31 to 1430: Stripe keeps its payment page open from 30 minutes to 24 hours."
    return Error(f"ORDER_HOLD_MINUTES is {settings.ORDER_HOLD_MINUTES}.", hint=hint, id="shop.E005")


def _kept() -> CheckMessage | None:
    for name in ("PAGE_CACHE_SECONDS", "COUNT_CACHE_SECONDS"):
        if getattr(settings, name) not in KEPT_SECONDS:
            hint = "Set it to 0 to 3600: so long prices and stock may be shown that are no longer true."
            return Error(f"{name} is {getattr(settings, name)}.", hint=hint, id="shop.E008")
    return None


def _debug() -> CheckMessage | None:
    if not (settings.DEBUG and _is_public(urlsplit(settings.SITE_URL).hostname or "")):
        return None
    hint = "Set DEBUG=0: its error pages show settings and code to everybody."
    return Error(f"DEBUG is on, and SITE_URL is {settings.SITE_URL!r}.", hint=hint, id="shop.E007")


def _mail() -> CheckMessage | None:
    if settings.DEBUG or "console" not in settings.EMAIL_BACKEND:
        return None
    hint = "Set EMAIL_URL=smtp+tls://user:password@host:587"
    return Warning("EMAIL_URL is not set: mails are printed, and nobody receives them.", hint=hint, id="shop.W001")


def _metrics_token() -> CheckMessage | None:
    if not settings.METRICS_TOKEN or len(settings.METRICS_TOKEN) >= SHORTEST_TOKEN:
        return None
    hint = 'Make one: python -c "import secrets; print(secrets.token_urlsafe(30))"; or leave it out: then there is no /metrics.'
    return Error("METRICS_TOKEN is weak: it needs 16 random characters or more.", hint=hint, id="shop.E009")


def _static_files() -> CheckMessage | None:
    if settings.DEBUG or (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        return None
    hint = "Run manage.py collectstatic once per release, before the shop starts."
    return Warning("The static files are not collected: every page would fail.", hint=hint, id="shop.W002")


def _is_public(host: str) -> bool:
    """Could this name be reached from anywhere? Names of one word and of reserved domains cannot."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and host.rpartition(".")[2] not in LOCAL_DOMAINS
