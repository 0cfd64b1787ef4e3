"""Visitors who are there already: signed in, or with something in the cart, without asking the shop's own pages for it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils.crypto import get_random_string

from accounts.models import User
from cart.cart import Cart
from catalog.models import Variant
from tests.trust.http_client import HttpClient


def visitor(url: str, *, user: User | None = None, variant: Variant | None = None, https: bool = False) -> HttpClient:
    """A client at the shop of this address. `https`: as a proxy that ends TLS passes requests on."""
    client = HttpClient(url)
    key = _session(user, variant)
    if key and https:  # a client that speaks http would keep a secure cookie to itself
        client.session.headers["Cookie"] = f"{settings.SESSION_COOKIE_NAME}={key}"
    elif key:
        client.cookies.set(settings.SESSION_COOKIE_NAME, key, domain="127.0.0.1", path="/")
    if not https:
        client.cookies.set(settings.CSRF_COOKIE_NAME, get_random_string(32), domain="127.0.0.1", path="/")
    else:
        client.session.headers["X-Forwarded-Proto"] = "https"
    return client


def _session(user: User | None, variant: Variant | None) -> str:
    """The key of a session as log-in and cart would have made it; empty for none."""
    if not (user or variant):
        return ""
    session: Any = import_module(settings.SESSION_ENGINE).SessionStore()
    if user:
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    if variant:
        Cart(session).add(variant.pk, 1, price_minor=variant.price_minor)
    session.save()
    return session.session_key
