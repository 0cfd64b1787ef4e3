"""Signing up, in and out, passwords, and the page with one's orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.forms import EmailForm, LogInForm, SignUpForm
from accounts.history import orders_of
from accounts.mails import MailNotSent, address_in, send_reset_mail, send_sign_up_mail
from accounts.models import User
from accounts.private import private_page
from accounts.throttle import TooOften, client_address


class LogIn(auth.LoginView):
    """Sign in by e-mail address. The session is kept, so the cart is; `next` leads to this host only."""

    form_class = LogInForm
    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        status = 429 if form.has_error("__all__", "throttled") else 422
        return self.render_to_response(self.get_context_data(form=form), status=status)


class PasswordChange(auth.PasswordChangeView):
    """Choose a new password, knowing the old one. Every other session of this account ends."""

    template_name = "accounts/password_change.html"
    success_url = reverse_lazy("accounts:home")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        messages.success(self.request, _("Your password is changed."))
        return super().form_valid(form)

    def form_invalid(self, form: PasswordChangeForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


class PasswordResetConfirm(auth.PasswordResetConfirmView):
    """Choose a new password by the link of a mail. The link works once, and leaves the address bar at once."""

    template_name = "accounts/password_reset_confirm.html"
    success_url = reverse_lazy("accounts:login")

    def render_to_response(self, context: dict[str, Any], **options: Any) -> HttpResponse:
        return super().render_to_response(context, **{"status": 200 if self.validlink else 404, **options})

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        messages.success(self.request, _("Your password is changed. Please log in with it."))
        return super().form_valid(form)

    def form_invalid(self, form: SetPasswordForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


@private_page
@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Show the orders of whoever is signed in."""
    page = orders_of(cast(User, request.user), before=request.GET.get("before", ""))
    if page is None:
        raise Http404
    return render(request, "accounts/home.html", {"orders": page.orders, "older": page.older})


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Ask for an address; the way on is in a mail to it. The answer is the same for an address that has an account."""
    return _ask_for_mail(request, "accounts/sign_up.html", send=send_sign_up_mail, then="accounts:sign_up_sent")


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up_finish(request: HttpRequest, token: str) -> HttpResponse:
    """The link of that mail: choose a password, and the account is there."""
    email = address_in(token)
    if email is None:
        problem = _("This link is too old or was not copied whole. Please ask for a new one.")
        return render(request, "accounts/sign_up.html", {"form": EmailForm(), "problem": problem}, status=404)
    form = SignUpForm(request.POST if request.method == "POST" else None, instance=User(email=email))
    if not form.is_valid():
        context = {"form": form, "email": email}
        return render(request, "accounts/sign_up_finish.html", context, status=422 if form.is_bound else 200)
    try:
        with transaction.atomic():
            user = form.save()
    except IntegrityError:
        messages.info(request, _("There is an account with this address already. Please log in."))
        return redirect("accounts:login")
    login(request, user)
    messages.success(request, _("Welcome! Your account is ready."))
    return redirect("accounts:home")


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def password_reset(request: HttpRequest) -> HttpResponse:
    """Ask for an address; the way on is in a mail to it, whether it has an account or not."""
    return _ask_for_mail(request, "accounts/password_reset.html", send=send_reset_mail, then="accounts:password_reset_sent")


@private_page
@require_safe
def mail_sent(request: HttpRequest, template: str) -> HttpResponse:
    return render(request, template)


def _ask_for_mail(request: HttpRequest, template: str, *, send: Callable[..., None], then: str) -> HttpResponse:
    """The form with an address in it, and the mail that is sent there."""
    form = EmailForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, template, {"form": form}, status=422 if form.is_bound else 200)
    try:
        send(form.cleaned_data["email"], client=client_address(request))
    except TooOften:
        form.add_error(None, _("Too many mails were asked for. Please try again in a quarter of an hour."))
        return render(request, template, {"form": form}, status=429)
    except MailNotSent:
        form.add_error(None, _("The mail could not be sent just now. Please try again in a few minutes."))
        return render(request, template, {"form": form}, status=503)
    return redirect(then)
