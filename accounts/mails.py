"""Mails about accounts. Whatever address is typed, one mail goes there and says what is true: the page says nothing.

So nobody learns from the shop whether a stranger has an account, neither from words nor from how long the answer takes.
Links begin with settings.SITE_URL, never with what the request said about its host.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import User
from accounts.throttle import Limit

MAILS_TO = Limit("mails-to", times=3, seconds=900)
MAILS_FROM_ADDRESS = Limit("mails-from-address", times=20, seconds=900)
SALT = "accounts.sign_up"
DAY = 24 * 3600  # seconds


class MailNotSent(Exception):
    """The mail server did not take the mail."""


def send_sign_up_mail(email: str, *, client: str) -> None:
    """Tell the owner of `email` how to go on. Raises TooOften and MailNotSent."""
    if _account(email):
        _send("already_signed_up", email, client=client, path=reverse("accounts:password_reset"))
    else:
        token = signing.dumps(email, salt=SALT)
        _send("sign_up", email, client=client, path=reverse("accounts:sign_up_finish", args=[token]))


def send_reset_mail(email: str, *, client: str) -> None:
    """Send the owner of `email` a link to choose a new password. Raises TooOften and MailNotSent."""
    user = _account(email)
    if user:
        code = [urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)]
        _send("reset", email, client=client, path=reverse("accounts:password_reset_confirm", args=code))
    else:
        _send("no_account", email, client=client, path=reverse("accounts:sign_up"))


def address_in(token: str) -> str | None:
    """The address that a sign-up link was sent to, if the link is ours and of the last day."""
    try:
        return signing.loads(token, salt=SALT, max_age=DAY)
    except signing.BadSignature:
        return None


def _account(email: str) -> User | None:
    return User.objects.filter(email=email, is_active=True).first()


def _send(kind: str, email: str, *, client: str, path: str) -> None:
    MAILS_FROM_ADDRESS.count(client)
    MAILS_TO.count(email)
    context: dict[str, Any] = {"link": f"{settings.SITE_URL}{path}", "shop": {"name": settings.SHOP_NAME}}
    subject = " ".join(render_to_string(f"accounts/email/{kind}_subject.txt", context).split())
    body = render_to_string(f"accounts/email/{kind}_body.txt", context).strip() + "\n"
    try:
        EmailMessage(subject, body, to=[email], headers={"Auto-Submitted": "auto-generated"}).send()
    except OSError as error:  # refused, timed out, cut off, or any of smtplib's own
        raise MailNotSent from error
