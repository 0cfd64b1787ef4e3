"""Who takes part: Ada buys, Grace is staff, Mallory must see nothing that is not hers."""

from __future__ import annotations

from accounts.models import User

PASSWORD = "correct horse battery staple"


def ada() -> User:
    return _person("ada@shop.test", name="Ada Lovelace")


def grace() -> User:
    return _person("grace@shop.test", name="Grace Hopper", is_staff=True, is_superuser=True)


def mallory() -> User:
    return _person("mallory@shop.test", name="Mallory Malicious")


def _person(email: str, **extra: object) -> User:
    return User.objects.filter(email=email).first() or User.objects.create_user(email, PASSWORD, **extra)
