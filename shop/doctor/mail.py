"""Would the mail server take our mails?"""

from __future__ import annotations

import smtplib

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from payments.doctor import Finding, fine, in_short, trouble, warning

SMTP = "django.core.mail.backends.smtp.EmailBackend"


def mail_goes_out(to: str = "") -> Finding:
    """Connects, with TLS and log-in as set, and leaves again; sends one mail if told to whom."""
    if settings.EMAIL_BACKEND != SMTP and not to:
        name = settings.EMAIL_BACKEND.split(".")[-2]
        return warning(
            f"Mails go to Django's “{name}” backend: nobody receives them.", "Set EMAIL_URL=smtp+tls://user:password@host:587"
        )
    server = get_connection()
    try:
        server.open()
        if to:
            _send(server, to)
    except smtplib.SMTPAuthenticationError as error:
        return trouble(f"{_where()} refuses our log-in: {_words(error)}", "Correct the user and the password in EMAIL_URL.")
    except smtplib.SMTPNotSupportedError as error:
        return trouble(
            f"{_where()}: {in_short(error)}", "Take the scheme that the server speaks: smtp, smtp+tls (587) or smtp+ssl (465)."
        )
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        return trouble(
            f"{_where()} refuses this recipient: {code} {_text(words)}", "Try another address, or allow ours to send there."
        )
    except smtplib.SMTPResponseException as error:
        return trouble(f"{_where()} answers {_words(error)}", "Ask who runs it why; check DEFAULT_FROM_EMAIL.")
    except (OSError, smtplib.SMTPException) as error:
        return trouble(
            f"{_where()} is not reached: {in_short(error)}",
            "Check host and port in EMAIL_URL, and whether this machine may connect.",
        )
    finally:
        server.close()
    sent = f", and took a mail to {to}" if to else "; nothing was sent (--mail-to sends one)"
    if settings.DEFAULT_FROM_EMAIL.endswith("@localhost"):
        return warning(
            f"{_where()} lets us in{sent}, but mails come from {settings.DEFAULT_FROM_EMAIL}.", "Set DEFAULT_FROM_EMAIL."
        )
    return fine(f"{_where()} lets us in{sent}.")


def _send(server: object, to: str) -> None:
    text = f"If you read this, {settings.SHOP_NAME} at {settings.SITE_URL} can send mail."
    EmailMessage(f"{settings.SHOP_NAME}: a test", text, to=[to], connection=server).send()  # type: ignore[arg-type]


def _where() -> str:
    return f"The mail server {settings.EMAIL_HOST}:{settings.EMAIL_PORT}"


def _words(error: smtplib.SMTPResponseException) -> str:
    return f"{error.smtp_code} {_text(error.smtp_error)}"


def _text(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words
