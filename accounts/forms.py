"""Who one is, and how one proves it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm, BaseUserCreationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.throttle import Limit, TooOften, client_address

FAILURES_OF_ACCOUNT = Limit("failures-of-account", times=10, seconds=300)
FAILURES_FROM_ADDRESS = Limit("failures-from-address", times=40, seconds=300)


class EmailInput(forms.EmailInput):
    """What a phone shows the right keyboard for and a browser fills in."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "email", "autocapitalize": "none", "spellcheck": "false", **(attrs or {})})


class EmailForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"), max_length=254, widget=EmailInput)

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class LimitedLogIn(AuthenticationForm):
    """A log-in that can fail only so often, per account and per network address. The code of that error is "throttled"."""

    def clean(self) -> dict[str, Any]:
        counted = [  # the address first: who is stopped by it locks nobody's account
            (FAILURES_FROM_ADDRESS, client_address(self.request)),
            (FAILURES_OF_ACCOUNT, self.cleaned_data.get("username", "").lower()),
        ]
        try:
            for limit, value in counted:
                limit.count(value)
        except TooOften as error:
            raise ValidationError(_("Too many attempts. Please try again in a few minutes."), code="throttled") from error
        cleaned = super().clean()
        for limit, value in counted:
            limit.take_back(value)
        return cleaned


class LogInForm(LimitedLogIn):
    username = forms.EmailField(label=_("E-mail address"), widget=EmailInput({"autocomplete": "username", "autofocus": True}))

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("This e-mail address and password do not go together."),
    }


class StaffLogInForm(LimitedLogIn, AdminAuthenticationForm):
    """The admin's own form, with the same limits."""


class SignUpForm(BaseUserCreationForm):
    """The last step of signing up: `instance` holds the address, which its owner has proved."""

    class Meta:
        model = User
        fields = ["name"]
        widgets = {"name": forms.TextInput({"autocomplete": "name"})}
