"""People. An e-mail address signs in; there is no user name. And how often who tried what."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.search_indexes import AnyCaseIndex, WordIndex


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        """Create a shopper. Raises ValueError without an e-mail address, IntegrityError if it is taken."""
        if not email:
            raise ValueError("A user needs an e-mail address")
        user = self.model(email=email.strip().lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractBaseUser, PermissionsMixin):
    """A shopper with an account, or a member of staff (`is_staff`). Addresses are kept in lower case."""

    email = models.EmailField(_("e-mail address"), unique=True, error_messages={"unique": _("This address is taken.")})
    name = models.CharField(_("name"), max_length=150, blank=True)
    is_staff = models.BooleanField(_("staff"), default=False, help_text=_("May sign in to the admin."))
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Switch off instead of deleting."))
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_email_any_case")]
        indexes = [
            AnyCaseIndex(fields=["email"], name="accounts_user_email"),
            WordIndex(fields=["name"], name="accounts_user_name"),
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        self.email = self.email.strip().lower()

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.partition(" ")[0] or self.email


class Tally(models.Model):
    """How often something was tried in one span of time. Only accounts/throttle.py writes it."""

    key = models.CharField(max_length=64, unique=True)  # a keyed hash of what is counted: no address is kept
    times = models.PositiveIntegerField(default=0)
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")

    def __str__(self) -> str:
        return f"{self.times} until {self.ends_at:%H:%M:%S}"


class HourlyCount(models.Model):
    """How often something happened in one hour. Only accounts/counts.py writes it."""

    name = models.CharField(max_length=60)  # "webhook:signature"
    hour = models.DateTimeField()
    times = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("hourly count")
        verbose_name_plural = _("hourly counts")
        constraints = [models.UniqueConstraint(fields=["name", "hour"], name="accounts_count_once_an_hour")]

    def __str__(self) -> str:
        return f"{self.times} × {self.name}, {self.hour:%Y-%m-%d %H:00}"
